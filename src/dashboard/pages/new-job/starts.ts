import celo2Base from '../../../../examples/specs/celo2-base.yaml?raw';
import compare from '../../../../examples/specs/compare.yaml?raw';
import mnist from '../../../../examples/specs/mnist.yaml?raw';
import quadratic from '../../../../examples/specs/quadratic.yaml?raw';
import seed from '../../../../examples/specs/seed.yaml?raw';
import smallFc from '../../../../examples/specs/small-fc.yaml?raw';
import { longestHorizon } from '../../../contract/curriculum.js';
import { ApiError } from '../../../contract/errors.js';
import type { Job } from '../../../contract/job.js';
import type { Field } from '../../forms/field.js';
import { type Json, withValue } from '../../forms/json.js';
import { readText, reviseText, writeText } from '../../forms/text.js';
import { shortened } from '../../forms/values.js';
import { api } from '../../service/api.js';

/** What a new job begins with. */
export interface Start {
  /** YAML. */
  readonly text: string;
  /** The job that it repeats, to show what is different. */
  readonly original: Job | null;
}

/** The examples, by their names in addresses: files of examples/specs, comments and all. */
export const examples = {
  seed: { title: 'Seed', about: '10-d parabolas, seconds', text: seed },
  quadratic: { title: 'Quadratics', about: 'the paper’s first experiment, a minute', text: quadratic },
  digits: { title: 'Digits', about: 'a perceptron on MNIST, two minutes', text: mnist },
  'celo2-base': { title: 'Celo2-base', about: 'an MLP by evolution strategies, on perceptrons', text: celo2Base },
  'small-fc': { title: 'small-fc', about: 'an MLP whose decays are learned too, on quadratics', text: smallFc },
  transfer: { title: 'Transfer', about: 'a trained optimizer on another problem', text: compare },
} as const;
export type ExampleName = keyof typeof examples;

export function isExample(name: string | undefined): name is ExampleName {
  return name !== undefined && Object.hasOwn(examples, name);
}

export interface StartQuery {
  readonly example?: string | undefined;
  readonly from?: string | undefined;
  readonly optimizer?: string | undefined;
}

/** The least that a job's document must say. */
const least = { kind: 'metatrain', problem: { name: 'parabola' }, optimizer: { name: 'lstm' } };

/** @throws ApiError where a job, an optimizer or an example is not known */
export async function loadStart({ example, from, optimizer }: StartQuery, field: Field): Promise<Start> {
  if (from !== undefined) {
    const original = await api.get(from);
    return { text: writeText(shortened(field, original.spec as unknown as Json), 'yaml'), original };
  }
  if (optimizer !== undefined) return { text: writeText(await comparisonOf(optimizer, field), 'yaml'), original: null };
  if (example === undefined) return { text: writeText(least, 'yaml'), original: null };
  if (!isExample(example))
    throw new ApiError('not-found', `There is no example "${example}"; there are ${Object.keys(examples).join(', ')}.`);
  const { text } = examples[example];
  return { text: example === 'transfer' ? await withTrained(text) : text, original: null };
}

/** A comparison of a registered optimizer, "NAME@VERSION", where it was trained. */
async function comparisonOf(reference: string, field: Field): Promise<Json> {
  const [name = '', version] = reference.split('@');
  const record = await api.optimizer({ name, version: version === undefined ? undefined : Number(version) });
  const { problem = { name: 'parabola' }, training } = record.provenance;
  const steps = longestHorizon(training);
  const document = {
    kind: 'compare',
    problem,
    optimizer: { name, version: record.version },
    comparison: { ...(steps !== undefined && { steps }) },
  };
  return shortened(field, document as unknown as Json);
}

/** The example with a trained optimizer of this service in place of its own, if there is one. */
async function withTrained(text: string): Promise<string> {
  const trained = await trainedJobs().catch(() => []);
  // The example is about parabolas.
  const job = trained.find(({ spec }) => spec.problem.name === 'parabola') ?? trained[0];
  const { document } = readText(text);
  if (!job || !document) return text;
  return reviseText(text, 'yaml', withValue(document, ['optimizer', 'job'], job.id) ?? document);
}

/** Jobs that have weights, newest first. */
export async function trainedJobs(): Promise<Job[]> {
  const { jobs } = await api.list({ state: 'succeeded', limit: 50 });
  return jobs.filter(({ spec }) => spec.kind === 'metatrain');
}
