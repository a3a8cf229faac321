import type { FunctionBatch } from '../../problems/batch.js';
import type { OpenFunctions } from '../engine.js';
import type { LoadedAddon } from './addon.js';
import { evaluationCost, functionsDescriptor, rowsOf } from './arguments.js';
import { NativeHandle } from './handle.js';

/** Functions that have kernels. */
export class NativeFunctions implements OpenFunctions {
  private readonly handle: NativeHandle;

  constructor(
    native: LoadedAddon,
    private readonly batch: FunctionBatch,
  ) {
    this.handle = new NativeHandle(native, { kind: 'functions', functions: functionsDescriptor(batch) });
  }

  async evaluate(theta: Float32Array, step: number) {
    const { batch, handle } = this;
    const losses = new Float32Array(batch.count);
    const gradient = new Float32Array(theta.length);
    await handle.call('evaluate', evaluationCost(batch), { theta, losses, gradient, ...rowsOf(batch, step, 1) });
    return { losses, gradient };
  }

  dispose(): void {
    this.handle.close();
  }
}
