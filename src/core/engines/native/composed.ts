import type { ProblemOf } from '../../../contract/problems.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { Evaluated, OpenFunctions } from '../engine.js';

/** Composites of natively evaluated functions: the formulas of src/core/problems/, on arrays. */
export class ComposedFunctions implements OpenFunctions {
  /** @param parts the functions of the batch's parts */
  constructor(
    private readonly batch: FunctionBatch,
    private readonly parts: readonly OpenFunctions[],
  ) {}

  async evaluate(theta: Float32Array, step: number): Promise<Evaluated> {
    const { batch, parts } = this;
    const { problem } = batch;
    switch (problem.name) {
      case 'rescaled': {
        const { c } = batch.data;
        const { losses, gradient, observed } = await parts[0]!.evaluate(times(theta, c!), step);
        return { losses, gradient: times(gradient, c!), ...(observed && { observed: times(observed, c!) }) };
      }
      case 'noisy': {
        const { losses, gradient, observed = gradient } = await parts[0]!.evaluate(theta, step);
        const { noise } = batch.stepDraws!.at(step);
        return { losses, gradient, observed: observed.map((g, i) => g + noise![i]!) };
      }
      case 'ensemble':
        return this.weighted(problem, theta, step);
      default:
        throw new RangeError(`${problem.name} is not a composite`);
    }
  }

  private async weighted({ members }: ProblemOf<'ensemble'>, theta: Float32Array, step: number): Promise<Evaluated> {
    const { batch, parts } = this;
    const losses = new Float32Array(batch.count);
    const gradient = new Float32Array(theta.length);
    const seen = new Float32Array(theta.length);
    let noisy = false;
    let offset = 0;
    for (const [p, { weight }] of members.entries()) {
      const { dimension } = batch.parts[p]!;
      const found = await parts[p]!.evaluate(columns(theta, batch, offset, dimension), step);
      noisy ||= found.observed !== undefined;
      for (let b = 0; b < batch.count; b++) {
        losses[b]! += weight * found.losses[b]!;
        const at = b * batch.dimension + offset;
        for (let i = 0; i < dimension; i++) {
          gradient[at + i] = weight * found.gradient[b * dimension + i]!;
          seen[at + i] = weight * (found.observed ?? found.gradient)[b * dimension + i]!;
        }
      }
      offset += dimension;
    }
    return { losses, gradient, ...(noisy && { observed: seen }) };
  }

  dispose(): void {
    for (const part of this.parts) part.dispose();
  }
}

function times(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((x, i) => x * b[i]!);
}

/** Each function's coordinates from `offset` on, [B, width]. */
function columns(
  theta: Float32Array,
  { count, dimension }: FunctionBatch,
  offset: number,
  width: number,
): Float32Array {
  const taken = new Float32Array(count * width);
  for (let b = 0; b < count; b++)
    taken.set(theta.subarray(b * dimension + offset, b * dimension + offset + width), b * width);
  return taken;
}
