import type { LstmSpec } from '../../src/contract/networks/lstm.js';
import type { Engine } from '../../src/core/engines/engine.js';
import { sampleFunctions } from '../../src/core/problems/batch.js';
import { Purpose } from '../../src/core/random/random.js';

/**
 * A network's updates for given gradients, in open loop from a fresh state.
 * @param gradients [steps, width, n]: n blocks of `width` coordinates
 * @returns updates [steps, width, n]
 */
export async function respond(
  engine: Engine,
  network: LstmSpec,
  phi: Float32Array,
  gradients: Float32Array,
  n: number,
  width = 1,
): Promise<Float32Array> {
  // Each block is a function of its own, whose gradients are never computed.
  const batch = sampleFunctions({ name: 'parabola', dimension: width }, 1, Purpose.validation, 0, n);
  const open = await engine.openLoop(network, batch);
  let updates: Float32Array = new Float32Array(0);
  await open.backPropagate(phi, transposed(gradients, width, n), (given) => {
    updates = transposed(given, n, width);
    return new Float32Array(given.length);
  });
  open.dispose();
  return updates;
}

/** [steps, columns, rows] of [steps, rows, columns]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const size = rows * columns;
  return values.map((_, i) => {
    const within = i % size;
    return values[i - within + (within % rows) * columns + Math.floor(within / rows)]!;
  });
}
