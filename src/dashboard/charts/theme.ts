import { signal } from '@preact/signals';
import { colour } from './palette.js';

const query = matchMedia('(prefers-color-scheme: dark)');

/** Whether the page is dark. */
export const dark = signal(query.matches);
query.addEventListener('change', () => {
  dark.value = query.matches;
});

/** A colour of the palette on the page as it is now. */
export function pageColour(number: number): string {
  return colour(number, dark.value);
}

/** The page's colours and typeface, for a canvas. */
export interface Tokens {
  readonly ink: string;
  readonly faint: string;
  readonly grid: string;
  readonly paper: string;
  readonly accent: string;
  readonly alarm: string;
  readonly font: string;
}

export function tokensOf(element: Element): Tokens {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: token('ink'),
    faint: token('faint'),
    grid: token('grid'),
    paper: token('paper'),
    accent: token('accent'),
    alarm: token('alarm'),
    font: `12px ${style.fontFamily}`,
  };
}
