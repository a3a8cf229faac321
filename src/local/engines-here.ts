import type { EngineInfo } from '../contract/events.js';
import type { EngineSpec } from '../contract/spec.js';
import { selectEngine } from '../core/engines/select.js';
import { loadDigits } from '../data/digits.js';

/** Describes an engine of this machine. @throws Unsupported that says what is missing */
export async function describeEngine(name: Exclude<EngineSpec['name'], 'auto'>): Promise<string> {
  const { info } = await selectEngine({ name, backend: 'auto' });
  return wordsOf(info);
}

function wordsOf({ backend, instructionSet, threads, version }: EngineInfo): string {
  return `${backend}, ${instructionSet}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, version ${version}`;
}

/** Describes the digits of the problem "mnist". @throws DatasetError that says what is missing */
export async function describeDigits(): Promise<string> {
  const { training, heldOut } = await loadDigits();
  return `${training.labels.length} for training, ${heldOut.labels.length} held out`;
}
