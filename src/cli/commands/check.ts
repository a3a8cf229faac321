import type { Command } from 'commander';
import { datasetsOf } from '../../contract/datasets.js';
import { countWeights, memoryOf } from '../../contract/limits.js';
import { coordinates } from '../../contract/problems.js';
import type { JobSpec } from '../../contract/spec.js';
import { formatBytes, formatCount } from '../../figures/numbers.js';
import { type JsonOption, print, printJson, withJson } from '../output.js';
import { type PluginFlags, usePlugins, withPlugins } from '../plugins.js';
import { readSpecFile, specOf } from '../spec-file.js';

export function defineCheck(program: Command): void {
  const command = program
    .command('check')
    .summary('check a job document without running it')
    .description(
      'Checks a job document: lists its errors with their lines (exit status 2), or shows how large its job is.',
    )
    .argument('<SPEC>', 'a job document, YAML or JSON; - is standard input');
  withJson(
    withPlugins(command),
    'print {spec, coordinates, weights, memory}: the complete document, sizes, bytes',
  ).action(check);
}

async function check(path: string, options: PluginFlags & JsonOption): Promise<void> {
  await usePlugins(options);
  const file = await readSpecFile(path);
  const spec = specOf(file);
  const size = {
    coordinates: coordinates(spec.problem),
    weights: spec.kind === 'metatrain' ? countWeights(spec.optimizer, spec.problem) : null,
    memory: memoryOf(spec),
  };
  if (options.json) return printJson({ spec, ...size });
  const lines = Object.entries(describe(spec, size)).map(([name, text]) => `  ${name.padEnd(12)}${text}`);
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
      training: `${formatCount(spec.training.iterations)} meta-iterations, horizon ${formatCount(spec.training.horizon)}`,
    }),
    comparison: comparison
      ? `${formatCount(comparison.functions)} functions, ${formatCount(comparison.steps)} steps, ${comparison.baselines.length} hand-designed optimizers`
      : 'none',
    memory: `about ${formatBytes(Math.max(unroll + functions, losses + functions))}: unroll ${formatBytes(unroll)}, functions ${formatBytes(functions)}, comparison ${formatBytes(losses)}`,
  };
}
