import { existsSync, realpathSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type CatalogueEntry, catalogue } from '../contract/catalogue.js';
import { datasetsOf } from '../contract/datasets.js';
import { coordinates, familyOf, type ProblemSpec, problemsIn } from '../contract/problems.js';
import { describe } from '../contract/validate.js';
import { hasKernels, hasKernelsWithin } from '../core/engines/native/arguments.js';

const title = '# Problems\n';
const introduction = `
Written by \`node dist/src/cli/problems-page.js\` out of the catalogue and of what the engines have; CI checks that it is up
to date, and a test that it is true. Every problem trains with nothing but its name.

On the native engine, a problem with **kernels** is optimised in whole unrolls. Of one **made of others** that have kernels,
values and gradients are native too, step by step. Of the rest, **tfjs** evaluates the functions between the native
network's steps. The tfjs engine has all of them. Exact second derivatives run there alone, and need a Hessian product of
every problem that takes part. Problems made of others are shown with their default parts.
`;

/** What a worker can do for a problem, in the words of the page. */
export function supportOf(problem: ProblemSpec): { native: string; exact: string } {
  const exact = problemsIn(problem).every((part) => !familyOf(part).firstDerivativesOnly);
  const composed = hasKernelsWithin(problem) ? 'made of others' : 'tfjs';
  return { native: hasKernels(problem) ? 'kernels' : composed, exact: exact ? 'yes' : 'no' };
}

/** The page docs/problems.md, in Markdown. */
export function problemsPage(): string {
  const rows = catalogue.problems.map(({ name, title, defaults }) => {
    const problem = defaults as ProblemSpec;
    const { native, exact } = supportOf(problem);
    return [
      `[\`${name}\`](#${name})`,
      title,
      `${coordinates(problem)}`,
      native,
      exact,
      datasetsOf(problem).join() || '-',
    ];
  });
  const head = ['problem', '', 'coordinates', 'native engine', 'exact derivatives', 'data set'];
  return [title, introduction, '\n', table(head, rows), ...catalogue.problems.map(section)].join('');
}

interface Field {
  readonly const?: string;
  readonly default?: unknown;
  readonly description?: string;
}

function section({ name, description, schema }: CatalogueEntry): string {
  const { properties } = schema as { properties: Record<string, Field> };
  const fields = Object.entries(properties).filter(([field]) => field !== 'name');
  const rows = fields.map(([field, one]) => [
    `\`${field}\``,
    'allOf' in one ? 'a problem' : describe(one).replaceAll('"', '`'),
    one.default === undefined ? '-' : `\`${JSON.stringify(one.default)}\``,
    one.description ?? '',
  ]);
  return `\n## ${name}\n\n${description}\n${rows.length > 0 ? `\n${table(['field', 'allowed', 'default', ''], rows)}` : ''}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [line(head), `|${'---|'.repeat(head.length)}\n`, ...rows.map(line)].join('');
}

/** `node dist/src/cli/problems-page.js [--check]`: writes ./docs/problems.md, or exits with 1 where it is stale. */
async function main([option]: string[]): Promise<number> {
  const path = 'docs/problems.md';
  const page = problemsPage();
  if (option !== '--check') {
    await writeFile(path, page);
    return 0;
  }
  if ((await readFile(path, 'utf8').catch(() => '')) === page) return 0;
  console.error(`${path} is stale: write it again with \`node dist/src/cli/problems-page.js\`.`);
  return 1;
}

const [, program = ''] = process.argv;
if (existsSync(program) && realpathSync(program) === fileURLToPath(import.meta.url))
  process.exitCode = await main(process.argv.slice(2));
