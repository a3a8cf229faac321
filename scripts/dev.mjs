/**
 * npm run dev -- PATTERN …: compiles on every save, the dashboard too, and runs the test files whose path contains one of
 * the patterns again when they, or a file that they import, change. Ctrl-C ends it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { SetupError } from './setup/error.mjs';
import { testFiles } from './setup/test-files.mjs';
import { orExplain, root, setup } from './setup.mjs';

await orExplain(dev);

async function dev() {
  const patterns = process.argv.slice(2);
  if (patterns.length === 0)
    throw new SetupError('Name the tests to run, as in npm run dev -- test/core/run: part of the path of their files.');
  await setup();
  const files = testFiles(root, patterns).map(({ built }) => built);
  if (files.length === 0) throw new SetupError(`No test files match ${patterns.join(' or ')}.`);
  const children = [
    [join(root, 'node_modules/typescript/bin/tsc'), '--watch', '--preserveWatchOutput'],
    [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--watch', '--logLevel=warn', 'src/dashboard'],
    ['--test', '--watch', '--test-reporter=spec', ...files],
  ].map((args) => spawn(process.execPath, args, { cwd: root, stdio: 'inherit', detached: true }));
  // Separate process groups, so that what each child has started ends with it.
  const end = () => {
    for (const { pid, exitCode, signalCode } of children)
      if (exitCode === null && signalCode === null) process.kill(-pid, 'SIGTERM');
  };
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end);
  const exits = children.map((child) => once(child, 'exit'));
  await Promise.race(exits);
  end();
  await Promise.all(exits);
}
