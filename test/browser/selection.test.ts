import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumMissing } from '../support/chromium.js';
import { accessibilityFaults } from './accessibility.js';
import { withDashboard } from './dashboard.js';
import { layoutFaults } from './layout.js';
import { endless, submit } from './sample-jobs.js';

describe('the table of jobs', { skip: chromiumMissing() }, () => {
  const dashboard = withDashboard();
  before(async () => {
    for (const title of ['One', 'Two', 'Three', 'Four']) await submit(dashboard.client, endless({ title }));
  });

  const row = (page: Page, title: string) => page.getByRole('row', { name: `Select ${title}` });
  const box = (page: Page, title: string) => page.getByRole('checkbox', { name: `Select ${title}` });

  it('shows how the jobs that run advance', async () => {
    await dashboard.visit('/ui/', async (page) => {
      const running = row(page, 'One');
      await running.getByText(/^training [\d,]+ of [\d,]+$/).waitFor();
      await running.getByText(/^[\d,.]+ \/s$/).waitFor();
      await running.getByText(/ left$/).waitFor();
      await running.getByRole('img', { name: /^Loss from/ }).waitFor();
      assert.deepEqual(await layoutFaults(page), []);
      assert.deepEqual(await accessibilityFaults(page), []);
    });
  });

  it('is worked by keyboard, and asks before it cancels or deletes', async () => {
    await dashboard.visit('/ui/', async (page) => {
      await box(page, 'Three').focus();
      await page.keyboard.press('Space');
      await page.keyboard.press('Shift+ArrowDown');
      await page.getByText('2 selected').waitFor();
      const sideBySide = await page.getByRole('link', { name: 'Side by side' }).getAttribute('href');
      assert.equal(sideBySide, `/ui/side-by-side?jobs=${(await chosen(page)).join(',')}`);

      await page.getByRole('button', { name: 'Cancel', exact: true }).focus();
      await page.keyboard.press('Enter');
      const question = page.getByRole('dialog', { name: 'Cancel 2 jobs?' });
      await question.getByRole('listitem').filter({ hasText: 'Two' }).waitFor();
      await page.keyboard.press('Escape');
      await question.waitFor({ state: 'detached' });
      assert.equal(await page.evaluate('document.activeElement.textContent'), 'Cancel');
      await page.keyboard.press('Enter');
      await question.getByRole('button', { name: 'Cancel 2 jobs' }).click();
      for (const title of ['Two', 'Three']) await row(page, title).getByText('cancelled').waitFor();

      await box(page, 'Four').check();
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      const last = page.getByRole('dialog', { name: 'Delete 2 jobs?' });
      await last.getByText('1 job of the selection has not ended and will be left alone.').waitFor();
      assert.deepEqual(await accessibilityFaults(page), []);
      await last.getByRole('button', { name: 'Delete 2 jobs' }).click();
      for (const title of ['Two', 'Three']) await row(page, title).waitFor({ state: 'detached' });
      await page.getByText('1 selected').waitFor();
    });
    const { jobs } = await dashboard.client.list();
    assert.deepEqual(
      jobs.map(({ spec: { title } }) => title),
      ['Four', 'One'],
    );
  });

  /** Ids of the chosen jobs, from the top. */
  function chosen(page: Page): Promise<string[]> {
    return page.evaluate("[...document.querySelectorAll('tr:has(td input:checked)')].map((row) => row.dataset.job)");
  }
});
