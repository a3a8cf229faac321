import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chromiumMissing } from '../support/chromium.js';
import { withDashboard } from './dashboard.js';

describe('the way between pages', { skip: chromiumMissing() }, () => {
  const dashboard = withDashboard();

  it('takes the focus and the title along', async () => {
    await dashboard.visit('/ui/', async (page) => {
      await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor();
      await page.getByRole('link', { name: 'Optimizers' }).click();
      await page.getByRole('heading', { level: 1, name: 'Optimizers' }).waitFor();
      assert.equal(await page.evaluate('document.activeElement.id'), 'main');
      assert.equal(await page.title(), 'Optimizers · metadescent');
      await page.goBack();
      await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor();
    });
  });

  it('says where a page does not exist', async () => {
    await dashboard.visit('/ui/nothing/here', async (page) => {
      await page.getByRole('heading', { name: 'Page not found' }).waitFor();
      await page.getByRole('link', { name: 'all jobs' }).click();
      await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor();
    });
  });

  it('says where a page’s script is gone, as after an update', async () => {
    await dashboard.visit(
      '/ui/',
      async (page) => {
        await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor();
        const script = '**/assets/registry-page*.js';
        await page.route(script, (route) => route.abort());
        await page.getByRole('link', { name: 'Optimizers' }).click();
        await page.getByRole('heading', { name: 'This page could not be loaded' }).waitFor();
        await page.unroute(script);
        await page.getByRole('button', { name: 'Load it again' }).click();
        await page.getByRole('heading', { level: 1, name: 'Optimizers' }).waitFor();
      },
      { expected: /ERR_FAILED/ },
    );
  });
});
