import { existsSync } from 'node:fs';
import { installPackages, onPath } from './packages.mjs';

const onMac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** The path of the Chromium in which tests open reports: the one that CHROME names, or one of this machine's; else null. */
export function findChromium() {
  if (process.env.CHROME) return process.env.CHROME;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  return names.map(onPath).find((path) => path !== null) ?? (existsSync(onMac) ? onMac : null);
}

/** Installs one if it can; without one its tests are skipped, and fail in CI. */
export function installChromium(run) {
  const either = [['chromium'], ['chromium-browser']];
  return installPackages(run, { 'apt-get': either, dnf: either, apk: either }, findChromium);
}
