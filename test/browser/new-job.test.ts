import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chromiumMissing } from '../support/chromium.js';
import { eventually, withDashboard } from './dashboard.js';
import { quick, submit } from './sample-jobs.js';

/** Chromium's own line for the answer to a dry run that refuses a document. */
const refused = /status of 400/;

describe('the form for a new job', { skip: chromiumMissing() }, () => {
  const dashboard = withDashboard();

  it('submits what it says, with only the fields that differ from the defaults', async () => {
    await dashboard.visit('/ui/new', async (page) => {
      await page.getByRole('textbox', { name: 'Title' }).fill('From the form');
      await page.getByRole('textbox', { name: 'Iterations', exact: true }).fill('30');
      const sent = page.waitForRequest((request) => request.method() === 'POST' && /\/jobs$/.test(request.url()));
      await page.getByRole('button', { name: 'Submit' }).click();
      assert.deepEqual((await sent).postDataJSON(), {
        kind: 'metatrain',
        title: 'From the form',
        problem: { name: 'parabola' },
        optimizer: { name: 'lstm' },
        training: { iterations: 30 },
      });
      await page.waitForURL(/\/ui\/jobs\/j\w+$/);
      await page.getByRole('heading', { level: 1, name: 'From the form' }).waitFor();
    });
  });

  it('makes one job of a double click, and of a key', async () => {
    const made = async (title: string) =>
      (await dashboard.client.list()).jobs.filter(({ spec }) => spec.title === title).length;
    for (const title of ['Clicked twice', 'By a key'])
      await dashboard.visit('/ui/new', async (page) => {
        await page.getByRole('textbox', { name: 'Title' }).fill(title);
        if (title === 'By a key') await page.keyboard.press('Control+Enter');
        else await page.getByRole('button', { name: 'Submit' }).dblclick();
        await page.waitForURL(/\/ui\/jobs\/j\w+$/);
        assert.equal(await made(title), 1);
      });
  });

  it('shows in a summary what no field of the form has', async () => {
    await dashboard.visit(
      '/ui/new',
      async (page) => {
        const text = page.getByRole('textbox', { name: 'The document as YAML' });
        await text.fill(`${await text.inputValue()}colour: red\n`);
        await page.getByText('no such field; known ones are').waitFor();
        await page.getByRole('button', { name: 'colour' }).click();
        assert.equal(
          await text.evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd)),
          'colour: red',
        );
      },
      { expected: refused },
    );
  });

  it('shows what the service refuses at its field, while one types', async () => {
    await dashboard.visit(
      '/ui/new',
      async (page) => {
        const rate = page.getByRole('textbox', { name: 'Learning rate', exact: true });
        await rate.fill('-3');
        const wrong = page.locator('[aria-invalid=true]');
        await wrong.waitFor();
        assert.equal(await wrong.evaluate((input) => input.labels[0].textContent), 'Learning rate');
        const told = await wrong.evaluate(
          (input) => input.ownerDocument.getElementById(input.getAttribute('aria-describedby')).textContent,
        );
        assert.match(told, /found -3, allowed: /);
        await page.getByRole('button', { name: /training.*learningRate/ }).waitFor();
        await rate.fill('0.01');
        await page.getByRole('heading', { name: 'Ready' }).waitFor();
        assert.equal(await wrong.count(), 0);
      },
      { expected: refused },
    );
  });

  it('keeps form and text the same document, and a draft through a reload', async () => {
    await dashboard.visit('/ui/new?example=seed', async (page) => {
      const text = page.getByRole('textbox', { name: 'The document as YAML' });
      await text.fill((await text.inputValue()).replace('iterations: 1000', 'iterations: 1234'));
      const iterations = page.getByRole('textbox', { name: 'Iterations', exact: true });
      await eventually(async () => (await iterations.inputValue()).replace(',', ''), '1234');
      await page.reload();
      await iterations.waitFor();
      assert.match(await text.inputValue(), /iterations: 1234/);
      await eventually(async () => (await iterations.inputValue()).replace(',', ''), '1234');
    });
  });

  it('repeats a job, changed, and says what differs', async () => {
    const id = await submit(dashboard.client, quick({ iterations: 20 }));
    await dashboard.visit(`/ui/new?from=${id}`, async (page) => {
      await page.getByRole('textbox', { name: 'Iterations', exact: true }).fill('40');
      await page.getByText('/training/iterations').or(page.getByText('training.iterations')).first().waitFor();
      await page.getByRole('button', { name: 'Submit' }).click();
      await page.waitForURL((url) => /\/ui\/jobs\/j\w+$/.test(url.pathname) && !url.pathname.endsWith(id));
      const again = await dashboard.client.get(new URL(page.url()).pathname.split('/').at(-1)!);
      assert.equal(again.spec.kind === 'metatrain' && again.spec.training.iterations, 40);
    });
  });
});
