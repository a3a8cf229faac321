import type { Static } from 'typebox';
import type { FieldError } from '../errors.js';
import { type PlacedParameter, sizeOfAll } from '../parameters.js';
import { Choice, Nullable, OneOf, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { Filling, NetworkContract, WeightTensor } from './network.js';

export const PreprocessSpec = OneOf(
  'name',
  [
    Strict({ name: Type.Literal('none') }, { description: 'The gradient itself: one input.' }),
    Strict(
      {
        name: Type.Literal('log-sign-paper'),
        p: Type.Number({ exclusiveMinimum: 0, maximum: 50, default: 10 }),
      },
      {
        description: 'Two inputs: (log|g|/p, sgn g) where |g| ≥ e^-p, else (-1, e^p g) (arXiv 1606.04474, appendix A).',
      },
    ),
    Strict(
      {
        name: Type.Literal('log-sign-deepmind'),
        k: Type.Number({ exclusiveMinimum: 0, maximum: 50, default: 5 }),
      },
      {
        description:
          'Two inputs: (max(log(|g| + ε)/k, -1), clip(g e^k, -1, 1)), ε = 2^-23 (deepmind/learning-to-learn).',
      },
    ),
  ],
  { default: { name: 'none' }, description: 'How a gradient g becomes the network’s inputs.' },
);
export type PreprocessSpec = Static<typeof PreprocessSpec>;

export const LstmSpec = Strict(
  {
    name: Type.Literal('lstm'),
    layers: Type.Array(Type.Integer({ minimum: 1, maximum: 1024 }), {
      maxItems: 8,
      default: [20, 20],
      description:
        'Units of each LSTM layer. Without layers, the network is a linear map of the inputs, as in DeepMind’s simple example.',
    }),
    over: Choice(['coordinate', 'kernel', 'all'], {
      default: 'coordinate',
      description:
        'What one application of the network sees and keeps a state for: one coordinate; all k · k entries of a convolution kernel [k, k, in, out] for one pair of channels (DeepMind’s KernelDeepLSTM); or all coordinates of a function at once (their StandardDeepLSTM), whose weights then fit only functions of that many coordinates.',
    }),
    inputProjection: Nullable(Type.Integer({ minimum: 1, maximum: 1024 }), {
      default: null,
      description: 'Width of a linear layer between the inputs and the first LSTM layer; null for none.',
    }),
    preprocess: PreprocessSpec,
    outputScale: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1e6,
      default: 1,
      description: 'The update is this times the output projection.',
    }),
    initialisation: Strict(
      {
        kernels: Choice(['fan-in-uniform', 'truncated-normal', 'glorot-uniform', 'zeros'], {
          default: 'truncated-normal',
          description:
            'Distribution of every kernel, in the order of the values: U(±1/√fan-in); N(0, 1/fan-in) cut at two standard deviations; U(±√(6/(fan-in + fan-out))); or 0, only for a linear map: layers and an input projection would keep gradients of 0.',
        }),
        output: Choice(['kernels', 'zeros'], {
          default: 'kernels',
          description: 'Output projection: like the other kernels, or 0 (the first update is then 0).',
        }),
        forgetBias: Type.Number({ minimum: -10, maximum: 10, default: 1, description: 'Initial forget-gate bias.' }),
      },
      { default: {}, description: 'Initial weights. Biases other than the forget gate’s begin at 0.' },
    ),
  },
  {
    title: 'LSTM',
    description:
      'The LSTM of arXiv 1606.04474: one small network applied to every coordinate, or block as `over` says, each with its own state.',
  },
);
export type LstmSpec = Static<typeof LstmSpec>;

/** Inputs of a network over blocks of `width` coordinates. */
export function inputsOf({ preprocess }: LstmSpec, width: number): number {
  return preprocess.name === 'none' ? width : 2 * width;
}

/** Weights files of earlier versions do not say how their weights began. */
const unsaid: LstmSpec['initialisation'] = { kernels: 'zeros', output: 'zeros', forgetBias: 0 };

