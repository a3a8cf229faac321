import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { RunEvent } from '../../src/contract/events.js';
import { createRun } from '../../src/core/run.js';
import { unitsOf } from '../../src/jobs/work.js';
import { Stopwatch } from '../../src/workers/stopwatch.js';
import { smallTraining } from './specs.js';

const spec = smallTraining(60, { comparison: { functions: 50, steps: 5, tuning: { functions: 20 }, resamples: 100 } });

/** A run's events; each is said to take as many seconds as its kind of work is given here. */
async function timed(take: Record<string, number>, checkpointAfter?: (event: RunEvent) => boolean) {
  let run = await createRun({ spec, pullTime: 0 });
  let stopwatch = new Stopwatch(spec);
  const counts: Record<string, number> = {};
  for (let event = await run.next(); event !== null; event = await run.next()) {
    const kind = event.type === 'progress' ? event.phase : event.type;
    counts[kind] = (counts[kind] ?? 0) + 1;
    stopwatch.add(event, take[kind] ?? 0);
    if (!checkpointAfter?.(event)) continue;
    const checkpoint = await run.checkpoint();
    run.dispose();
    run = await createRun({ spec, checkpoint, pullTime: 0 });
    stopwatch = new Stopwatch(spec);
    checkpointAfter = undefined;
  }
  run.dispose();
  return { counts, timed: stopwatch.timed };
}

it('each part of a run has its own seconds and units', async () => {
  const take = { losses: 1, validation: 3, health: 4, tuning: 5, comparison: 7, statistics: 11, started: 100 };
  const { counts, timed: parts } = await timed(take);
  const total = (kind: keyof typeof take) => take[kind] * (counts[kind] ?? 0);
  const units = unitsOf(spec);
  assert(counts.tuning! > 0 && counts.statistics! > 0 && counts.comparison! > 1);
  assert.deepEqual(parts, [
    { part: 'validation', seconds: total('validation') + total('health'), units: units.validation },
    { part: 'training', seconds: total('losses'), units: units.training },
    { part: 'tuning', seconds: total('tuning'), units: units.tuning },
    { part: 'comparison', seconds: total('comparison') + total('statistics'), units: units.comparison },
  ]);
});

it('a comparison that was resumed is not timed; one that follows a resumed training is', async () => {
  const inTuning = await timed({ tuning: 1 }, (event) => event.type === 'progress' && event.phase === 'tuning');
  assert.deepEqual(inTuning.timed, []);
  const inTraining = await timed({ losses: 1 }, (event) => event.type === 'losses' && event.iteration === 30);
  const training = inTraining.timed.find(({ part }) => part === 'training');
  assert.deepEqual(training, { part: 'training', seconds: 29, units: 29 * 4 });
  assert.deepEqual(inTraining.timed.map(({ part }) => part).sort(), ['comparison', 'training', 'tuning', 'validation']);
});
