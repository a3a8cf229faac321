import { validationHorizon } from '../contract/curriculum.js';
import type { TrainingSpec } from '../contract/training.js';
import { axisOf } from './axis.js';
import { type Chart, linearScale, scaleOf } from './chart.js';
import { figure, item, sizes } from './figure.js';
import { colourClass } from './style.js';

/** The losses of a training, as means per step, so that both kinds share one axis. */
export interface TrainingCurve {
  /** The held-out functions: mean of f(θ_t), t < horizon, or f(θ_horizon) if weights are chosen by that. */
  validation: { iteration: number; loss: number; best: boolean }[];
  /** Training's own functions, a few hundred pieces: quantiles of the mean of f(θ_t) over the steps of one horizon. */
  training: { iteration: number; low: number; median: number; high: number }[];
}

/** Validation and training by meta-iteration. */
export function trainingFigure({ validation, training }: TrainingCurve, spec: TrainingSpec): string {
  const kept = validation.filter(({ best }) => best).at(-1);
  const losses = [
    ...validation.map(({ loss }) => loss),
    ...training.flatMap(({ low, median, high }) => [low, median, high]),
  ];
  // The untrained weights' losses would flatten all others: they are outside the figure.
  const axis = axisOf(losses, training.at(-1)?.median);
  const charts = sizes.map(
    ({ most }): Chart => ({
      x: linearScale(spec.iterations, 'meta-iteration', most),
      y: scaleOf(axis, 'mean f(θₜ) per step', most),
      lines: [
        {
          className: `${colourClass(5)} spread`,
          dashes: '',
          points: training.map(({ iteration, median }) => ({ x: iteration, y: median })),
          band: training.map(({ iteration, low, high }) => ({ x: iteration, low, high })),
          marks: [],
        },
        {
          className: `${colourClass(0)} learned`,
          dashes: '',
          points: validation.map(({ iteration, loss }) => ({ x: iteration, y: loss })),
          band: [],
          marks: kept ? [{ x: kept.iteration, y: kept.loss }] : [],
        },
      ],
    }),
  );
  const horizon = validationHorizon(spec);
  const measured = {
    sum: `mean over ${horizon} steps`,
    tail: `mean over the last tenth of ${horizon} steps`,
    final: `loss after ${horizon} steps`,
  }[spec.validation.measure];
  const names = [
    { name: `validation: ${measured}; the dot marks the kept weights`, className: `${colourClass(0)} learned` },
    { name: 'training: median over the functions drawn, and the band from 10 % to 90 %', className: colourClass(5) },
  ];
  const items = names.map(({ name, className }) =>
    item(name, `<g class="${className}"><path class="line" d="M0 0h28"/></g>`),
  );
  return figure(
    charts,
    'Validation and training loss by meta-iteration.',
    `<ul class="legend">${items.join('')}</ul>`,
    '',
  );
}
