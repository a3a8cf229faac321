import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { grown, shownPoints } from './curve.js';
import { type Dashboard, eventually } from './dashboard.js';

/** What Chromium writes by itself while nobody listens at the service's address. */
export const away = /net::ERR_|Failed to load resource/;

/** Kills the API while the page of a job is open, and starts it again. @returns points shown while it was away */
export async function killAndRestart(dashboard: Dashboard, page: Page): Promise<number> {
  await grown(page, await grown(page, 0));
  await dashboard.service.kill();
  const status = page.getByRole('banner').getByRole('status');
  await status.getByText('The service does not answer').waitFor();
  const points = await shownPoints(page);
  assert.ok(points > 0, 'what was there stays on the page');
  await dashboard.restart();
  await eventually(() => status.innerText(), '');
  return points;
}
