import type * as tfjs from '@tensorflow/tfjs-core';
import type { ProblemName, ProblemOf } from '../../contract/problems.js';
import type { RandomStream } from '../random/random.js';

/** tfjs, passed in by the engine that runs on it, so that a problem's file loads no engine. */
export type Tf = typeof tfjs;

/** What defines a function besides its family: named arrays, such as W and y. */
export type FunctionData = Readonly<Record<string, Float32Array>>;

/** Shapes of the arrays of one function. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * The same as tensors of many functions, each [B, …shape]. A family that draws at every step has those arrays too; one
 * that learns from examples has the mini-batch: `inputs` [B, size, width], scaled to [0, 1], and `labels` [B, size,
 * classes], one-hot.
 */
export type DataTensors = Readonly<Record<string, tfjs.Tensor>>;

/** Values of B functions. */
export interface Evaluation {
  /** f(θ) [B] */
  readonly losses: tfjs.Tensor1D;
  /** ∇f(θ) [B, d], per function */
  readonly gradient: tfjs.Tensor2D;
  /** The gradient as an optimizer sees it, if different. */
  readonly observed?: tfjs.Tensor2D;
}

/** The parts of composite functions, at one step. */
export interface Part {
  /** Coordinates per function. */
  readonly dimension: number;
  /** @param theta [B, dimension] */
  evaluate(theta: tfjs.Tensor2D): Evaluation;
  /** ∇²f(θ) v, [B, dimension] */
  hessianProduct(theta: tfjs.Tensor2D, v: tfjs.Tensor2D): tfjs.Tensor2D;
}

/** The mathematics of a family of optimizees f(θ). */
export interface Mathematics<Spec> {
  /** Shapes of one function's data. */
  shapes(spec: Spec): Shapes;
  /**
   * Draws one function into `data` and its starting point θ_0 into `start` [d]. For a composite, `start` already holds
   * the starting points of its parts, one after the other.
   */
  sample(spec: Spec, random: RandomStream, data: FunctionData, start: Float32Array): void;
  /** What is drawn at every step, by (seed, purpose, function, step). */
  readonly everyStep?: {
    shapes(spec: Spec): Shapes;
    sample(spec: Spec, random: RandomStream, data: FunctionData): void;
  };
  /**
   * @param theta [B, d]
   * @param parts a composite's parts, in order
   */
  evaluate(tf: Tf, data: DataTensors, theta: tfjs.Tensor2D, spec: Spec, parts: readonly Part[]): Evaluation;
  /** ∇²f(θ) v, [B, d]: what exact second derivatives need. A family without it is refused if they are requested. */
  hessianProduct?(
    tf: Tf,
    data: DataTensors,
    theta: tfjs.Tensor2D,
    v: tfjs.Tensor2D,
    spec: Spec,
    parts: readonly Part[],
  ): tfjs.Tensor2D;
}

/** A built-in family. */
export interface Problem<N extends ProblemName> extends Mathematics<ProblemOf<N>> {
  readonly name: N;
}
