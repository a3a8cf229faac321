import type { TuningResult } from '../../contract/results.js';
import { fromWire } from '../../contract/schema.js';
import { sortedQuantile } from '../../core/statistics.js';
import type { Entrant } from './standings.js';

/** How much an optimizer's learning rate matters: over tasks, the score of each rate against the best that AdamW has. */
export interface Sensitivity {
  readonly title: string;
  readonly learned: boolean;
  /** Ascending by rate; `median` of the ratios over the tasks that tried the rate, infinite where most diverged. */
  readonly points: readonly {
    readonly rate: number;
    readonly median: number;
    readonly low: number;
    readonly high: number;
  }[];
}

/** Entrants whose rates were tuned. Scores of 0 and below, which have no ratios, are left out. */
export function sensitivityOf(entrants: readonly Entrant[]): Sensitivity[] {
  const adamw = entrants.find(({ title }) => title === 'AdamW');
  return entrants.flatMap(({ title, learned, standings }) => {
    const ratios = new Map<string, number[]>();
    for (const [task, { optimizer }] of standings) {
      const best = bestScore(adamw?.standings.get(task)?.optimizer.tuning);
      for (const { learningRate, scores, diverged } of optimizer.tuning?.grid ?? []) {
        const score = diverged ? Number.POSITIVE_INFINITY : fromWire(scores.tail);
        if (!(best > 0) || !(score > 0)) continue;
        const rate = String(Number(learningRate.toPrecision(6)));
        ratios.set(rate, [...(ratios.get(rate) ?? []), score / best]);
      }
    }
    const points = [...ratios].map(([rate, values]) => {
      const sorted = Float64Array.from(values).sort();
      const at = (probability: number) => sortedQuantile(sorted, probability);
      return { rate: Number(rate), median: at(0.5), low: at(0.25), high: at(0.75) };
    });
    // A rate that only some tasks' grids have grown to would say something of other tasks.
    const most = Math.max(0, ...[...ratios.values()].map(({ length }) => length));
    const shown = points.filter(({ rate }) => ratios.get(String(rate))!.length === most);
    return shown.length > 0 ? [{ title, learned, points: shown.sort((a, b) => a.rate - b.rate) }] : [];
  });
}

function bestScore(tuning: TuningResult | null | undefined): number {
  const scores = (tuning?.grid ?? []).filter(({ diverged }) => !diverged).map(({ scores }) => fromWire(scores.tail));
  return Math.min(Number.POSITIVE_INFINITY, ...scores.filter(Number.isFinite));
}
