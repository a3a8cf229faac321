import { existsSync, realpathSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Pages of docs/ that programs of this folder write: `node dist/src/cli/NAME-page.js [--check]`. */

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [line(head), `|${'---|'.repeat(head.length)}\n`, ...rows.map(line)].join('');
}

/** Writes ./docs/NAME.md; with --check, compares it. @returns the exit status, 1 if the page is out of date */
export async function writePage(name: string, page: string): Promise<number> {
  const path = `docs/${name}.md`;
  if (!process.argv.includes('--check')) {
    await writeFile(path, page);
    return 0;
  }
  if ((await readFile(path, 'utf8').catch(() => '')) === page) return 0;
  console.error(`${path} is out of date: run \`node dist/src/cli/${name}-page.js\`.`);
  return 1;
}

/** Whether Node was started with this module. */
export function isProgram(url: string): boolean {
  const [, program = ''] = process.argv;
  return existsSync(program) && realpathSync(program) === fileURLToPath(url);
}
