import { type Measure, measures } from '../../../contract/measures.js';
import type { ComparisonView } from '../../../figures/comparison.js';

/** How a comparison is looked at, as the query of the page's address. What is as usual is left out. */
export interface PageView extends ComparisonView {
  readonly measure: Measure;
}

type Query = Readonly<Record<string, string | undefined>>;

const bands = ['all', 'best', 'none'] as const;

export function viewOf({ axis, bands: shown, hidden = '', measure }: Query): PageView {
  return {
    axis: axis === 'linear' ? 'linear' : 'log',
    bands: bands.find((kind) => kind === shown) ?? 'best',
    hidden: /^\d{1,3}(,\d{1,3})*$/.test(hidden) ? hidden.split(',').map(Number) : [],
    measure: measures.find((one) => one === measure) ?? 'sum',
  };
}

/** Begins with "?", or is empty. */
export function queryOf({ axis, bands: shown, hidden, measure }: PageView): string {
  const given = [
    ...(axis === 'linear' ? ['axis=linear'] : []),
    ...(shown === 'best' ? [] : [`bands=${shown}`]),
    ...(hidden.length > 0 ? [`hidden=${hidden.join(',')}`] : []),
    ...(measure === 'sum' ? [] : [`measure=${measure}`]),
  ];
  return given.length > 0 ? `?${given.join('&')}` : '';
}

/** The view with an optimizer shown or hidden. */
export function toggled(view: PageView, place: number): PageView {
  const hidden = view.hidden.includes(place)
    ? view.hidden.filter((one) => one !== place)
    : [...view.hidden, place].sort((a, b) => a - b);
  return { ...view, hidden };
}
