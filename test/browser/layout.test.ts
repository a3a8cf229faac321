import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { chromiumMissing, launchChromium, openPage } from '../support/chromium.js';
import { accessibilityFaults } from './accessibility.js';
import { layoutFaults } from './layout.js';

describe('the checks of pages', { skip: chromiumMissing() }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser?.close());

  const shown = async (body: string) => {
    const { page, close } = await openPage(browser, { viewport: { width: 400, height: 600 } });
    await page.setContent(`<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>${body}</main>`);
    return { layout: await layoutFaults(page), accessibility: await accessibilityFaults(page), close };
  };

  const planted: [what: string, body: string, fault: RegExp | null][] = [
    ['a plain text', '<p>Some words</p>', null],
    ['an element wider than the page', '<p style="width: 500px">wide</p>', /wider than the page: p "wide"/],
    [
      'a wide table that scrolls',
      '<div style="overflow-x: auto"><table><tr><td style="min-width: 500px">wide</table></div>',
      null,
    ],
    [
      'a text cut at the side',
      '<p style="width: 40px; overflow: hidden; white-space: nowrap">a long text</p>',
      /cut at the side: p "a long text"/,
    ],
    [
      'a text with an ellipsis',
      '<p style="width: 40px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis">a long text</p>',
      null,
    ],
    [
      'a text cut at the bottom',
      '<p style="height: 8px; overflow: hidden">low</p>',
      /cut at the top or bottom: p "low"/,
    ],
    [
      "a picture's text",
      '<svg width="100" height="40"><text x="80" y="20">beyond</text></svg>',
      /cut at the side: text "beyond" by svg/,
    ],
    [
      "a button's text",
      '<button style="width: 30px; padding: 0; white-space: nowrap">Delete everything</button>',
      /runs out of its box: button "Delete everything"/,
    ],
  ];
  for (const [what, body, fault] of planted) {
    it(`${fault ? 'name' : 'accept'} ${what}`, async () => {
      const { layout, close } = await shown(body);
      if (fault === null) assert.deepEqual(layout, []);
      else assert.match(layout.join('\n'), fault);
      await close();
    });
  }

  it('name a field without a label, and a text that is too faint', async () => {
    const { accessibility, close } = await shown('<input type="text"><p style="color: #ccc">faint</p>');
    assert.match(accessibility.join('\n'), /critical: label:.*<input type="text">/s);
    assert.match(accessibility.join('\n'), /serious: color-contrast:/);
    await close();
  });
});
