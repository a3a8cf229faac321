import { validationHorizon } from '../contract/curriculum.js';
import type { TrainingSpec } from '../contract/training.js';
import { sortedQuantile } from '../core/statistics.js';

import type { TrainingCurve } from '../figures/training.js';
import type { RunFolder } from '../local/run-folder.js';

/** Maximum number of pieces of the training that are shown. */
const pieces = 160;

export async function readTrainingCurve(folder: RunFolder, spec: TrainingSpec): Promise<TrainingCurve> {
  const { validation, iterations } = spec;
  const perStep = validation.measure === 'sum' ? validationHorizon(spec) : 1;
  const curve: TrainingCurve = { validation: [], training: [] };
  for await (const [iteration, loss, best] of folder.validation.rows())
    curve.validation.push({ iteration: Number(iteration), loss: Number(loss) / perStep, best: best === 'true' });

  let piece: number[] = [];
  let pieceNumber = 0;
  const endPiece = () => {
    if (piece.length === 0) return;
    const sorted = Float64Array.from(piece).sort();
    curve.training.push({
      iteration: ((pieceNumber + 0.5) * iterations) / pieces,
      low: sortedQuantile(sorted, 0.1),
      median: sortedQuantile(sorted, 0.5),
      high: sortedQuantile(sorted, 0.9),
    });
    piece = [];
  };
  for await (const { iteration, mean } of episodes(folder)) {
    const number = Math.min(pieces - 1, Math.floor((iteration * pieces) / iterations));
    if (number !== pieceNumber) endPiece();
    pieceNumber = number;
    piece.push(mean);
  }
  endPiece();
  return curve;
}

/** The mean loss of each set of functions over its steps. */
async function* episodes(folder: RunFolder): AsyncGenerator<{ iteration: number; mean: number }> {
  let [sum, steps, first] = [0, 0, 0];
  for await (const [iteration, step, loss] of folder.losses.rows()) {
    if (step === '0' && steps > 0) {
      yield { iteration: first, mean: sum / steps };
      [sum, steps] = [0, 0];
    }
    if (steps === 0) first = Number(iteration);
    sum += Number(loss);
    steps++;
  }
  if (steps > 0) yield { iteration: first, mean: sum / steps };
}
