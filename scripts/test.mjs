/**
 * npm test: set-up, then every test; `npm test -- PATTERN …` runs the test files whose path contains one of the patterns.
 * The last line is "N passed, N failed", plus ", N skipped" if there are any.
 */
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { findChromium, installChromium } from './setup/chromium.mjs';
import { findTestTools, installTestTools } from './setup/test-tools.mjs';
import { orExplain, root, runQuietly, setup, step } from './setup.mjs';

/** Milliseconds until a test file counts as hung. */
const timeout = 240_000;

await orExplain(setup);
await step('curl and Python, for tests', 'installing them with the package manager of this machine', {
  isDone: () => findTestTools(),
  act: () => installTestTools(runQuietly),
});
await step('Chromium, for tests', 'installing it with the package manager of this machine', {
  isDone: () => findChromium(),
  act: () => installChromium(runQuietly),
});
const patterns = process.argv.slice(2);
const files = testFiles(join(root, 'test')).filter(
  (file) => patterns.length === 0 || patterns.some((pattern) => file.source.includes(pattern)),
);
const counts = { passed: 0, failed: 0, skipped: 0 };
if (files.length > 0) await runAll();
else process.stderr.write(`No test files match ${patterns.join(' or ') || 'test/**/*.test.ts'}.\n`);
const { passed, failed, skipped } = counts;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

/** Only tests that have a source: an earlier build may have left files of deleted ones. */
function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    if (!entry.name.endsWith('.test.ts')) return [];
    const source = relative(root, path);
    const built = join(root, 'dist', source.replace(/\.ts$/, '.js'));
    if (!existsSync(built)) throw new Error(`${source} has not been built: run npm run build`);
    return [{ source, built }];
  });
}

async function runAll() {
  process.chdir(root);
  const stream = run({ files: files.map(({ built }) => built), concurrency: availableParallelism(), timeout });
  stream.on('test:pass', (event) =>
    count(event, event.skip !== undefined || event.todo !== undefined ? 'skipped' : 'passed'),
  );
  stream.on('test:fail', (event) => count(event, 'failed'));
  const report = stream.compose(new spec());
  for await (const text of report) process.stdout.write(text);
}

/** Counts tests, not the suites and files around them, unless a suite or file itself fails. */
function count({ details, nesting, file, name }, outcome) {
  const isGroup = details.type === 'suite' || (nesting === 0 && name === file);
  if (isGroup && !(outcome === 'failed' && details.error?.failureType !== 'subtestsFailed')) return;
  counts[outcome]++;
}
