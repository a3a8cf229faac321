import type { Command } from 'commander';
import type { RegisteredOptimizer } from '../../contract/registry.js';
import { formatTime } from '../../figures/numbers.js';
import { type JsonOption, print, printJson, printTable, tableStyle, withJson } from '../output.js';
import { clientOf, type PageOptions, type ServerOption, withPage, withServer } from '../remote.js';
import { type Column, renderTable } from '../render/table.js';

interface OptimizersOptions extends JsonOption, ServerOption, PageOptions {
  name?: string;
}

export function defineOptimizers(program: Command): void {
  const command = program
    .command('optimizers')
    .summary('list the registered optimizers, newest first')
    .description(
      'Lists the optimizers in the registry of the service, newest first. Other commands take them as NAME@VERSION; ' +
        '"weights" writes NAME@VERSION to a file called NAME-VERSION.',
    )
    .option('--name <NAME>', 'only the versions of this name');
  withJson(withServer(withPage(command, 'optimizers')), 'print {optimizers, next} as one JSON document').action(
    listOptimizers,
  );
}

async function listOptimizers({ name, cursor, limit, ...options }: OptimizersOptions): Promise<void> {
  const page = await clientOf(options).optimizers({ name, cursor, limit });
  if (options.json) return printJson(page);
  if (page.optimizers.length === 0) return print('No optimizers.');
  const titles = ['Optimizer', 'Registered', 'Weights', 'Trained on', 'From'];
  const columns = titles.map((title): Column => ({ title, align: title === 'Weights' ? 'right' : 'left' }));
  printTable(renderTable(columns, page.optimizers.map(toRow), tableStyle()));
  if (page.next !== null) print(`More: --cursor ${page.next}`);
}

function toRow({ name, version, createdAt, weights, provenance, job }: RegisteredOptimizer): string[] {
  return [
    `${name}@${version}`,
    formatTime(createdAt),
    String(weights),
    provenance.problem?.name ?? '',
    job ?? 'uploaded',
  ];
}
