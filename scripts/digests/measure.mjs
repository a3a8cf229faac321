/** Runs a case with a build of metadescent, through its command line, and digests its files. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestGrids, digestRates, digestResults, digestTable, digestWeights } from './canonical.mjs';

/**
 * @param build the checkout whose `dist/` runs
 * @param folder an empty folder for the files of the run
 * @returns digests by part; if the command fails, its exit status and last line instead
 */
export async function digestCase({ spec, weights }, { build, folder, instructionSet }) {
  const document = join(folder, 'document.json');
  writeFileSync(document, JSON.stringify(spec));
  const out = join(folder, 'run');
  const command = weights === null ? ['train', document, '--out', out] : ['compare', weights, document, '--out', out];
  const { code, stderr } = await run(build, command, { METADESCENT_ISA: instructionSet });
  if (code !== 0) return { outcome: `exit status ${code}: ${stderr.trimEnd().split('\n').at(-1)}` };
  const { instructionSet: used, engine } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')).engine;
  if (engine === 'native' && used !== instructionSet)
    throw new Error(`The engine ran on ${used} instead of ${instructionSet}.`);
  const text = (name) => readFileSync(join(out, name), 'utf8');
  const parts = {};
  if (weights === null) {
    parts.weights = digestWeights(readFileSync(join(out, 'weights.safetensors')));
    parts.losses = digestTable(text('losses.csv'), ['iteration', 'step', 'loss']);
    parts.validation = digestTable(text('validation.csv'), ['iteration', 'loss', 'best']);
  }
  if (spec.comparison !== null) {
    const results = JSON.parse(text('results.json'));
    parts.rates = digestRates(results);
    parts.grids = digestGrids(results);
    parts.results = digestResults(results);
  }
  return parts;
}

async function run(build, command, variables) {
  const env = { ...process.env, ...variables, METADESCENT_MNIST: '' };
  const args = [join(build, 'dist/src/cli/main.js'), ...command];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { code, stderr };
}
