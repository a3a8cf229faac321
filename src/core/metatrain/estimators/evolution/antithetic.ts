/** Estimates of a gradient from antithetic pairs, in double precision. */

/** φ + ε and φ - ε of each pair, in fp32. @param perturbations ε [pairs, weights] @returns [pairs, 2, weights] */
export function perturbed(phi: Float32Array, perturbations: Float32Array): Float32Array {
  const weights = phi.length;
  const all = new Float32Array(2 * perturbations.length);
  for (let i = 0; i < perturbations.length; i++) {
    const weight = i % weights;
    const at = 2 * (i - weight) + weight;
    all[at] = phi[weight]! + perturbations[i]!;
    all[at + weights] = phi[weight]! - perturbations[i]!;
  }
  return all;
}

/** What pairs say of a gradient. */
export interface PairsEstimate {
  /** The mean ḡ of the pairs' estimates g_i. */
  readonly gradient: Float32Array;
  /** ‖ḡ‖² */
  readonly squaredNorm: number;
  /** The estimated trace of ḡ's covariance, Σ_i ‖g_i - ḡ‖²/(n (n - 1)); NaN for one pair. */
  readonly variance: number;
}

/**
 * g_i = c_i + ξ_i s_i, s_i = ((L⁺_i - L⁻_i)/2 - ⟨ε_i, c_i⟩)/σ², c_i an unbiased estimate by other means, or 0 (Vicol,
 * Metz and Sohl-Dickstein 2021, arXiv 2112.13835, section 4, and the control variate of the same form).
 * @param directions ξ [pairs, weights]: ε where a strategy does not accumulate
 * @param L the meta-losses [pairs, 2]
 * @param control ε [pairs, weights] and c [pairs, weights]
 */
export function estimatePairs(
  directions: Float32Array,
  L: Float64Array,
  sigma: number,
  control?: { readonly perturbations: Float32Array; readonly gradients: Float32Array },
): PairsEstimate {
  const pairs = L.length / 2;
  const weights = directions.length / pairs;
  const mean = new Float64Array(weights);
  let squares = 0;
  for (let i = 0; i < pairs; i++) {
    const first = i * weights;
    let along = (L[2 * i]! - L[2 * i + 1]!) / 2;
    if (control)
      for (let j = first; j < first + weights; j++) along -= control.perturbations[j]! * control.gradients[j]!;
    const scale = along / sigma ** 2;
    for (let j = 0; j < weights; j++) {
      const own = scale * directions[first + j]! + (control?.gradients[first + j] ?? 0);
      squares += own * own;
      mean[j]! += own / pairs;
    }
  }
  const squaredNorm = mean.reduce((sum, value) => sum + value * value, 0);
  const variance = (squares - pairs * squaredNorm) / (pairs * (pairs - 1));
  return { gradient: Float32Array.from(mean), squaredNorm, variance };
}
