import type { ProblemSpec } from '../src/contract/problems.js';
import type { MetatrainSpec } from '../src/contract/spec.js';
import { Type } from '../src/contract/type.js';
import type { Engine, Episode } from '../src/core/engines/engine.js';
import type { NamedTensor } from '../src/weights/tensors.js';

/** What a build needs for W5; from another checkout with --against. */
export type MatrixBuild = Pick<typeof import('../src/core/engines/native/engine.js'), 'createNativeEngine'> &
  Pick<typeof import('../src/contract/problems.js'), 'addFamily'>;

const name = 'given-gradients';

/** Whether the build knows the family; a process has one build. */
let known = false;

/**
 * An episode of the native engine on one matrix whose gradients are given: only the optimizer computes.
 * @param arrays `theta` [rows, columns] and `gradients` [steps, rows, columns], used in turn
 * @throws Unsupported if the engine is not built, or does not take the optimizer
 */
export async function openMatrix(
  { createNativeEngine, addFamily }: MatrixBuild,
  { optimizer, engine: { precision } }: Pick<MetatrainSpec, 'optimizer' | 'engine'>,
  arrays: readonly NamedTensor[],
): Promise<{ engine: Engine['info']; episode: Episode }> {
  if (!known) {
    addFamily(name, Type.Object({ name: Type.Literal(name) }), {
      parameters: ({ shape }: { shape: number[] }) => [{ name: 'matrix', shape }],
    });
    known = true;
  }
  const { data, shape } = arrays.find((array) => array.name === 'theta')!;
  const start = Float32Array.from(data);
  const given = Float32Array.from(arrays.find((array) => array.name === 'gradients')!.data);
  const gradients = Array.from({ length: given.length / start.length }, (_, t) =>
    given.slice(t * start.length, (t + 1) * start.length),
  );
  const losses = new Float32Array(1);
  const functions: Pick<Engine, 'info' | 'openFunctions'> = {
    info: { engine: name, backend: '', version: '', instructionSet: '', threads: 1 },
    openFunctions: async () => ({
      evaluate: async (_, step) => ({ losses, gradient: gradients[step % gradients.length]! }),
      dispose() {},
    }),
  };
  const engine = createNativeEngine(functions, precision);
  const batch = {
    problem: { name, shape } as unknown as ProblemSpec,
    count: 1,
    dimension: start.length,
    data: {},
    miniBatches: null,
    stepDraws: null,
    parts: [],
    start,
  };
  return { engine: engine.info, episode: await engine.openEpisode(optimizer, batch) };
}
