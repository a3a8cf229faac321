import type { Parameter } from '../contract/problems/family.js';
import { addFamily } from '../contract/problems.js';
import { Type } from '../contract/type.js';
import { compile, problemsAreSettled } from '../contract/validate.js';
import type { Mathematics, Shapes } from '../core/problems/problem.js';
import { addProblem } from '../core/problems/registry.js';
import { arraysOf, rowsOf } from '../core/problems/step-draws.js';
import { Purpose, RandomStream } from '../core/random/random.js';

/** A spec of a plugin's problem: its name and its fields, defaults filled in. */
export type PluginSpec = { readonly name: string } & Readonly<Record<string, unknown>>;

/** The default export of a plugin's file: a problem, as docs/plugins.md describes it. */
export interface ProblemPlugin extends Omit<Mathematics<PluginSpec>, 'shapes'> {
  /** Its name in job documents: lower-case letters, digits and hyphens. */
  name: string;
  /** For people. */
  title: string;
  description: string;
  /** JSON Schemas of the spec's fields besides its name, each with a default. */
  fields: Record<string, object>;
  /** The named tensors whose concatenation is θ. */
  parameters(spec: PluginSpec): Parameter[];
  /** Shapes of one function's data; none by default. */
  shapes?: Mathematics<PluginSpec>['shapes'];
}

/**
 * Adds a plugin's problem to the catalogue and to the engines, after every check that needs no engine.
 * @param fingerprint changes with the plugin's file
 * @throws Error that says what is wrong with it
 */
export function addPlugin(exported: unknown, fingerprint: string): void {
  if (problemsAreSettled()) throw new Error('it must be loaded before the first document is validated');
  const plugin = asPlugin(exported);
  const { name, title, description, fields } = plugin;
  const schema = Type.Unsafe<PluginSpec>({
    type: 'object',
    title,
    description,
    additionalProperties: false,
    required: ['name'],
    properties: { name: { type: 'string', const: name }, ...fields },
  });
  const defaults = defaultsOf(schema, name);
  tryOut(plugin, defaults);
  const shapes = (spec: PluginSpec) => plugin.shapes?.(spec) ?? {};
  addFamily(name, schema, {
    fingerprint,
    firstDerivativesOnly: plugin.hessianProduct === undefined,
    parameters: (spec: PluginSpec) => parametersOf(plugin, spec),
    dataFloats: (spec: PluginSpec) => floatsIn(shapes(spec)) + floatsIn(plugin.everyStep?.shapes(spec) ?? {}),
  });
  const evaluate: Mathematics<PluginSpec>['evaluate'] = (tf, data, theta, spec, parts) => {
    const evaluation = plugin.evaluate(tf, data, theta, spec, parts);
    const { losses, gradient } = evaluation;
    if (`${losses?.shape}` === `${theta.shape[0]}` && `${gradient?.shape}` === `${theta.shape}`) return evaluation;
    const found = `losses [${losses?.shape}] and a gradient [${gradient?.shape}]`;
    throw new Error(`${name}: evaluate returned ${found}; expected [${theta.shape[0]}] and [${theta.shape}].`);
  };
  const { hessianProduct, everyStep } = plugin;
  addProblem(name, {
    shapes,
    sample: (spec: PluginSpec, random, data, start) => plugin.sample(spec, random, data, start),
    evaluate,
    ...(everyStep && { everyStep }),
    ...(hessianProduct && { hessianProduct: hessianProduct.bind(plugin) }),
  });
}

const functions = ['parameters', 'sample', 'evaluate'] as const;

/** @throws Error that names what is missing or wrong in a default export */
function asPlugin(exported: unknown): ProblemPlugin {
  if (typeof exported !== 'object' || exported === null)
    throw new Error('it is not a plugin: its default export is not an object');
  const plugin = exported as Partial<ProblemPlugin>;
  if (typeof plugin.name !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(plugin.name))
    throw new Error(
      `it is not a plugin: name is ${JSON.stringify(plugin.name)}, expected lower-case letters, digits and hyphens`,
    );
  for (const field of ['title', 'description'] as const)
    if (typeof plugin[field] !== 'string' || plugin[field] === '')
      throw new Error(`it is not a plugin: ${field} is ${JSON.stringify(plugin[field])}, expected a non-empty text`);
  if (typeof plugin.fields !== 'object' || plugin.fields === null)
    throw new Error(
      'it is not a plugin: fields is missing; expected an object with a JSON Schema per field of its spec',
    );
  for (const method of functions)
    if (typeof plugin[method] !== 'function') throw new Error(`it is not a plugin: ${method} is not a function`);
  for (const method of ['shapes', 'hessianProduct'] as const)
    if (plugin[method] !== undefined && typeof plugin[method] !== 'function')
      throw new Error(`it is not a plugin: ${method} is not a function`);
  if ('name' in plugin.fields) throw new Error('fields: "name" is reserved for the problem’s name; choose another');
  for (const [field, schema] of Object.entries(plugin.fields))
    if (typeof schema !== 'object' || schema === null || !('default' in schema))
      throw new Error(
        `fields: ${field} is not a JSON Schema with a default; a document must be able to give only the problem’s name`,
      );
  return plugin as ProblemPlugin;
}

/** The spec with only defaults. */
function defaultsOf(schema: ReturnType<typeof Type.Unsafe>, name: string): PluginSpec {
  let check: ReturnType<typeof compile>;
  try {
    check = compile(schema);
  } catch (error) {
    throw new Error(`fields: the schema is invalid: ${(error as Error).message}`, { cause: error });
  }
  const defaults = { name };
  if (check(defaults)) return defaults;
  const [first] = check.errors ?? [];
  throw new Error(`fields: the default of ${first?.instancePath.slice(1)} ${first?.message}`);
}

/** Draws a function with the defaults, and checks it. */
function tryOut(plugin: ProblemPlugin, defaults: PluginSpec): void {
  const dimension = parametersOf(plugin, defaults).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const start = new Float32Array(dimension);
  const random = () => new RandomStream(0, Purpose.training, 0);
  const data = rowsOf(arraysOf(plugin.shapes?.(defaults) ?? {}, 1), 1, 0);
  plugin.sample(defaults, random(), data, start);
  plugin.everyStep?.sample(defaults, random(), rowsOf(arraysOf(plugin.everyStep.shapes(defaults), 1), 1, 0));
  for (const [array, values] of Object.entries({ ...data, start }))
    if (!values.every(Number.isFinite))
      throw new Error(`sample: ${array} of a function with the defaults is not finite`);
}

function parametersOf(plugin: ProblemPlugin, spec: PluginSpec): Parameter[] {
  const parameters: unknown = plugin.parameters(spec);
  const isParameter = ({ name, shape }: Parameter) =>
    typeof name === 'string' && Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size > 0);
  if (Array.isArray(parameters) && parameters.length > 0 && parameters.every(isParameter)) return parameters;
  throw new Error(
    `parameters: found ${JSON.stringify(parameters)}, expected a list of {name, shape}, with shapes of integers above 0`,
  );
}

function floatsIn(shapes: Shapes): number {
  return Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
