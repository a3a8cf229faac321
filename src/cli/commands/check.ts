import type { Command } from 'commander';
import { longestHorizon } from '../../contract/curriculum.js';
import { datasetsOf } from '../../contract/datasets.js';
import type { DryRun } from '../../contract/dry-run.js';
import { countWeights, memoryOf } from '../../contract/limits.js';
import { coordinates } from '../../contract/problems.js';
import type { JobSpec } from '../../contract/spec.js';
import { formatBytes, formatCount, formatDuration } from '../../figures/numbers.js';
import { type AdditionFlags, useAdditions, withAdditions } from '../additions.js';
import { type JsonOption, print, printJson, withJson } from '../output.js';
import { clientOf, type ServerOption } from '../remote.js';
import { readSpecFile, specOf } from '../spec-file.js';

export function defineCheck(program: Command): void {
  const command = program
    .command('check')
    .summary('check a job document without running it')
    .description(
      'Checks a job document: lists its errors with their lines (exit status 2), or shows how large its job is. With ' +
        '--server, that service checks it too, and estimates how long the job takes there.',
    )
    .argument('<SPEC>', 'a job document, YAML or JSON; - is standard input')
    .option('--server <URL>', 'address of a service that is to check it too, without creating the job');
  withJson(
    withAdditions(command),
    'print {spec, coordinates, weights, memory}: the complete document, sizes, bytes; with --server also {dryRun}',
  ).action(check);
}

interface CheckOptions extends AdditionFlags, JsonOption, ServerOption {}

async function check(path: string, options: CheckOptions): Promise<void> {
  await useAdditions(options);
  const file = await readSpecFile(path);
  const spec = specOf(file);
  const size = {
    coordinates: coordinates(spec.problem),
    weights: spec.kind === 'metatrain' ? countWeights(spec.optimizer, spec.problem) : null,
    memory: memoryOf(spec),
  };
  const dryRun = options.server === undefined ? null : await clientOf(options).dryRun(spec);
  if (options.json) return printJson({ spec, ...size, ...(dryRun && { dryRun }) });
  const lines = Object.entries({ ...describe(spec, size), ...(dryRun && describeDryRun(dryRun)) }).map(
    ([name, text]) => `  ${name.padEnd(12)}${text}`,
  );
  print([`${file.name} is a valid job document of kind ${spec.kind}:`, ...lines].join('\n'));
}

function describe(
  spec: JobSpec,
  size: { coordinates: number; weights: number | null; memory: ReturnType<typeof memoryOf> },
): Record<string, string> {
  const { problem, comparison } = spec;
  const data = datasetsOf(problem).map((name) => `, data set ${name}`);
  const { unroll, functions, comparison: losses } = size.memory;
  return {
    problem: `${problem.name}, ${formatCount(size.coordinates)} coordinates${data.join('')}`,
    ...(spec.kind === 'metatrain' && {
      optimizer: `${spec.optimizer.name}, ${formatCount(size.weights ?? 0)} weights`,
      training: `${formatCount(spec.training.iterations)} meta-iterations, horizon ${formatCount(longestHorizon(spec.training))}`,
    }),
    comparison: comparison
      ? `${formatCount(comparison.functions)} functions, ${formatCount(comparison.steps)} steps, ${comparison.baselines.length} hand-designed optimizers`
      : 'none',
    memory: `about ${formatBytes(Math.max(unroll + functions, losses + functions))}: unroll ${formatBytes(unroll)}, functions ${formatBytes(functions)}, comparison ${formatBytes(losses)}`,
  };
}

function describeDryRun({ spec, memoryBytes, seconds }: DryRun): Record<string, string> {
  const parts: ('training' | 'comparison')[] = [];
  if (spec.kind === 'metatrain') parts.push('training');
  if (spec.comparison) parts.push('comparison');
  const estimates = parts.map((part) => ({ part, estimate: seconds?.[part] ?? null }));
  const times = estimates.map(
    ({ part, estimate }) => `${part} ${estimate === null ? 'unknown' : formatDuration(estimate)}`,
  );
  const isUnknown = estimates.some(({ estimate }) => estimate === null);
  return {
    service: `accepts it; about ${formatBytes(memoryBytes)}, and 70 MB for the job’s process`,
    time: `${times.join(', ')}${isUnknown ? ' (no such job has run there for long enough)' : ', by the jobs of its kind'}`,
  };
}
