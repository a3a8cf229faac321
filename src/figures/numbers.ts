import type { Estimate } from '../contract/results.js';
import { fromWire, type WireNumber } from '../contract/schema.js';

/** Numbers for people. Non-finite ones are shown as "NaN" or "∞". */

/** Four significant digits; an exponent if the number is very small or very large. */
export function formatLoss(value: WireNumber): string {
  const number = fromWire(value);
  if (!Number.isFinite(number)) return formatNonFinite(number);
  const size = Math.abs(number);
  if (size === 0) return '0';
  if (size < 1e-3 || size >= 1e6) return number.toExponential(2);
  return number.toFixed(Math.max(0, 3 - Math.floor(Math.log10(size))));
}

/** A fixed number of decimals. */
export function formatFixed(value: WireNumber, decimals: number): string {
  const number = fromWire(value);
  return Number.isFinite(number) ? number.toFixed(decimals) : formatNonFinite(number);
}

/** For example "3.2 … 3.9"; a dash if there is none. */
export function formatInterval({ low, high }: Estimate, format = formatLoss): string {
  return low === 'NaN' && high === 'NaN' ? '–' : `${format(low)} … ${format(high)}`;
}

/** The logarithm of a value to two decimals; a dash for values below 0. */
export function formatLog(log: WireNumber, value: WireNumber): string {
  return fromWire(value) < 0 ? '–' : formatFixed(log, 2);
}

/** For example "4.2 %"; two digits for small shares. */
export function formatShare(share: number): string {
  const percent = 100 * share;
  return `${percent >= 1 || percent === 0 ? percent.toFixed(1) : Number(percent.toPrecision(2))} %`;
}

/** For example "20,000". */
export function formatCount(value: number): string {
  return value.toLocaleString('en-GB');
}

/** For example "340 kB" or "1.2 GB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${Number((bytes / 1000 ** unit).toPrecision(2))} ${units[unit]}`;
}

/** For example "7 s", "1:05 min" or "2:03 h". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const [unit, small] = seconds < 3600 ? ['min', 1] : ['h', 60];
  const whole = Math.round(seconds / small);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} ${unit}`;
}

function formatNonFinite(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '∞' : '-∞';
}

/** A time of the service to the second, with a space in place of the T. */
export function formatTime(time: string): string {
  return time.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}

/** Per second, with as many digits as it is worth, such as "0.35", "2.4" or "1,280". */
export function formatRate(rate: number): string {
  if (rate >= 100) return Math.round(rate).toLocaleString('en-GB');
  return rate >= 10 ? rate.toFixed(0) : String(Number(rate.toPrecision(2)));
}
