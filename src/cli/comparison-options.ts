import { basename, dirname, extname, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { parse } from 'yaml';
import { catalogue } from '../contract/catalogue.js';
import { measures, tuningFunctions } from '../contract/comparison.js';
import type { JobSpec } from '../contract/spec.js';
import type { TrainedOptimizerRef } from '../contract/trained.js';
import { readSpecFile, type SpecFile, specOf } from './spec-file.js';

/** What the command line says of a comparison. It goes before what a file says. */
export interface ComparisonFlags {
  problem?: object;
  functions?: number;
  steps?: number;
  baselines?: object[];
  measures?: string[];
  tuningFunctions?: number;
  tuningExamples?: string;
  seed?: number;
}

/** What an optimizer was trained for: the comparison that is made where nothing else is said. */
export interface Origin {
  /** Where it is not known, `--problem` has to name it. */
  problem?: object | undefined;
  /** The usual number where it is not known. */
  steps?: number | undefined;
}

export function withComparisonFlags(command: Command): Command {
  return command
    .option(
      '--problem <PROBLEM>',
      'its name, or with its parameters as YAML or JSON: "{name: mnist, hidden: [40]}"',
      parseProblem,
    )
    .option('--functions <N>', 'fresh functions to compare on', parseCount)
    .option('--steps <N>', 'steps on each function', parseCount)
    .option(
      '--baselines <RULES>',
      'hand-written rules: "all" that have a rate, or names with commas between; rates are tuned; with parameters as YAML: "adam, {name: sgd, learningRate: 0.1}"',
      parseBaselines,
    )
    .option('--measures <LIST>', 'what rates are tuned for, each by itself: of sum, tail and final', parseList)
    .option('--tuning-functions <N>', 'functions that rates are tuned on', parseCount)
    .option(
      '--tuning-examples <SET>',
      'what tuning sees of a data set: "training", or "held-out", what the comparison itself sees',
    )
    .option('--seed <N>', 'of all that is drawn', parseCount);
}

/**
 * The comparison of an optimizer that a document and the command line describe.
 * @param path of a job document: of kind compare, or of kind metatrain, of which the problem and the comparison are
 *   taken. Without one, it is the problem that the optimizer was trained on, for as many steps, with rates tuned for
 *   every measure, on as many functions as are compared on or the usual number, whichever is less.
 * @throws UserError that lists each field at fault.
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

/** The name of the folder for a comparison's files: a run's weights are all called weights.safetensors. */
export function folderName(trained: string, path: string | undefined): string {
  const nameOf = (file: string) => basename(file, extname(file));
  const ofFile = nameOf(trained);
  const name = ofFile === 'weights' ? basename(dirname(resolve(trained))) || ofFile : ofFile;
  return [name, ...(path === undefined ? [] : [nameOf(path)]), 'compare'].join('-');
}

function documentOf({ problem, steps }: Origin, { functions = Number.POSITIVE_INFINITY }: ComparisonFlags): SpecFile {
  const tuning = { measures, functions: Math.min(functions, tuningFunctions) };
  const document = { kind: 'compare', ...given({ problem }), comparison: given({ steps, tuning }) };
  return { name: 'what the command line asks for', document, lineOf: () => null };
}

/** What is no object stays as it is, for the validator to say so. */
function withFlags(comparison: unknown, flags: ComparisonFlags): unknown {
  if (!isObject(comparison)) return comparison;
  const { functions, steps, baselines, measures, tuningFunctions, tuningExamples } = flags;
  const { tuning = {} } = comparison;
  const ofTuning = given({ measures, functions: tuningFunctions, examples: tuningExamples });
  return {
    ...comparison,
    ...given({ functions, steps, baselines }),
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

function parseList(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

function parseProblem(text: string): object {
  return toNamed(parseYaml(text));
}

function parseBaselines(text: string): object[] {
  // Conjugate gradients have none, and are not for every problem.
  const tuned = catalogue.rules.filter(({ defaults }) => 'learningRate' in defaults);
  if (text === 'all') return tuned.map(({ name }) => ({ name }));
  const list: unknown = parseYaml(`[${text}]`);
  return (list as unknown[]).map(toNamed);
}

/** "adam" stands for {name: adam}. */
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
