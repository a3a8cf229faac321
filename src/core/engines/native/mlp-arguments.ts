import type { MlpSpec } from '../../../contract/networks/mlp.js';
import { matricesOf, mlpFeatures } from '../../../contract/networks/mlp-features.js';
import type { PlacedParameter } from '../../../contract/parameters.js';
import type { StepRates } from '../../../contract/use.js';
import type { Descriptor } from './fields.js';

/** What native/engine/mlp_descriptors.cc reads as an MLP. */
export function mlpDescriptor(spec: MlpSpec): Descriptor {
  const { features, vectorFeatures, epsilon } = spec;
  return {
    features: Int32Array.from(features, (feature) => mlpFeatures.indexOf(feature)),
    vectorFeatures: vectorFeatures ?? features.length,
    momenta: Float64Array.from(spec.momenta),
    secondMoment: spec.secondMoment,
    factored: Float64Array.from(spec.factored),
    learnDecays: spec.learnDecays,
    maximumGradient: spec.maximumGradient,
    epsilonMoment: epsilon.moment,
    epsilonFactored: epsilon.factored,
    epsilonNormalisation: epsilon.normalisation,
    normaliseFeatures: spec.normaliseFeatures === 'rms',
    normaliseUpdate: spec.normaliseUpdate === 'rms',
    magnitude: spec.output === 'direction-and-magnitude',
    hidden: spec.hidden,
  };
}

/** The field `tensors` of parameters that lie one after another: [matrices, rows, columns] of each. */
export function tensorNumbers(parameters: readonly PlacedParameter[]): Int32Array {
  return Int32Array.from(
    parameters.flatMap((parameter) => {
      const matrices = matricesOf(parameter);
      return matrices ? [matrices.count, matrices.rows, matrices.columns] : [0, 1, parameter.size];
    }),
  );
}

/** The rates of a run that names none. */
export function usualRates(rate: number): StepRates {
  return { at: () => rate, weightDecay: 0 };
}