export const lstm: NetworkContract<LstmSpec> = {
  title: 'LSTM',
  usualRate: 1,
  backward: true,
  sizedBy: 'layers',
  scaledBy: 'outputScale',

  describe({ layers, over }) {
    const units = layers.length > 0 ? `LSTM, ${layers.join(' + ')} units` : 'linear map';
    return over === 'coordinate' ? units : `${units}, over ${over === 'all' ? 'all coordinates' : 'kernels'}`;
  },

  widthOf({ over }, tensors) {
    switch (over) {
      case 'all':
        return sizeOfAll(tensors);
      case 'kernel':
        return kernelOf(tensors[0]!)!;
      default:
        return 1;
    }
  },

  widthFrom: ({ over }, shapeOf) => (over === 'coordinate' ? 1 : shapeOf('output.bias')?.[0]),

  splitsTensors: ({ over }) => over === 'kernel',

  weights(spec, width) {
    const { inputProjection, layers } = spec;
    const { forgetBias, kernels, output } = spec.initialisation ?? unsaid;
    const tensors: WeightTensor[] = [];
    const affine = (name: string, inputs: number, outputs: number, kernel: Filling, bias: Filling) =>
      tensors.push(
        { name: `${name}.kernel`, shape: [inputs, outputs], begins: kernel },
        { name: `${name}.bias`, shape: [outputs], begins: bias },
      );
    const drawn: Filling = { name: kernels };
    const zeros: Filling = { name: 'zeros' };
    let inputs = inputsOf(spec, width);
    if (inputProjection !== null) {
      affine('input', inputs, inputProjection, drawn, zeros);
      inputs = inputProjection;
    }
    for (const [layer, units] of layers.entries()) {
      // The gates' order is input, forget, cell, output.
      const bias: Filling = { name: 'range', value: forgetBias, from: units, to: 2 * units };
      affine(`lstm.${layer}`, inputs + units, 4 * units, drawn, bias);
      inputs = units;
    }
    affine('output', inputs, width, output === 'zeros' ? zeros : drawn, zeros);
    return tensors;
  },

  state(spec, tensors) {
    const items = sizeOfAll(tensors) / lstm.widthOf!(spec, tensors);
    return spec.layers.flatMap((rows, layer) => [
      { name: `h.${layer}`, rows, items, bounded: true },
      { name: `c.${layer}`, rows, items },
    ]);
  },

  /** Gates, states and their activations, the inputs and the update. */
  computedFloats({ layers, inputProjection }, width) {
    return 9 * layers.reduce((a, b) => a + b, 0) + (inputProjection ?? 0) + 4 * width;
  },

  /** A network over kernels needs parameters that are kernels, all of one size. */
  check({ over }, tensors, pointer) {
    if (over !== 'kernel' || tensors.length === 0) return [];
    const [first] = tensors;
    const odd = tensors.find(
      ({ shape }) => shape.length !== 4 || shape.slice(0, 2).join() !== first!.shape.slice(0, 2).join(),
    );
    if (!odd) return [];
    const allowed = `"kernel" only for parameters of shape [k, k, in, out] with the same k; ${odd.name} is [${odd.shape}]: move it to another group`;
    return [{ pointer: `${pointer}/over`, found: JSON.stringify(over), allowed }];
  },

  checkWidth({ over }, trained, width, pointer) {
    if (width === trained) return [];
    const allowed = `blocks of ${trained} coordinates, as in training (here ${width})`;
    return [{ pointer: `${pointer}/over`, found: JSON.stringify(over), allowed }];
  },

  /** Consecutive kernels of 0 keep gradients of 0 for good: each gradient is multiplied by the other kernel's output. */
  checkLearnable({ initialisation, inputProjection, layers }, pointer): FieldError[] {
    if (initialisation.kernels !== 'zeros' || (layers.length === 0 && inputProjection === null)) return [];
    const allowed =
      'another initialisation where there are layers or an input projection: their gradients would be 0 for good; "output": "zeros" is enough for a first update of 0';
    return [{ pointer: `${pointer}/initialisation/kernels`, found: '"zeros"', allowed }];
  },

  withoutKernels({ over }) {
    if (over === 'coordinate') return null;
    return `optimizer.over: "${over}" runs only on the tfjs engine (engine.name "auto" or "tfjs").`;
  },

  inExample: ({ over }) => over === 'coordinate',
};

/** Entries of a convolution's kernel per pair of channels; undefined for other parameters. */
function kernelOf({ shape }: PlacedParameter): number | undefined {
  return shape.length === 4 ? shape[0]! * shape[1]! : undefined;
}
