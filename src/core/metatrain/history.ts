import type { HealthVerdict } from '../../contract/events.js';

/** A summary of the validations so far, to judge whether training is learning. */
export interface History {
  /** Loss of the untrained weights. */
  readonly first: number;
  readonly latest: number;
  /** The best loss after each of the latest validations, at most {@link lately} + 1. */
  readonly bests: readonly number[];
}

/** Validations within which the best loss must improve. */
const lately = 5;

/** Relative fall of a loss that counts as an improvement. */
const worthwhile = 0.01;
/** Relative change of a loss that counts as large. */
const far = 0.1;

export function remember(history: History | null, loss: number): History {
  const comparable = Number.isFinite(loss) ? loss : Number.POSITIVE_INFINITY;
  if (history === null) return { first: loss, latest: loss, bests: [comparable] };
  const bests = [...history.bests, Math.min(history.bests.at(-1)!, comparable)];
  return { first: history.first, latest: loss, bests: bests.slice(-lately - 1) };
}

/** Whether training is learning, and why. */
export function judge({ first, latest, bests }: History): { verdict: HealthVerdict; message: string } {
  const best = bests.at(-1)!;
  const since = bests.length - 1;
  const say = (verdict: HealthVerdict, why: string) => ({ verdict, message: `${titles[verdict]}: ${why}` });
  if (!Number.isFinite(latest)) return say('unstable', 'the latest validation loss is not finite.');
  const gained = gain(first, best);
  const lost = first - best > 0 ? (latest - best) / (first - best) : 0;
  if (gained >= far && lost > 0.5)
    return say(
      'unstable',
      `validation loss ${short(latest)} after ${short(best)}: most of the gain over the untrained ${short(first)} is lost.`,
    );
  if (gain(first, latest) < -far)
    return say('unstable', `validation loss ${short(latest)} is above the untrained optimizer’s ${short(first)}.`);
  if (since === 0) return say('not yet', `validation loss ${short(first)} before the first meta-iteration.`);
  const span = since === 1 ? 'since the previous validation' : `in the latest ${since} validations`;
  if (gain(bests[0]!, best) >= worthwhile)
    return say('learning', `best validation loss from ${short(bests[0]!)} to ${short(best)} ${span}.`);
  const where = `best validation loss ${short(best)}, less than 1 % better ${span}`;
  if (since < lately) return say('not yet', `${where}.`);
  if (gained < far) return say('stalled', `${where}.`);
  return say('no longer improving', `${where}; the untrained optimizer’s was ${short(first)}.`);
}

const titles: Record<HealthVerdict, string> = {
  learning: 'Learning',
  'not yet': 'Not learning yet',
  stalled: 'Stalled',
  'no longer improving': 'No longer improving',
  unstable: 'Unstable',
};

/** The relative fall of a loss; infinite if it became finite. */
function gain(from: number, to: number): number {
  if (!Number.isFinite(from)) return Number.isFinite(to) ? Number.POSITIVE_INFINITY : 0;
  return from === to ? 0 : (from - to) / Math.abs(from);
}

function short(loss: number): string {
  return String(Number(loss.toPrecision(4)));
}
