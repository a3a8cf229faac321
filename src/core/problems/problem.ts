import type * as tfjs from '@tensorflow/tfjs-core';
import type { ProblemName, ProblemOf } from '../../contract/problems.js';
import type { RandomStream } from '../random/random.js';

/** tfjs, handed in by the engine that runs on it: a problem's file loads no engine. */
export type Tf = typeof tfjs;

/** What defines a function besides its family: named arrays, such as W and y. */
export type FunctionData = Readonly<Record<string, Float32Array>>;

/** The same as tensors of many functions, each [B, …shape]. */
export type DataTensors = Readonly<Record<string, tfjs.Tensor>>;

/** A family of optimizees f(θ), θ of `dimension` coordinates. */
export interface Problem<N extends ProblemName = ProblemName> {
  readonly name: N;
  dimension(spec: ProblemOf<N>): number;
  /** Shapes of one function's data. */
  shapes(spec: ProblemOf<N>): Readonly<Record<string, readonly number[]>>;
  /** Draws one function into `data` and its starting point θ_0 into `start` [dimension]. */
  sample(spec: ProblemOf<N>, random: RandomStream, data: FunctionData, start: Float32Array): void;
  /**
   * @param theta [B, dimension]
   * @returns f(θ) [B] and ∇f(θ) [B, dimension], each function's own
   */
  evaluate(tf: Tf, data: DataTensors, theta: tfjs.Tensor2D): { losses: tfjs.Tensor1D; gradient: tfjs.Tensor2D };
  /** ∇²f(θ) v, [B, dimension]: what exact second derivatives need. */
  hessianProduct(tf: Tf, data: DataTensors, theta: tfjs.Tensor2D, v: tfjs.Tensor2D): tfjs.Tensor2D;
}
