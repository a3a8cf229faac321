/**
 * npm test: set-up, then every test; `npm test -- PATTERN …` runs the test files whose path contains one of the patterns.
 * The last line is "N passed, N failed", plus ", N skipped" if there are any.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import { findChromium, installChromium } from './setup/chromium.mjs';
import { testFiles } from './setup/test-files.mjs';
import { findTestTools, installTestTools } from './setup/test-tools.mjs';
import { orExplain, root, runQuietly, setup, step } from './setup.mjs';

/** Milliseconds until a test file counts as hung. */
const timeout = 420_000;

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
const files = testFiles(root, patterns);
const counts = { passed: 0, failed: 0, skipped: 0 };
/** Milliseconds that the tests of each compiled file took. */
const times = new Map(files.map(({ built }) => [built, 0]));
const began = performance.now();
if (files.length > 0) await runAll();
else process.stderr.write(`No test files match ${patterns.join(' or ') || 'test/**/*.test.ts'}.\n`);
printTimes();
const { passed, failed, skipped } = counts;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

async function runAll() {
  process.chdir(root);
  // The processes of the test files take their options from here.
  process.execArgv.push('--import', pathToFileURL(join(root, 'dist/test/support/leaks.js')).href);
  const stream = run({ files: files.map(({ built }) => built), concurrency: availableParallelism(), timeout });
  stream.on('test:pass', (event) =>
    count(event, event.skip !== undefined || event.todo !== undefined ? 'skipped' : 'passed'),
  );
  stream.on('test:fail', (event) => count(event, 'failed'));
  const report = stream.compose(new spec());
  for await (const text of report) process.stdout.write(text);
}

function printTimes() {
  const longest = files.toSorted((a, b) => times.get(b.built) - times.get(a.built)).slice(0, 8);
  console.log(`${minutes(performance.now() - began)} minutes for ${files.length} files. The longest:`);
  for (const { source, built } of longest) console.log(`${minutes(times.get(built)).padStart(6)}  ${source}`);
}

function minutes(milliseconds) {
  return (milliseconds / 60_000).toFixed(1);
}

/** Counts tests, not the suites and files around them, unless a suite or file itself fails. */
function count({ details, nesting, file, name }, outcome) {
  if (nesting === 0 && name !== file) times.set(file, (times.get(file) ?? 0) + details.duration_ms);
  const isGroup = details.type === 'suite' || (nesting === 0 && name === file);
  if (isGroup && !(outcome === 'failed' && details.error?.failureType !== 'subtestsFailed')) return;
  counts[outcome]++;
}
