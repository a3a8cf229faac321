/** Light and dark: Okabe and Ito's palette for all kinds of colour vision (2008), and colours between. */
export const palette = [
  ['#0072b2', '#56b4e9'],
  ['#d55e00', '#ff8f40'],
  ['#008a65', '#2fd0a1'],
  ['#a8558a', '#e29cc8'],
  ['#8a6a00', '#f0c64a'],
  ['#555555', '#bbbbbb'],
  ['#7a4fc0', '#b9a0f0'],
  ['#b3261e', '#ff8a80'],
  ['#007c89', '#5fd3df'],
  ['#5c7300', '#b9cf4d'],
] as const;

/** The style of what chart.ts draws, for light and for dark backgrounds. */
export function chartStyle(): string {
  const theme = (index: 0 | 1) =>
    palette.map((colours, f) => `.f${f}{--line:${colours[index]}}`).join('') +
    [':root{--ink:#1f2328;--faint:#59636e;--grid:#d8dee4}', ':root{--ink:#e6edf3;--faint:#9da7b3;--grid:#30363d}'][
      index
    ];
  return [
    'svg text{font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;font-size:12px;fill:var(--faint)}',
    'svg .grid{fill:none;stroke:var(--grid);stroke-width:1}',
    'svg .line{fill:none;stroke:var(--line);stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}',
    'svg .learned .line,svg .line.learned{stroke-width:3}',
    'svg .band{fill:var(--line);opacity:.14}svg .mark{fill:var(--line)}',
    theme(0),
    `@media(prefers-color-scheme:dark){${theme(1)}svg .band{opacity:.2}}`,
  ].join('\n');
}

/** A class of {@link chartStyle}; colours repeat if there are more families than colours. */
export function colourClass(family: number): string {
  return `f${family % palette.length}`;
}
