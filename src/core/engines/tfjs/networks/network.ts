import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { NetworkGroup } from '../../../../contract/groups.js';
import type { Tf } from '../../../problems/problem.js';

/** A group of parameters whose network is loaded, and the number of functions, B. */
export type NetworkPlace = Pick<NetworkGroup, 'parameters' | 'width'> & { readonly functions: number };

/** What a network may see at a step. N = B times the group's blocks per function, function by function. */
export interface Seen {
  /** ∇f(θ) as the optimizer sees it, [w, N] */
  readonly gradient: Tensor2D;
  /** θ [w, N]; null in open loop. */
  readonly theta: Tensor2D | null;
  /** Steps taken so far. */
  readonly step: number;
}

/** The arrays of the contract's `state`, in its order, each [rows, B items]. */
export type NetworkState = Tensor2D[];

/**
 * A kind of network in tfjs operations.
 * @typeParam Net the weights as tensors
 * @typeParam Trace what the backward pass needs of a step: an object of tensors
 */
export interface TfjsNetwork<Spec, Net, Trace> {
  load(tf: Tf, spec: Spec, phi: Float32Array, place: NetworkPlace): Net;
  /** @returns the update [w, N] at a learning rate of 1, and the next state */
  step(
    tf: Tf,
    spec: Spec,
    net: Net,
    seen: Seen,
    state: NetworkState,
  ): { update: Tensor2D; state: NetworkState; trace: Trace };
  /**
   * The vector-Jacobian product of a step; absent where back-propagation cannot pass through.
   * @param dUpdate [w, N] dL/dupdate
   * @param dState dL/d(next state); empty where it is 0
   * @param wantInput whether to compute dL/dgradient too
   * @returns dL/dφ of this step, tensors whose concatenation is like φ; dL/d(state); and dL/dgradient [w, N] or null
   */
  back?(
    tf: Tf,
    spec: Spec,
    net: Net,
    trace: Trace,
    dUpdate: Tensor2D,
    dState: NetworkState,
    wantInput: boolean,
  ): { weights: Tensor[]; dState: NetworkState; dGradient: Tensor2D | null };
}
