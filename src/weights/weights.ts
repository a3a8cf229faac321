import { networkWidths } from '../contract/groups.js';
import { networkContract } from '../contract/networks/networks.js';
import type { LearnedSpec } from '../contract/optimizers.js';
import type { Provenance } from '../contract/provenance.js';
import { format, gateOrder, plainKeys } from './format.js';
import { encodeJson } from './json.js';
import { decodeMetadata } from './metadata.js';
import { encodeNpz } from './npz.js';
import { decodeSafetensors, encodeSafetensors, FormatError } from './safetensors.js';
import { networksOf, type SizedNetwork, shapesOf, tensorName } from './shapes.js';
import type { NamedTensor } from './tensors.js';

/** A trained optimizer: everything needed to run it elsewhere. docs/weights-format.md specifies its file. */
export interface TrainedOptimizer {
  readonly spec: LearnedSpec;
  /** Named and ordered as by {@link shapesOf}. */
  readonly tensors: NamedTensor[];
  readonly provenance: Provenance;
}

/** A trained optimizer from a file. */
export interface DecodedOptimizer extends TrainedOptimizer {
  /** Coordinates that each network sees per application. */
  readonly widths: number[];
  /** The file's values of the known keys, unchanged. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The limit of a job's document: the header goes into a record, and is parsed in one piece. */
const maxHeaderBytes = 2 ** 20;

/**
 * Encodes a trained optimizer as safetensors.
 * @throws FormatError if the tensors do not match the spec
 */
export function encodeWeights(trained: TrainedOptimizer): Uint8Array {
  const { spec, provenance, tensors } = trained;
  const widths = provenance.problem && networkWidths(spec, provenance.problem);
  const strings = Object.entries(metadataOf(trained)).map(([key, value]) => [
    key,
    plainKeys.includes(key) ? String(value) : JSON.stringify(value),
  ]);
  return encodeSafetensors(arrange(networksIn(spec, tensors, widths), tensors), Object.fromEntries(strings));
}

/**
 * Decodes a weights file. Only what is needed to run the optimizer is required: unknown keys are dropped, and missing
 * provenance is not filled in.
 * @returns tensors that are views into `bytes` where alignment permits
 * @throws FormatError if it is not a weights file, or its tensors do not match its spec
 */
export function decodeWeights(bytes: Uint8Array): DecodedOptimizer {
  const { tensors, metadata: strings } = decodeSafetensors(bytes, maxHeaderBytes);
  const { spec, provenance, metadata, widths } = decodeMetadata(strings);
  const networks = networksIn(spec, tensors, widths);
  return {
    spec,
    tensors: arrange(networks, tensors),
    provenance,
    widths: networks.map(({ width }) => width),
    metadata,
  };
}

/** Encodes a trained optimizer as NumPy's .npz, its metadata as a JSON string under `metadata`. */
export function toNpz(trained: TrainedOptimizer): Uint8Array {
  return encodeNpz(trained.tensors, JSON.stringify(metadataOf(trained)));
}

/** Encodes a trained optimizer as JSON. */
export function toJson(trained: TrainedOptimizer): string {
  return encodeJson(trained.tensors, metadataOf(trained));
}

function metadataOf(trained: TrainedOptimizer & Partial<DecodedOptimizer>): Readonly<Record<string, unknown>> {
  const { spec, provenance, metadata } = trained;
  return metadata ?? { format, gateOrder, optimizer: spec, ...provenance };
}

/** @param widths null if the problem that determines them is unknown; then they follow from the tensors */
function networksIn(
  spec: LearnedSpec,
  tensors: readonly NamedTensor[],
  widths: readonly number[] | null = null,
): SizedNetwork[] {
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  return networksOf(spec).map((network, i) => {
    const shapeOf = (name: string) => shapes.get(tensorName(network, name));
    const { optimizer } = network;
    const found = () => networkContract(optimizer).widthFrom?.(optimizer, shapeOf) ?? 1;
    return { ...network, width: widths?.[i] ?? found() };
  });
}

/**
 * The tensors in the spec's order: other programs that write safetensors sort them by name.
 * @throws FormatError if one is missing, unexpected or of another shape
 */
function arrange(networks: readonly SizedNetwork[], tensors: readonly NamedTensor[]): NamedTensor[] {
  const named = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const arranged = shapesOf(networks).map(({ name, shape }) => {
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
