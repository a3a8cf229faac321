import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chromiumMissing } from '../support/chromium.js';
import { accessibilityFaults } from './accessibility.js';
import { withDashboard } from './dashboard.js';
import { layoutFaults } from './layout.js';

const policy = /violates the following Content Security Policy directive/;

describe('every page', { skip: chromiumMissing() }, () => {
  const dashboard = withDashboard();

  for (const path of ['/ui/', '/ui/new', '/ui/optimizers']) {
    it(`${path}`, async () => {
      await dashboard.visit(path, async (page) => {
        await page.getByRole('heading', { level: 1 }).waitFor();
        assert.deepEqual(await layoutFaults(page), []);
        assert.deepEqual(await accessibilityFaults(page), []);
      });
    });
  }

  it('is under a policy that runs no script of others', async () => {
    const { headers } = await fetch(`${dashboard.service.url}/ui/`);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self';/);
    await dashboard.visit(
      '/ui/',
      async (page) => {
        const violation = page.waitForEvent('console', (message) => policy.test(message.text()));
        await page.evaluate(`(() => {
          const script = document.createElement('script');
          script.textContent = 'window.injected = true';
          document.body.append(script);
        })()`);
        await violation;
        assert.equal(await page.evaluate('window.injected'), undefined);
      },
      { expected: policy },
    );
  });
});
