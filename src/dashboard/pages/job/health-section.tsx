import type { JobEventOf } from '../../../contract/events.js';
import { fromWire } from '../../../contract/schema.js';
import { formatLoss, formatShare } from '../../../figures/numbers.js';
import { SmallCurve } from '../../charts/small-curve.js';
import type { Told } from './job-model.js';

type Health = JobEventOf<'health'>;

interface Signal {
  readonly label: string;
  readonly description: string;
  readonly of: (health: Health) => number | null | undefined;
  readonly isShare: boolean;
  /** Whether it is of evolution strategies only; `of` is undefined elsewhere. */
  readonly ofEvolution?: true;
}

const signals: readonly Signal[] = [
  {
    label: 'Gradient norm',
    description: 'Norm of the meta-gradient before clipping: its median since the last validation.',
    of: ({ gradientNorm }) => gradientNorm,
    isShare: false,
  },
  {
    label: 'Clipped',
    description: 'Share of the meta-iterations since the last validation with a clipped meta-gradient.',
    of: ({ clipped }) => clipped,
    isShare: true,
  },
  {
    label: 'Sign agreement',
    description: 'Share of the updates that go down the gradient. Half is chance.',
    of: ({ signAgreement }) => signAgreement,
    isShare: true,
  },
  {
    label: 'Saturation',
    description: 'Share of the LSTM’s outputs h with |h| > 0.9: saturated ones pass on hardly any gradient.',
    of: ({ saturation }) => saturation,
    isShare: true,
  },
  {
    label: 'Update size',
    description: 'Root mean square of the updates of θ.',
    of: ({ updateSize }) => fromWire(updateSize),
    isShare: false,
  },
  {
    label: 'Diverged',
    description: 'Share of the validation functions whose last loss is above their first, or not finite.',
    of: ({ diverged }) => diverged,
    isShare: true,
  },
  {
    label: 'Signal to noise',
    description: 'Squared length of the meta-gradient over the variance of its estimates. Below 1 noise is longer.',
    of: ({ signalToNoise }) => signalToNoise,
    isShare: false,
    ofEvolution: true,
  },
  {
    label: 'Losses replaced',
    description: 'Training losses since the last validation that were not finite, or too high.',
    of: ({ replaced }) => replaced,
    isShare: false,
    ofEvolution: true,
  },
];

/** Whether training makes progress, in words, and the signals that say why. */
export function HealthSection({ told }: { told: Told | null }) {
  const all = told?.history.health ?? [];
  const last = all.at(-1);
  return (
    <section class="section" aria-labelledby="health-title">
      <h2 id="health-title">
        Health{last && <span class={`verdict ${last.verdict === 'unstable' ? 'bad' : ''}`}>: {last.verdict}</span>}
      </h2>
      <p class="small message">{last ? last.message : 'Known after the first validation.'}</p>
      <div class="signals">
        {signals
          .filter(({ ofEvolution }) => !ofEvolution || last?.replaced !== undefined)
          .map(({ label, description, of, isShare }) => (
            <SmallCurve
              key={label}
              label={label}
              description={description}
              points={all.flatMap((health) => {
                const y = of(health);
                return y == null ? [] : [{ x: health.iteration, y }];
              })}
              format={isShare ? formatShare : formatLoss}
              {...(isShare && { ends: [0, 1] as const })}
            />
          ))}
      </div>
    </section>
  );
}
