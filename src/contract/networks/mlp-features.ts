/**
 * What a per-coordinate MLP may see. A tensor of θ is a stack of matrices, R × C, over its last two axes; one with fewer
 * axes is a vector. g is the gradient, m its means, v its mean square, r and c the means of g² over the columns and over
 * the rows of a matrix (Shazeer and Stern 2018, arXiv 1804.04235).
 */
export const mlpFeatures = [
  'gradient',
  'clipped-gradient',
  'parameter',
  'momentum',
  'second-moment',
  'momentum-over-root',
  'inverse-root',
  'factored-gradient',
  'gradient-over-root',
  'row',
  'column',
  'inverse-root-row',
  'inverse-root-column',
  'factored-momentum',
  'time',
] as const;
export type MlpFeature = (typeof mlpFeatures)[number];

/** α of a run that names none. */
export const mlpUsualRate = 0.001;

/** τ of the inputs of "time", tanh(t/τ - 1), t the steps taken so far. */
export const timeScales = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000] as const;

/** What the quotients of the factored moments add, and cut below: as in arXiv 2203.11860. */
export const factoredFloor = 1e-9;

/** What is added to g² before the factored moments' means. */
export const squareFloor = 1e-30;

/** `clipped-gradient` is g cut to ± this. */
export const clippedAt = 0.1;

/** Features whose number follows from the momenta, or from the factored decays. */
const perMomentum: ReadonlySet<MlpFeature> = new Set(['momentum', 'momentum-over-root']);
const perFactored: ReadonlySet<MlpFeature> = new Set([
  'factored-gradient',
  'row',
  'column',
  'inverse-root-row',
  'inverse-root-column',
  'factored-momentum',
]);

/** Decays of the momenta, and of r and c. */
interface Averages {
  readonly momenta: readonly number[];
  readonly factored: readonly number[];
}

/** Inputs of a feature. */
export function inputsOfFeature({ momenta, factored }: Averages, feature: MlpFeature): number {
  if (feature === 'time') return timeScales.length;
  if (perMomentum.has(feature)) return momenta.length;
  return perFactored.has(feature) ? factored.length : 1;
}

/** Inputs of the perceptron. */
export function mlpInputs(spec: Averages & { readonly features: readonly MlpFeature[] }): number {
  return spec.features.reduce((sum, feature) => sum + inputsOfFeature(spec, feature), 0);
}

/** What it puts out per coordinate: d, or d and m. */
export function mlpOutputs({ output }: { readonly output: 'direction' | 'direction-and-magnitude' }): number {
  return output === 'direction' ? 1 : 2;
}

/**
 * The decays β: of the momenta, of the second moment, and the factored ones, in φ's order.
 * @param deltas δ per decay; null if they are not learned
 */
export function decaysOf(
  { momenta, secondMoment, factored }: Averages & { readonly secondMoment: number },
  deltas: ArrayLike<number> | null,
): number[] {
  const begin = [...momenta, secondMoment, ...factored];
  if (!deltas) return begin;
  return begin.map((beta, i) => Math.min(Math.max(1 - (1 - beta) * Math.exp(10 * deltas[i]!), 0), 1));
}

/** A tensor of θ as a stack of matrices over its last two axes; null for a vector or a scalar. */
export function matricesOf({ shape }: { readonly shape: readonly number[] }): Matrices | null {
  if (shape.length < 2) return null;
  const [rows, columns] = shape.slice(-2) as [number, number];
  return { count: shape.slice(0, -2).reduce((a, b) => a * b, 1), rows, columns };
}
export interface Matrices {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}
