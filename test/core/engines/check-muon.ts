import { placedParameters } from '../../../src/contract/groups.js';
import type { GroupRule, LearnedSpec } from '../../../src/contract/optimizers.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import type { FunctionBatch } from '../../../src/core/problems/batch.js';
import { type Matrix, muonStep } from '../../reference/muon.js';
import { close } from './checks.js';

/** Checks that an engine moves the matrices of a group by Muon as fp64 does, given the engine's gradients. */
export async function checkMuon(
  engine: Engine,
  optimizer: LearnedSpec,
  phi: Float32Array,
  batch: FunctionBatch,
  rule: Extract<GroupRule, { name: 'muon' }>,
  names: readonly string[],
): Promise<void> {
  const matrices = placedParameters(batch.problem).filter(({ name }) => names.includes(name));
  const functions = await engine.openFunctions(batch);
  const episode = await engine.openEpisode(optimizer, batch);
  const means = new Map<string, Matrix>();
  try {
    for (let t = 0; t < 5; t++) {
      const before = (await episode.state()).theta.slice();
      const { gradient, observed = gradient } = await functions.evaluate(before, t);
      await episode.advance(phi, 1);
      const after = (await episode.state()).theta;
      for (let b = 0; b < batch.count; b++)
        for (const { name, shape, offset, size } of matrices) {
          const from = b * batch.dimension + offset;
          const part = (values: Float32Array) => matrixOf(values.slice(from, from + size), shape.at(-1)!);
          const [g, theta] = [part(observed), part(before)];
          const key = `${b} ${name}`;
          const step = muonStep(rule, g, means.get(key) ?? g.map((row) => row.map(() => 0)), theta);
          means.set(key, step.mean);
          const expected = step.update.flatMap((row, i) => row.map((u, j) => theta[i]![j]! + u));
          close(after.slice(from, from + size), expected, 1e-5, `step ${t}, function ${b}, ${name}`);
        }
    }
  } finally {
    episode.dispose();
    functions.dispose();
  }
}

function matrixOf(values: Float32Array, columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, i) => [...values.slice(i * columns, (i + 1) * columns)]);
}
