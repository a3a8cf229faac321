#!/usr/bin/env node
import { guardOutput, isJsonWanted } from './output.js';
import { createProgram } from './program.js';
import { reportAndExitCode } from './report.js';

guardOutput();
try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = reportAndExitCode(error, isJsonWanted());
}
