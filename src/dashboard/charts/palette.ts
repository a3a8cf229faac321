import { dashes } from '../../figures/strokes.js';
import { palette } from '../../figures/style.js';
import type { Stroke } from './curve.js';

/** A colour of the palette. */
export function colour(number: number, dark: boolean): string {
  return palette[number % palette.length]![dark ? 1 : 0];
}

/** The lengths of a dash pattern and its gaps in pixels; empty for a solid line. */
export function dashPattern(number: number): number[] {
  const pattern = dashes[number % dashes.length]!;
  return pattern === '' ? [] : pattern.split(' ').map(Number);
}

/** A job's colour: a function of its id, so that it is the same on every page and for everyone. */
export function jobColour(id: string): number {
  // FNV-1a, 32 bits (Fowler, Noll and Vo).
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) % palette.length;
}

/** The strokes of jobs that are drawn together: those of one colour differ by their dashes. */
export function jobStrokes(ids: readonly string[]): Stroke[] {
  const used = new Map<number, number>();
  return ids.map((id) => {
    const number = jobColour(id);
    const dash = used.get(number) ?? 0;
    used.set(number, dash + 1);
    return { colour: number, dash };
  });
}
