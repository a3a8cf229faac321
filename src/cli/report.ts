import { CommanderError } from 'commander';
import { ApiError } from '../contract/errors.js';
import { UserError } from '../contract/user-error.js';
import { exitCodeOf, exitCodes } from './exit-codes.js';
import { say } from './output.js';

/**
 * Writes an error to standard error, as text or as a JSON document.
 * @returns the exit status.
 */
export function reportAndExitCode(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.success;
    // Without --json, Commander has printed it already.
    if (json)
      say(JSON.stringify({ error: { message: error.message.replace(/^error: /, ''), exitCode: exitCodes.usage } }));
    return exitCodes.usage;
  }
  const exitCode = exitCodeOf(error);
  const message = messageOf(error);
  say(json ? JSON.stringify({ error: { message, exitCode, ...detailsOf(error) } }) : message);
  return exitCode;
}

function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    const fields = error.errors.map(
      ({ pointer, found, allowed }) => `  ${pointer}: found ${found}, allowed: ${allowed}`,
    );
    return fields.length > 1 ? [error.detail, ...fields].join('\n') : error.detail;
  }
  if (error instanceof UserError) return error.message;
  const { code, message, stack } = error as Partial<Error> & { code?: string };
  // An error with a code comes from the system or an engine, and is for the user; any other is a bug: its stack shows where.
  return code !== undefined ? (message ?? code) : (stack ?? String(error));
}

function detailsOf(error: unknown): object {
  if (!(error instanceof ApiError)) return {};
  return { code: error.code, ...(error.errors.length > 0 && { errors: error.errors }) };
}
