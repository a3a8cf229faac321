#!/usr/bin/env node
import { createProgram } from './program.js';
import { reportAndExitCode } from './report.js';

// A reader such as `head` may close the pipe early: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = reportAndExitCode(error, process.argv.includes('--json'));
}
