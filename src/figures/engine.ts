import type { EngineInfo } from '../contract/events.js';

/** What an engine computed with, for example "avx512", or "avx512 with products in bf16". */
export function arithmeticOf({ instructionSet, precision }: Pick<EngineInfo, 'instructionSet' | 'precision'>): string {
  return precision === undefined ? instructionSet : `${instructionSet} with products in ${precision}`;
}
