import type { EngineInfo } from '../contract/events.js';
import type { JobSpec } from '../contract/spec.js';
import { UserError } from '../contract/user-error.js';
import { decodeSafetensors, encodeSafetensors, FormatError } from '../weights/safetensors.js';
import type { ComparisonState } from './compare/comparison.js';
import type { TrainingState } from './metatrain/state.js';
import { packState, unpackState } from './state-tree.js';

/** What the next pull of a run does; `concluding` only reports that the run is done. */
export type RunStage = 'start' | 'training' | 'comparison' | 'concluding' | 'ended';

/** The whole state of a run between two pulls. */
export interface Checkpoint {
  phase: RunStage;
  training: TrainingState | null;
  comparison: ComparisonState | null;
}

/** What determines a run's bits besides its document. */
export interface Origin {
  engine: EngineInfo;
  /** Fingerprints of its data sets, by name. */
  data: Record<string, string>;
  /** Digest of the weights that are compared. */
  weightsSha256?: string | undefined;
}

const family = 'metadescent-checkpoint/';
const format = `${family}3`;

/** A checkpoint is a safetensors file: the state's vectors are its one tensor, the rest is in its metadata. */
export function encodeCheckpoint(spec: JobSpec, origin: Origin, state: Checkpoint): Uint8Array {
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
 * @throws UserError if it is of another version, or belongs to another job, or to an engine or data with different bits;
 *   FormatError if the bytes are not a checkpoint.
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  spec: JobSpec,
  { engine, data, weightsSha256 }: Origin,
): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (!metadata.format?.startsWith(family)) throw new FormatError('Not a checkpoint file.');
  if (metadata.format !== format)
    throw new UserError(
      `The checkpoint was written by another version of metadescent: expected the format ${format}, found ${metadata.format}. Resume with that version, or start over ("metadescent train --overwrite").`,
      'usage',
    );
  mustMatch('job', metadata.spec, spec);
  mustMatch('engine', metadata.engine, bitsOf(engine));
  mustMatch('data set', metadata.data, data);
  if (metadata.weights !== undefined) mustMatch('weights file', metadata.weights, weightsSha256);
  const [vectors] = tensors;
  if (!vectors || metadata.state === undefined) throw new FormatError('The checkpoint lacks its state: it is damaged.');
  // What another version might have changed, the format and the engine's version have ruled out.
  return unpackState({ outline: metadata.state, vectors: vectors.data }) as unknown as Checkpoint;
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
function bitsOf({ engine, backend, version, instructionSet, gradient }: EngineInfo) {
  return { engine, backend, version, instructionSet, gradient };
}
