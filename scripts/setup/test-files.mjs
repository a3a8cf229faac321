import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * The test files whose path contains one of the patterns; all of them where there is none. Only files that have a source:
 * an earlier build may have left files of deleted ones.
 * @returns {{ source: string, built: string }[]} each relative to the checkout, and its compiled file
 */
export function testFiles(root, patterns) {
  const all = visit(join(root, 'test')).map((path) => {
    const source = relative(root, path);
    const built = join(root, 'dist', source.replace(/\.ts$/, '.js'));
    if (!existsSync(built)) throw new Error(`${source} has not been built: run npm run build`);
    return { source, built };
  });
  return all.filter(({ source }) => patterns.length === 0 || patterns.some((pattern) => source.includes(pattern)));
}

function visit(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return visit(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}
