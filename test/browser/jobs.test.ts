import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumMissing } from '../support/chromium.js';
import { eventually, withDashboard } from './dashboard.js';
import { endless, quick, submit } from './sample-jobs.js';

describe('the list of jobs', { skip: chromiumMissing() }, () => {
  const dashboard = withDashboard();

  it('says how to begin while there is none, with examples a click away', async () => {
    const look = async (page: Page) => {
      await page.getByRole('heading', { name: 'No jobs yet' }).waitFor();
      for (const [example, problem] of [
        ['Seed', 'parabola'],
        ['Quadratics', 'quadratic'],
        ['Digits', 'mnist'],
        ['Transfer', 'parabola'],
      ] as const) {
        await page
          .getByRole('main')
          .getByRole('link', { name: new RegExp(`^${example}`) })
          .click();
        const text = page.getByRole('textbox', { name: 'The document as YAML' });
        await text.waitFor();
        assert.match(await text.inputValue(), new RegExp(`name: ${problem}`), example);
        await page.goBack();
      }
    };
    // Chromium's own line for a dry run: the example of a transfer names a job, of which there is none yet.
    await dashboard.visit('/ui/', look, { expected: /status of 400/ });
  });

  it('shows a job that someone else submits, moving, and its end', async () => {
    await dashboard.visit('/ui/', async (page) => {
      await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor();
      const id = await submit(dashboard.client, quick({ title: 'Of someone else' }));
      const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'Of someone else' }) });
      await row.waitFor();
      await dashboard.reached(id, 'succeeded');
      await row.getByText('succeeded').waitFor();
      await dashboard.client.delete(id);
      await row.waitFor({ state: 'detached' });
    });
  });

  it('keeps filters and search in its address: a reload shows the same', async () => {
    const { client } = dashboard;
    await submit(client, quick({ title: 'First of two', labels: ['kept'], iterations: 20 }));
    await submit(client, quick({ title: 'Second of two', labels: ['kept', 'odd'], iterations: 20 }));
    await dashboard.visit('/ui/', async (page) => {
      const names = () => page.getByRole('rowheader').getByRole('link').allTextContents();
      await page.getByRole('link', { name: 'Second of two' }).waitFor();
      await page.getByRole('searchbox', { name: 'Search titles' }).fill('two fir');
      await eventually(names, ['First of two']);
      await page.waitForURL(/[?&]title=/);
      await page.reload();
      await eventually(names, ['First of two']);
      assert.equal(await page.getByRole('searchbox', { name: 'Search titles' }).inputValue(), 'two fir');
      await page.getByRole('link', { name: 'Clear' }).click();
      await page.getByRole('link', { name: 'Second of two' }).waitFor();
      await page.getByRole('combobox', { name: 'Label' }).fill('odd');
      await eventually(names, ['Second of two']);
    });
  });

  it('cancels and deletes the jobs that are chosen', async () => {
    const { client } = dashboard;
    const ids: string[] = [];
    for (const seed of [1, 2])
      ids.push(await submit(client, endless({ seed, title: `Endless ${seed}`, labels: ['bulk'] })));
    await dashboard.visit('/ui/?label=bulk', async (page) => {
      await page.getByRole('link', { name: 'Endless 2' }).waitFor();
      await page.getByRole('checkbox', { name: 'Select all' }).check();
      await page.getByRole('button', { name: 'Cancel', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel 2 jobs' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      for (const id of ids) await dashboard.reached(id, 'cancelled');
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete 2 jobs' }).click();
      await page.getByText('No job matches').waitFor();
    });
    const { jobs } = await client.list({ label: 'bulk' });
    assert.deepEqual(jobs, []);
  });

  it('is left and entered by keyboard', async () => {
    const id = await submit(dashboard.client, quick({ title: 'By keyboard', labels: ['keys'], iterations: 20 }));
    await dashboard.visit('/ui/?label=keys', async (page) => {
      const link = page.getByRole('link', { name: 'By keyboard' });
      await link.waitFor();
      const isFocused = () => link.evaluate((element) => element === element.ownerDocument.activeElement);
      for (let keys = 0; !(await isFocused()); keys++) {
        assert.ok(keys < 60, 'Tab does not reach the job');
        await page.keyboard.press('Tab');
      }
      await page.keyboard.press('Enter');
      await page.waitForURL(`**/ui/jobs/${id}`);
      await page.getByRole('heading', { level: 1, name: 'By keyboard' }).waitFor();
      const back = page.getByRole('link', { name: 'Jobs', exact: true }).first();
      const isBack = () => back.evaluate((element) => element === element.ownerDocument.activeElement);
      for (let keys = 0; !(await isBack()); keys++) {
        assert.ok(keys < 60, 'Tab does not reach the way back');
        await page.keyboard.press('Shift+Tab');
      }
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/ui\/$/);
      await link.waitFor();
    });
  });
});
