import type * as tfjs from '@tensorflow/tfjs-core';
import type { ProblemName, ProblemOf } from '../../contract/problems.js';
import type { RandomStream } from '../random/random.js';

/** tfjs, handed in by the engine that runs on it: a problem's file loads no engine. */
export type Tf = typeof tfjs;

/** What defines a function besides its family: named arrays, such as W and y. */
export type FunctionData = Readonly<Record<string, Float32Array>>;

/**
 * The same as tensors of many functions, each [B, …shape]. Of a family that learns from examples also the mini-batch:
 * `inputs` [B, size, width], scaled to [0, 1], and `labels` [B, size, classes], one-hot.
 */
export type DataTensors = Readonly<Record<string, tfjs.Tensor>>;

/** A family of optimizees f(θ). */
export interface Problem<N extends ProblemName = ProblemName> {
  readonly name: N;
  /** Shapes of one function's data. */
  shapes(spec: ProblemOf<N>): Readonly<Record<string, readonly number[]>>;
  /** Draws one function into `data` and its starting point θ_0 into `start` [d]. */
  sample(spec: ProblemOf<N>, random: RandomStream, data: FunctionData, start: Float32Array): void;
  /**
   * @param theta [B, d]
   * @returns f(θ) [B] and ∇f(θ) [B, d], each function's own
   */
  evaluate(
    tf: Tf,
    data: DataTensors,
    theta: tfjs.Tensor2D,
    spec: ProblemOf<N>,
  ): { losses: tfjs.Tensor1D; gradient: tfjs.Tensor2D };
  /** ∇²f(θ) v, [B, d]: what exact second derivatives need. */
  hessianProduct(tf: Tf, data: DataTensors, theta: tfjs.Tensor2D, v: tfjs.Tensor2D, spec: ProblemOf<N>): tfjs.Tensor2D;
}
