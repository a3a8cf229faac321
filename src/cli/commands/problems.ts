import type { Command } from 'commander';
import { catalogue } from '../../contract/catalogue.js';
import { datasetsOf } from '../../contract/datasets.js';
import { coordinates, type ProblemSpec } from '../../contract/problems.js';
import { formatCount } from '../../figures/numbers.js';
import { type AdditionFlags, useAdditions, withAdditions } from '../additions.js';
import { type JsonOption, print, printJson, printTable, tableStyle, withJson } from '../output.js';
import { type Column, renderTable } from '../render/table.js';

/** Maximum characters of a description in the table. */
const lineLength = 76;

export function defineProblems(program: Command): void {
  const command = program
    .command('problems')
    .summary('list the problems that optimizers train on')
    .description('Lists the problems (families of functions that optimizers train on), with their default sizes.');
  withJson(withAdditions(command), 'print {problems} as one JSON document, with the schema of each').action(
    listProblems,
  );
}

async function listProblems(options: AdditionFlags & JsonOption): Promise<void> {
  await useAdditions(options);
  const { problems } = catalogue;
  if (options.json) return printJson({ problems });
  const columns: Column[] = [
    { title: 'Problem', align: 'left' },
    { title: 'Coordinates', align: 'right' },
    { title: 'Data set', align: 'left' },
    { title: 'What it is', align: 'left' },
  ];
  const rows = problems.map(({ name, description, defaults }) => {
    const problem = defaults as ProblemSpec;
    return [name, formatCount(coordinates(problem)), datasetsOf(problem).join(', '), oneLine(description)];
  });
  printTable(renderTable(columns, rows, tableStyle()));
  print('For the parameters of each, see docs/problems.md or --json.');
}

/** The first sentence or clause of a description, cut at a word if it is long. */
export function oneLine(description: string): string {
  const [first = ''] = description.split(/[.:;](?:\s|$)/);
  if (first.length <= lineLength) return first;
  return `${first.slice(0, first.lastIndexOf(' ', lineLength - 1)).replace(/,$/, '')} …`;
}
