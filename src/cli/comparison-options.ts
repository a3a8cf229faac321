import { basename, dirname, extname, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { parse } from 'yaml';
import { catalogue } from '../contract/catalogue.js';
import { tuningFunctions } from '../contract/comparison.js';
import { measures } from '../contract/measures.js';
import type { JobSpec } from '../contract/spec.js';
import type { TrainedOptimizerRef } from '../contract/trained.js';
import { readSpecFile, type SpecFile, specOf } from './spec-file.js';

/** The options of a comparison; they override the document. */
export interface ComparisonFlags {
  problem?: object;
  functions?: number;
  steps?: number;
  baselines?: object[];
  measures?: string[];
  tuningFunctions?: number;
  tuningExamples?: string;
  learningRate?: number | string;
  schedule?: string;
  seed?: number;
}

/** What an optimizer was trained for: the defaults of its comparison. */
export interface Origin {
  /** If unknown, `--problem` has to name it. */
  problem?: object | undefined;
  /** If unknown, the default number. */
  steps?: number | undefined;
}

export function withComparisonFlags(command: Command): Command {
  return command
    .option(
      '--problem <PROBLEM>',
      'problem to compare on: a name, or YAML or JSON with parameters: "{name: mnist, hidden: [40]}"',
      parseProblem,
    )
    .option('--functions <N>', 'fresh functions to compare on', parseCount)
    .option('--steps <N>', 'steps on each function', parseCount)
    .option(
      '--baselines <RULES>',
      'hand-designed optimizers: "all" that have a learning rate, or a list such as "adam, {name: sgd, learningRate: 0.1}"; rates that are not given are tuned',
      parseBaselines,
    )
    .option(
      '--measures <LIST>',
      `measures to tune rates for, each separately: any of ${measures.join(', ')}`,
      parseList,
    )
    .option('--learning-rate <RATE>', 'rate of the learned optimizer, or "tuned"; its usual one by default', parseRate)
    .option('--schedule <NAME>', 'rate of the learned optimizer over the steps: "constant" or "cosine"')
    .option('--tuning-functions <N>', 'functions to tune rates on', parseCount)
    .option(
      '--tuning-examples <SET>',
      'examples of the data set to tune on: "training", or "held-out", as in the comparison itself',
    )
    .option('--seed <N>', 'seed of all random draws', parseCount);
}

/**
 * The comparison of an optimizer that a document and the command line describe.
 * @param path of a job document: of kind compare, or of kind metatrain, whose problem and comparison are used. Without
 *   one: the problem and the horizon that the optimizer was trained on, with rates tuned for every measure, on the number
 *   of functions compared on or the default, whichever is smaller.
 * @throws UserError that lists each invalid field.
 */
export async function comparisonOf(
  path: string | undefined,
  optimizer: TrainedOptimizerRef,
  origin: () => Promise<Origin>,
  flags: ComparisonFlags,
): Promise<JobSpec> {
  const file = path === undefined ? documentOf(await origin(), flags) : await readSpecFile(path);
  return specOf(file, (document) => {
    if (!isObject(document)) return document;
    const { training: _, ...rest } = document;
    const { problem, seed } = flags;
    const base = document.kind === 'metatrain' ? { ...rest, kind: 'compare' } : document;
    return {
      ...base,
      ...(problem && { problem }),
      ...(seed !== undefined && { seed }),
      comparison: withFlags(base.comparison ?? {}, flags),
      optimizer,
    };
  });
}

/** Name of a comparison's folder. All runs call their weights weights.safetensors: then the run's folder is named. */
export function folderName(trained: string, path: string | undefined): string {
  const nameOf = (file: string) => basename(file, extname(file));
  const ofFile = nameOf(trained);
  const name = ofFile === 'weights' ? basename(dirname(resolve(trained))) || ofFile : ofFile;
  return [name, ...(path === undefined ? [] : [nameOf(path)]), 'compare'].join('-');
}

function documentOf({ problem, steps }: Origin, { functions = Number.POSITIVE_INFINITY }: ComparisonFlags): SpecFile {
  const tuning = { measures, functions: Math.min(functions, tuningFunctions) };
  const document = { kind: 'compare', ...given({ problem }), comparison: given({ steps, tuning }) };
  return { name: 'the comparison given by the options', document, lineOf: () => null };
}

/** A value that is not an object is left for the validator to report. */
function withFlags(comparison: unknown, flags: ComparisonFlags): unknown {
  if (!isObject(comparison)) return comparison;
  const { functions, steps, baselines, measures, tuningFunctions, tuningExamples, learningRate, schedule } = flags;
  const { tuning = {}, learned = {} } = comparison;
  const used = given({ learningRate, schedule: schedule === undefined ? undefined : { name: schedule } });
  const ofTuning = given({ measures, functions: tuningFunctions, examples: tuningExamples });
  return {
    ...comparison,
    ...given({ functions, steps, baselines }),
    ...(Object.keys(used).length > 0 && isObject(learned) && { learned: { ...learned, ...used } }),
    tuning: isObject(tuning) ? { ...tuning, ...ofTuning } : tuning,
  };
}

function given(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a whole number, 0 or more');
  return Number(text);
}

/** A number, or a word for the validator to judge. */
function parseRate(text: string): number | string {
  return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
}

function parseList(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

function parseProblem(text: string): object {
  return toNamed(parseYaml(text));
}

function parseBaselines(text: string): object[] {
  // Not conjugate gradients, which have no rate and do not suit every problem.
  const tuned = catalogue.rules.filter(({ defaults }) => 'learningRate' in defaults);
  if (text === 'all') return tuned.map(({ name }) => ({ name }));
  const list: unknown = parseYaml(`[${text}]`);
  return (list as unknown[]).map(toNamed);
}

/** "adam" is short for {name: adam}. */
function toNamed(value: unknown): object {
  if (isObject(value)) return value;
  if (typeof value === 'string') return { name: value };
  throw new InvalidArgumentError(`expected a name, or an object with one; found ${JSON.stringify(value)}`);
}

function parseYaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new InvalidArgumentError(`expected YAML or JSON: ${(error as Error).message.split('\n')[0]}`);
  }
}
