import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chromiumMissing } from '../support/chromium.js';
import { accessibilityFaults } from './accessibility.js';
import { withDashboard } from './dashboard.js';
import { layoutFaults } from './layout.js';
import { emptyViews, fill, type View } from './views.js';

const policy = /violates the following Content Security Policy directive/;

const looks = [
  { width: 1280, colorScheme: 'light' },
  { width: 360, colorScheme: 'dark' },
] as const;

describe('every page', { skip: chromiumMissing() }, () => {
  const dashboard = withDashboard();

  const check = async (views: readonly View[]) => {
    const faults: string[] = [];
    for (const view of views)
      for (const { width, colorScheme } of looks) {
        const options = { viewport: { width, height: 800 }, colorScheme };
        await dashboard.visit(
          view.path,
          async (page) => {
            await view.ready(page);
            const found = [...(await layoutFaults(page)), ...(await accessibilityFaults(page))];
            faults.push(...found.map((fault) => `${view.name}, ${width} px, ${colorScheme}: ${fault}`));
          },
          options,
        );
      }
    assert.equal(faults.join('\n\n'), '');
  };

  it('without jobs has no serious fault of accessibility, is no wider than its window, and cuts no text', () =>
    check(emptyViews));

  it('with jobs has none either', async () => check(await fill(dashboard)));

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
