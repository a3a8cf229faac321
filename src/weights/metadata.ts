import type { ErrorObject } from 'ajv';
import type { Static } from 'typebox';
import { checkFit, kinds, networkWidths } from '../contract/groups.js';
import { excessOf } from '../contract/json.js';
import { checkNesting } from '../contract/limits.js';
import { groupNameBefore, LearnedSpec } from '../contract/optimizers.js';
import { ProblemSpec } from '../contract/problems.js';
import { Provenance } from '../contract/provenance.js';
import { Strict } from '../contract/schema.js';
import { Type } from '../contract/type.js';
import { compile, compileLeniently, invalidDocument } from '../contract/validate.js';
import { format, gateOrder, plainKeys } from './format.js';
import { FormatError } from './safetensors.js';
import { networksOf } from './shapes.js';

/** The metadata of a weights file: strings by key, all but two of them JSON. */

const Metadata = Strict({
  format: Type.Literal(format),
  gateOrder: Type.Literal(gateOrder),
  optimizer: LearnedSpec,
  ...Provenance.properties,
  problem: Type.Optional(ProblemSpec),
});
type Metadata = Static<typeof Metadata>;

interface Decoded {
  readonly spec: LearnedSpec;
  readonly provenance: Provenance;
  /** Widths of the networks; null if the file names no problem that is known here. */
  readonly widths: number[] | null;
  /** The file's values of the known keys, unchanged. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Compiled when a file is first decoded. */
let validators: Readonly<Record<'metadata' | 'optimizer' | 'problem', ReturnType<typeof compile>>> | undefined;

/** Can be called in advance: compiling takes a third of a second. */
export function metadataValidators() {
  validators ??= {
    metadata: compileLeniently(Metadata),
    optimizer: compile(LearnedSpec),
    problem: compile(ProblemSpec),
  };
  return validators;
}

/** @throws FormatError if anything needed to run the optimizer is missing, or a known key is wrong */
export function decodeMetadata(strings: Readonly<Record<string, string>>): Decoded {
  const { metadata: check } = metadataValidators();
  const known = new Map(Object.entries(strings));
  if (known.get('format') !== format)
    throw new FormatError(`metadata: format is ${JSON.stringify(known.get('format'))}, expected "${format}"`);
  const metadata: Record<string, unknown> = Object.fromEntries(
    Object.keys(Metadata.properties)
      .filter((key) => known.has(key))
      .map((key) => [key, parseValue(key, known.get(key) ?? '')]),
  );
  const said = structuredClone(metadata) as Metadata;
  const faults = check(said) ? [] : (check.errors ?? []).filter((e) => !isNameBefore(e));
  const unknown = faults.length > 0 && faults.every(isUnknownProblem);
  if (faults.length > 0 && !unknown) throw new FormatError(`metadata: ${invalidDocument(faults).detail}`);
  const { format: _, gateOrder: __, optimizer, problem, ...others } = said;
  const spec = complete(optimizer);
  if (unknown) return { spec, provenance: { ...nameOf(problem, faults), ...others }, widths: null, metadata };
  const widths = problem === undefined ? null : widthsOn(spec, problem);
  return { spec, provenance: { ...(problem && { problem }), ...others }, widths, metadata };
}

/** Fills in defaults, except for `initialisation`: only the file can say how its weights began. */
function complete(said: LearnedSpec): LearnedSpec {
  const spec = structuredClone(said);
  metadataValidators().optimizer(spec);
  for (const [i, { optimizer }] of networksOf(spec).entries())
    if (!('initialisation' in networksOf(said)[i]!.optimizer))
      delete (optimizer as { initialisation?: unknown }).initialisation;
  if (networksOf(spec).length === 0)
    throw new FormatError(`metadata: /optimizer/groups has no ${kinds}: nothing to run`);
  return spec;
}

function widthsOn(spec: LearnedSpec, said: ProblemSpec): number[] {
  const problem = structuredClone(said);
  metadataValidators().problem(problem);
  const excess = checkNesting(problem);
  const [misfit] = excess ? [] : checkFit(spec, problem);
  const fault = excess ?? (misfit && { ...misfit, pointer: `/optimizer${misfit.pointer}` });
  if (fault) throw new FormatError(`metadata: ${fault.pointer}: found ${fault.found}, allowed: ${fault.allowed}`);
  return networkWidths(spec, problem);
}

/** Whether an error only says that a problem is unknown: a plugin may have added it elsewhere. */
function isUnknownProblem({ keyword, instancePath, params }: ErrorObject): boolean {
  const atProblem = instancePath === '/problem' || instancePath.startsWith('/problem/');
  return keyword === 'discriminator' && atProblem && /^[a-z][a-z0-9-]{0,63}$/.test(String(params.tagValue));
}

/** The name of a problem that is itself unknown; nothing for a composite of unknown ones. */
function nameOf(problem: ProblemSpec | undefined, faults: readonly ErrorObject[]): { problem?: ProblemSpec } {
  const itself = faults.some(({ instancePath }) => instancePath === '/problem');
  return itself && problem ? { problem: { name: problem.name } as ProblemSpec } : {};
}

/** Whether an error is about a group's name that used to be allowed: files with one stay readable. */
function isNameBefore({ keyword, instancePath, data }: ErrorObject): boolean {
  return (
    keyword === 'pattern' && /^\/optimizer\/groups\/\d+\/name$/.test(instancePath) && groupNameBefore.test(String(data))
  );
}

function parseValue(key: string, text: string): unknown {
  if (plainKeys.includes(key)) return text;
  const fault = excessOf(text);
  if (fault) throw new FormatError(`metadata: ${key} has ${fault.found}, allowed: ${fault.allowed}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(`metadata: ${key} is not JSON`, { cause: error });
  }
}
