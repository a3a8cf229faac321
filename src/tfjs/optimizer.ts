import {
  add,
  engine,
  type NamedTensorMap,
  Optimizer,
  serialization,
  type Tensor,
  tensor,
  tensor1d,
  tidy,
  type Variable,
} from '@tensorflow/tfjs-core';
import { type LearnedOptimizer as Applied, load, type State } from '../apply/apply.js';

type NamedTensor = Awaited<ReturnType<Optimizer['getWeights']>>[number];

export interface LearnedOptimizerOptions {
  /** α, which multiplies the updates; by default the optimizer's usual one: 1 for LSTMs, 0.001 for MLPs. */
  readonly learningRate?: number;
  /** λ: θ shrinks by α λ θ per step; 0 unless given. */
  readonly weightDecay?: number;
}

/** What a serialised optimizer consists of. */
interface Config extends LearnedOptimizerOptions {
  /** The file, in base64. */
  readonly weights: string;
}

/**
 * A trained optimizer as one of TensorFlow.js: for `model.compile({ optimizer })`, `minimize` and `applyGradients`.
 *
 *     const optimizer = new LearnedOptimizer(bytes, { learningRate: 0.01 });
 *
 * Its arithmetic is JavaScript's: each step reads the gradients back from the backend.
 */
export class LearnedOptimizer extends Optimizer {
  /** @nocollapse */
  static readonly className = 'MetadescentLearnedOptimizer';

  /** α; may be changed between steps. */
  learningRate: number;
  weightDecay: number;
  private readonly applied: Applied;
  /** Of the variables that the first step had gradients of. */
  private state: State | null = null;
  /** Of {@link setWeights}, until the variables are known. */
  private restored: readonly Float32Array[] | null = null;

  /**
   * @param bytes a safetensors file
   * @throws FormatError if it is no trained optimizer
   */
  constructor(
    private readonly bytes: Uint8Array,
    options: LearnedOptimizerOptions = {},
  ) {
    super();
    this.applied = load(bytes);
    this.learningRate = options.learningRate ?? this.applied.usualRate;
    this.weightDecay = options.weightDecay ?? 0;
  }

  /**
   * Steps of all variables that have gradients; the others stay as they are.
   * @throws RangeError if the optimizer does not fit the variables, or if others had gradients at the first step
   */
  applyGradients(variableGradients: NamedTensorMap | NamedTensor[]): void {
    const given: Map<string, Tensor | null> = new Map(
      Array.isArray(variableGradients)
        ? variableGradients.map(({ name, tensor }) => [name, tensor])
        : Object.entries(variableGradients),
    );
    this.state ??= this.begin([...given].map(([name]) => variable(name)));
    const { parameters } = this.state;
    const names = parameters.map(({ name }) => name!);
    const other = [...given.keys()].find((name) => !names.includes(name));
    if (other !== undefined)
      throw new RangeError(
        `${other} has a gradient, and had none at the first step: use an optimizer per set of variables`,
      );
    const read = (tensor: Tensor | null | undefined) => (tensor ? (tensor.dataSync() as Float32Array) : null);
    const gradients = names.map((name) => read(given.get(name)));
    const values = names.map((name) => read(variable(name))!);
    const { learningRate, weightDecay } = this;
    const updates = this.applied.step(gradients, this.state, { values, learningRate, weightDecay });
    for (const [p, { name, shape }] of parameters.entries()) {
      if (gradients[p] === null) continue;
      tidy(() => variable(name!).assign(add(variable(name!), tensor(updates[p]!, [...shape]))));
    }
    this.incrementIterations();
  }

  private begin(variables: readonly Variable[]): State {
    const state = this.applied.init(variables.map(({ name, shape }) => ({ name, shape })));
    state.steps = this.iterations;
    if (!this.restored) return state;
    const arrays = state.groups.flat();
    if (this.restored.length !== arrays.length || arrays.some(({ length }, i) => this.restored![i]!.length !== length))
      throw new RangeError('the weights that were set belong to other variables, or to another trained optimizer');
    for (const [i, array] of arrays.entries()) array.set(this.restored[i]!);
    this.restored = null;
    return state;
  }

  /** The number of steps taken, then the state; before the first step, only the number. */
  override async getWeights(): Promise<NamedTensor[]> {
    const arrays = this.state?.groups.flat() ?? [];
    // A backend may keep a tensor's array itself.
    return [
      await this.saveIterations(),
      ...arrays.map((array, i) => ({ name: `state/${i}`, tensor: tensor1d(array.slice()) })),
    ];
  }

  override async setWeights(weightValues: NamedTensor[]): Promise<void> {
    const arrays = await this.extractIterations(weightValues);
    this.restored =
      arrays.length === 0 ? null : await Promise.all(arrays.map(({ tensor }) => tensor.data<'float32'>()));
    const known = this.state;
    this.state = null;
    if (known) this.state = this.begin(known.parameters.map(({ name }) => variable(name!)));
  }

  getConfig(): serialization.ConfigDict {
    const { bytes, learningRate, weightDecay } = this;
    return { weights: toBase64(bytes), learningRate, weightDecay };
  }

  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    const { weights, ...options } = config as unknown as Config;
    return new cls(fromBase64(weights), options);
  }
}

serialization.registerClass(LearnedOptimizer);

function variable(name: string): Variable {
  const found = engine().registeredVariables[name];
  if (!found) throw new RangeError(`there is no variable ${name}`);
  return found;
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
