import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';

/**
 * What a page took, by its browser's own clock, which counts from the beginning of the navigation. These texts run in the
 * page, where this build has no types.
 */

/**
 * To be installed before a page's scripts. `drawn` has what the chart said that it shows, and when that was drawn: two frames
 * after it said so, at the latest. `released` is when the mouse was last released.
 */
export const clock = `
  window.clock = { drawn: [], released: 0 };
  addEventListener('mouseup', ({ timeStamp }) => { window.clock.released = timeStamp; }, { capture: true });
  let shown = null;
  requestAnimationFrame(function look() {
    const said = document.querySelector('[role=application]')?.getAttribute('aria-label') ?? '';
    const [extent = null] = /[\\d,]+ points? in [\\d,]+ buckets? of (a|[\\d,]+) /.exec(said) ?? [];
    if (extent !== null && said !== shown) {
      requestAnimationFrame(() => requestAnimationFrame((at) => window.clock.drawn.push({ extent, at })));
      shown = said;
    }
    requestAnimationFrame(look);
  });
`;

interface Drawn {
  extent: string;
  at: number;
}

/** Milliseconds until something was painted. */
export function firstPaint(page: Page): Promise<number> {
  return page.evaluate(`new Promise((resolve) => {
    new PerformanceObserver((list) => {
      const [entry] = list.getEntriesByName('first-contentful-paint');
      if (entry) resolve(entry.startTime);
    }).observe({ type: 'paint', buffered: true });
  })`);
}

/** Milliseconds between consecutive frames, and how many changes the page made meanwhile. */
export function frames(page: Page, seconds: number): Promise<{ gaps: number[]; changes: number }> {
  return page.evaluate(`new Promise((resolve) => {
    const gaps = [];
    let changes = 0;
    const observer = new MutationObserver((records) => { changes += records.length; });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    let began, last;
    requestAnimationFrame(function frame(now) {
      if (last === undefined) began = now;
      else gaps.push(now - last);
      last = now;
      if (now - began < ${1000 * seconds}) return requestAnimationFrame(frame);
      observer.disconnect();
      resolve({ gaps, changes });
    });
  })`);
}

/** Milliseconds from the beginning of the navigation until a curve was drawn. */
export async function untilDrawn(page: Page): Promise<number> {
  for (;;) {
    const [first] = await page.evaluate<Drawn[]>('window.clock.drawn');
    if (first) return first.at;
    await delay(20);
  }
}

/**
 * Drags over a part of the chart. @param from, to from 0 to 1
 * @returns milliseconds from the end of the drag until the last redrawing that followed from it, and what is then shown
 */
export async function zoom(page: Page, from: number, to: number): Promise<{ time: number; extent: string }> {
  const box = await page.locator('[role=application] .u-over').first().boundingBox();
  if (!box) throw new Error('There is no chart.');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + from * box.width, y);
  await page.mouse.down();
  await page.mouse.move(box.x + to * box.width, y, { steps: 5 });
  await page.mouse.up();
  // A coarse curve comes first, then that of finer buckets.
  await delay(settled);
  const { drawn, released } = await page.evaluate<{ drawn: Drawn[]; released: number }>('window.clock');
  const { at, extent } = drawn.at(-1)!;
  if (at <= released) throw new Error('The chart does not zoom.');
  return { time: at - released, extent };
}

/** Milliseconds after which nothing more follows from a drag. */
const settled = 2_000;
