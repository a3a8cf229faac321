import type { Page } from 'playwright-core';
import { patience } from './dashboard.js';

/** Runs in the page: whether a canvas has the colours of a curve, where its grid and its axes are grey. */
const isDrawn = `(() => [...document.querySelectorAll('main canvas')].some((canvas) => {
  if (canvas.width === 0 || canvas.height === 0) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let coloured = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [red, green, blue] = [data[i], data[i + 1], data[i + 2]];
    if (data[i + 3] > 64 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) coloured++;
  }
  return coloured > 20;
}))()`;

/** Resolves once a curve is drawn on a canvas of the page. */
export async function plottedCurve(page: Page): Promise<void> {
  await page.waitForFunction(isDrawn, undefined, { timeout: patience, polling: 100 });
}
