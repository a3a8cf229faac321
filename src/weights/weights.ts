import type { Static } from 'typebox';
import { checkFit } from '../contract/groups.js';
import { LearnedSpec } from '../contract/optimizers.js';
import type { ProblemSpec } from '../contract/problems.js';
import { Provenance } from '../contract/provenance.js';
import { Strict } from '../contract/schema.js';
import { Type } from '../contract/type.js';
import { compile, invalidDocument, isDeeperThan, maxDepth } from '../contract/validate.js';
import { encodeJson } from './json.js';
import { encodeNpz } from './npz.js';
import { decodeSafetensors, encodeSafetensors, FormatError } from './safetensors.js';
import { weightShapes } from './shapes.js';
import type { NamedTensor } from './tensors.js';

/** A trained optimizer: all that it takes to run it elsewhere. docs/weights-format.md specifies its file. */
export interface TrainedOptimizer {
  readonly spec: LearnedSpec;
  /** As {@link weightShapes} names and orders them. */
  readonly tensors: NamedTensor[];
  readonly provenance: Provenance;
}

const format = 'metadescent/1';
const gateOrder = 'input,forget,cell,output';

const Metadata = Strict({
  format: Type.Literal(format),
  gateOrder: Type.Literal(gateOrder),
  optimizer: LearnedSpec,
  ...Provenance.properties,
});
/** Compiled when a file is first decoded. */
let isMetadata: ReturnType<typeof compile> | undefined;
const plainKeys: readonly string[] = ['format', 'gateOrder'];

/**
 * Encodes a trained optimizer as safetensors.
 * @throws FormatError where the tensors are not the spec's.
 */
export function encodeWeights(trained: TrainedOptimizer): Uint8Array {
  const tensors = arrange(trained.spec, trained.provenance.problem, trained.tensors);
  const strings = Object.entries(metadataOf(trained)).map(([key, value]) => [
    key,
    plainKeys.includes(key) ? String(value) : JSON.stringify(value),
  ]);
  return encodeSafetensors(tensors, Object.fromEntries(strings));
}

/**
 * Decodes what {@link encodeWeights} encoded. Metadata under other keys is ignored.
 * @returns tensors that are views into `bytes` where alignment permits.
 * @throws FormatError where the file is not such a file, or its tensors are not those that its spec needs.
 */
export function decodeWeights(bytes: Uint8Array): TrainedOptimizer {
  const { tensors, metadata: strings } = decodeSafetensors(bytes);
  const known = new Map(Object.entries(strings));
  if (known.get('format') !== format)
    throw new FormatError(`metadata: format is ${JSON.stringify(known.get('format'))}, expected "${format}"`);
  const metadata: unknown = Object.fromEntries(
    Object.keys(Metadata.properties)
      .filter((key) => known.has(key))
      .map((key) => [key, parseValue(key, known.get(key) ?? '')]),
  );
  isMetadata ??= compile(Metadata);
  if (!isMetadata(metadata)) throw new FormatError(`metadata: ${invalidDocument(isMetadata.errors ?? []).detail}`);
  const { format: _, gateOrder: __, optimizer: spec, ...provenance } = metadata as Static<typeof Metadata>;
  return { spec, tensors: arrange(spec, provenance.problem, tensors), provenance };
}

/** Encodes a trained optimizer as NumPy's .npz, its metadata as a JSON string under `metadata`. */
export function toNpz(trained: TrainedOptimizer): Uint8Array {
  return encodeNpz(trained.tensors, JSON.stringify(metadataOf(trained)));
}

/** Encodes a trained optimizer as JSON. */
export function toJson(trained: TrainedOptimizer): string {
  return encodeJson(trained.tensors, metadataOf(trained));
}

function metadataOf({ spec, provenance }: TrainedOptimizer): Static<typeof Metadata> {
  return { format, gateOrder, optimizer: spec, ...provenance };
}

function parseValue(key: string, text: string): unknown {
  if (plainKeys.includes(key)) return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`metadata: ${key} is not JSON`, { cause: error });
  }
  if (isDeeperThan(value, maxDepth)) throw new FormatError(`metadata: ${key} nests deeper than ${maxDepth} levels`);
  return value;
}

/**
 * The tensors in the spec's order: other programs that write safetensors sort them by name.
 * @throws FormatError where one is missing, unexpected or of another shape, or the spec does not fit the problem.
 */
function arrange(spec: LearnedSpec, problem: ProblemSpec, tensors: readonly NamedTensor[]): NamedTensor[] {
  const [misfit] = checkFit(spec, problem);
  if (misfit)
    throw new FormatError(`metadata: /optimizer${misfit.pointer}: found ${misfit.found}, allowed: ${misfit.allowed}`);
  const named = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const arranged = weightShapes(spec, problem).map(({ name, shape }) => {
    const tensor = named.get(name);
    named.delete(name);
    if (tensor === undefined) throw new FormatError(`tensor ${name} is missing: the optimizer's spec needs it`);
    if (tensor.shape.join() !== shape.join())
      throw new FormatError(`tensor ${name} has shape [${tensor.shape}]: the optimizer's spec needs [${shape}]`);
    return tensor;
  });
  const [unexpected] = named.keys();
  if (unexpected !== undefined)
    throw new FormatError(
      `tensor ${JSON.stringify(unexpected)} has no place in the optimizer's spec, whose tensors are ${arranged.map((t) => t.name).join(', ')}`,
    );
  return arranged;
}
