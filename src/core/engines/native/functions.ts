import type { FunctionBatch } from '../../problems/batch.js';
import type { OpenFunctions } from '../engine.js';
import type { LoadedAddon } from './addon.js';
import { evaluationCost, functionArguments } from './arguments.js';

/** Functions that have kernels. */
export class NativeFunctions implements OpenFunctions {
  constructor(
    private readonly native: LoadedAddon,
    private readonly batch: FunctionBatch,
  ) {}

  async evaluate(theta: Float32Array, step: number) {
    const { addon, calls } = this.native;
    const functions = functionArguments(this.batch, step, 1);
    const losses = new Float32Array(this.batch.count);
    const gradient = new Float32Array(theta.length);
    await calls.make(evaluationCost(this.batch), (background) =>
      addon.evaluate(background, ...functions, theta, losses, gradient),
    );
    return { losses, gradient };
  }

  dispose(): void {}
}
