import type { EngineInfo } from '../contract/events.js';
import type { JobSpec } from '../contract/spec.js';
import { UserError } from '../contract/user-error.js';
import { decodeSafetensors, encodeSafetensors, FormatError } from '../weights/safetensors.js';
import { stateOfFormat2 } from './checkpoint-2.js';
import type { RunState } from './run-state.js';
import { packState, unpackState } from './state-tree.js';

/** What determines a run's bits besides its document. */
export interface Origin {
  engine: EngineInfo;
  /** Fingerprints of its data sets, by name. */
  data: Record<string, string>;
  /** Digest of the weights that are compared. */
  weightsSha256?: string | undefined;
}

const format = 'metadescent-checkpoint/3';
const formerFormat = 'metadescent-checkpoint/2';

/** A checkpoint is a safetensors file: the state's vectors are its one tensor, the rest is in its metadata. */
export function encodeCheckpoint(spec: JobSpec, origin: Origin, state: RunState): Uint8Array {
  const { engine, data, weightsSha256 } = origin;
  const { outline, vectors } = packState(state);
  return encodeSafetensors([{ name: 'vectors', shape: [vectors.length], data: vectors }], {
    format,
    spec: JSON.stringify(spec),
    engine: JSON.stringify(bitsOf(engine)),
    data: JSON.stringify(data),
    ...(weightsSha256 !== undefined && { weights: JSON.stringify(weightsSha256) }),
    state: outline,
  });
}

/**
 * @throws UserError if it belongs to another job, or to an engine or data with different bits; FormatError if the bytes are
 *   not a checkpoint.
 */
export function decodeCheckpoint(bytes: Uint8Array, spec: JobSpec, { engine, data, weightsSha256 }: Origin): RunState {
  const file = decodeSafetensors(bytes);
  const { tensors, metadata } = file;
  if (metadata.format !== format && metadata.format !== formerFormat)
    throw new FormatError(`Not a checkpoint file: its format is neither ${format} nor ${formerFormat}.`);
  mustMatch('job', metadata.spec, spec);
  mustMatch('engine', metadata.engine, bitsOf(engine));
  mustMatch('data set', metadata.data, data);
  if (metadata.weights !== undefined) mustMatch('weights file', metadata.weights, weightsSha256);
  if (metadata.format === formerFormat) return stateOfFormat2(file);
  const [vectors] = tensors;
  if (!vectors || metadata.state === undefined) throw new FormatError('The checkpoint lacks its state: it is damaged.');
  // A change of what it holds is another format.
  return unpackState({ outline: metadata.state, vectors: vectors.data }) as unknown as RunState;
}

/** What a checkpoint must match, and what to do otherwise. */
const remedies = {
  job: 'the spec that it names',
  engine: 'that engine and version, and that instruction set (METADESCENT_ISA)',
  'data set': 'the data that it names',
  'weights file': 'the weights that it names by their SHA-256',
};

function mustMatch(what: keyof typeof remedies, found: string | undefined, wanted: unknown): void {
  const text = JSON.stringify(wanted);
  if (found === text) return;
  throw new UserError(
    `The checkpoint belongs to a different ${what}: expected ${text}, found ${found}. Resume with ${remedies[what]}, or start over ("metadescent train --overwrite").`,
    'usage',
  );
}

/** The parts of an engine's description that determine its bits. */
function bitsOf({ engine, backend, version, instructionSet, precision, gradient }: EngineInfo) {
  return { engine, backend, version, instructionSet, precision, gradient };
}
