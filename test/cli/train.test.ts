import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ComparisonResults } from '../../src/contract/results.js';
import { decodeWeights } from '../../src/weights/weights.js';
import { createTemporaryFolder } from '../support/redis.js';
import { command, smallSpec, start } from './command.js';

/** The files of a run that its seed determines. */
const determined = [
  'spec.json',
  'weights.safetensors',
  'results.json',
  'losses.csv',
  'validation.csv',
  'comparison.svg',
] as const;

function assertSame(a: string[], b: string[]): void {
  determined.forEach((file, i) => {
    assert.ok(a[i] === b[i], `${file} differs: ${a[i]!.length} and ${b[i]!.length} bytes`);
  });
}

describe('metadescent train', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let cwd: string;
  before(async () => {
    folder = await createTemporaryFolder();
    cwd = folder.path;
    await writeFile(join(cwd, 'small.yaml'), smallSpec);
    const { code, stderr } = await command(['train', 'small.yaml'], { cwd });
    assert.equal(code, 0, stderr);
  });
  after(() => folder.remove());

  const files = (name: string) => Promise.all(determined.map((file) => readFile(join(cwd, name, file), 'latin1')));

  it('leaves weights, results, losses and a picture in a folder named after the spec', async () => {
    assert.deepEqual((await readdir(join(cwd, 'runs', 'small'))).sort(), [
      'comparison.svg',
      'losses.csv',
      'results.json',
      'run.json',
      'spec.json',
      'validation.csv',
      'weights.safetensors',
    ]);
    const [spec, , results, losses] = await files('runs/small');
    assert.equal(JSON.parse(spec!).training.horizon, 15);
    assert.equal((JSON.parse(results!) as ComparisonResults).optimizers[0]!.label, 'LSTM');
    const rows = losses!.trimEnd().split('\n');
    assert.equal(rows[0], 'iteration,step,loss');
    assert.equal(rows.length, 1 + 200 * 5);
    assert.match(rows[6]!, /^1,5,\d/);
    const weights = await readFile(join(cwd, 'runs', 'small', 'weights.safetensors'));
    assert.equal(decodeWeights(weights).provenance.seed, 3);
  });

  it('gives the same bytes twice, and prints events as JSON lines', async () => {
    const { code, stdout, stderr } = await command(['train', 'small.yaml', '-o', 'again', '--json'], { cwd });
    assert.equal(code, 0, stderr);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; points?: number[] });
    assert.equal(events[0]!.type, 'started');
    assert.equal(events.at(-1)!.type, 'done');
    assert.equal(events.flatMap((event) => event.points ?? []).length, 200 * 5);
    assertSame(await files('again'), await files('runs/small'));
  });

  it('takes a checkpoint at Ctrl-C, and --resume gives the same bytes', async () => {
    const { child, ended, until } = start(['train', '-', '-o', 'stopped', '--json'], { cwd, input: smallSpec });
    await until('stdout', /"losses"/);
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /--resume/);
    assert.ok(existsSync(join(cwd, 'stopped', 'checkpoint.safetensors')));
    // What a killed process may have written after its checkpoint.
    await appendFile(join(cwd, 'stopped', 'losses.csv'), '199,4,0.5\n199,5,0.');
    const resumed = await command(['train', 'small.yaml', '-o', 'stopped', '--resume'], { cwd });
    assert.equal(resumed.code, 0, resumed.stderr);
    assertSame(await files('stopped'), await files('runs/small'));
    assert.ok(!existsSync(join(cwd, 'stopped', 'checkpoint.safetensors')));
  });

  it('does not replace a run by default, nor resume another run', async () => {
    const again = await command(['train', 'small.yaml'], { cwd });
    assert.equal(again.code, 2);
    assert.match(again.stderr, /--resume .*--overwrite/);
    await writeFile(join(cwd, 'other.yaml'), smallSpec.replace('seed: 3', 'seed: 4'));
    const other = await command(['train', 'other.yaml', '-o', 'runs/small', '--resume'], { cwd });
    assert.equal(other.code, 2);
    assert.match(other.stderr, /another spec/);
    const complete = await command(['train', 'small.yaml', '--resume'], { cwd });
    assert.equal(complete.code, 0);
    assert.match(complete.stderr, /complete/);
  });

  it('exits with 1 if the training diverges, and keeps the weights from before', async () => {
    const diverging = `
      kind: metatrain
      problem: { name: parabola }
      optimizer: { name: lstm, layers: [], initialisation: { kernels: zeros } }
      training: { iterations: 50, learningRate: 10 }`;
    const { code, stderr } = await command(['train', '-', '-o', 'diverged'], { cwd, input: diverging });
    assert.equal(code, 1);
    assert.match(stderr, /Meta-iteration 1: .* is not finite/);
    const record = JSON.parse(await readFile(join(cwd, 'diverged', 'run.json'), 'utf8'));
    assert.deepEqual([record.state, record.failure.code], ['failed', 'diverged']);
    assert.ok(existsSync(join(cwd, 'diverged', 'weights.safetensors')));
  });

  it('compares the weights again without training, to the same results', async () => {
    const args = ['compare', 'runs/small/weights.safetensors', 'small.yaml', '-o', 'compared'];
    const { code, stdout, stderr } = await command(args, { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^LSTM +\d/m);
    assert.ok(!stdout.includes('\x1b'), 'no colours in a pipe');
    const results = async (name: string) => JSON.parse(await readFile(join(cwd, name, 'results.json'), 'utf8'));
    const { weightsSha256, ...same } = await results('compared');
    assert.deepEqual(same, await results('runs/small'));
    assert.match(weightsSha256, /^[0-9a-f]{64}$/);
  });

  it('compares weights without a spec: on their own problem, or on the one in the options', async () => {
    const weights = 'runs/small/weights.safetensors';
    const few = ['--functions', '50', '--seed', '7'];
    const compared = async (args: string[]) => {
      const { code, stderr } = await command(['compare', weights, ...few, '--overwrite', ...args], { cwd });
      assert.equal(code, 0, stderr);
      const folder = join(cwd, args.includes('-o') ? 'elsewhere' : 'runs/small-compare');
      return JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as ComparisonResults;
    };
    const own = await compared(['--baselines', '{name: sgd, learningRate: 0.1}']);
    assert.deepEqual([own.problem.name, own.steps, own.functions, own.seed], ['quadratic', 15, 50, 7]);
    assert.deepEqual(
      own.optimizers.map(({ label }) => label),
      ['LSTM', 'SGD 0.1'],
    );
    const elsewhere = ['--problem', '{name: parabola, dimension: 4}', '--steps', '30', '--baselines', 'sgd, nag'];
    const other = await compared([...elsewhere, '--tuning-functions', '20', '-o', 'elsewhere']);
    assert.deepEqual([other.problem.name, other.steps], ['parabola', 30]);
    const tunedFor = ({ optimizers }: ComparisonResults, name: string) =>
      optimizers.flatMap(({ rule, tuning }) => (rule?.name === name ? (tuning?.measures ?? []) : []));
    for (const name of ['sgd', 'nag']) assert.deepEqual(tunedFor(other, name).sort(), ['final', 'sum', 'tail']);
    assert.ok(other.optimizers.every(({ tuning }) => tuning === null || tuning.functions === 20));
    // Except for seed and problem, what the options leave out comes from the file.
    const options = ['--problem', 'parabola', '--measures', 'final, tail', '-o', 'elsewhere'];
    const fromFile = await compared(['small.yaml', ...options]);
    assert.deepEqual([fromFile.problem.name, fromFile.steps, fromFile.functions], ['parabola', 10, 50]);
    assert.deepEqual(tunedFor(fromFile, 'sgd').sort(), ['final', 'tail']);
  });

  it('reports invalid options', async () => {
    const refused = async (...args: string[]) => {
      const { code, stderr } = await command(['compare', 'runs/small/weights.safetensors', ...args], { cwd });
      assert.equal(code, 2, stderr);
      return stderr;
    };
    assert.match(await refused('--baselines', 'sgd, adamm'), /\/comparison\/baselines\/1\/name: found "adamm"/);
    assert.match(await refused('--measures', 'sum,mean'), /\/comparison\/tuning\/measures\/1: found "mean"/);
    assert.match(await refused('--steps', '0'), /\/comparison\/steps: found 0/);
    assert.match(await refused('--steps', '1e3'), /'--steps <N>' argument '1e3' is invalid/);
    assert.match(await refused('--problem', '{name: [}'), /'--problem <PROBLEM>' .*expected YAML or JSON/);
    assert.match(await refused('--baselines', '5'), /expected a name, or an object with one; found 5/);
  });
});

describe('the command line', () => {
  const refusals: [title: string, args: string[], input: string, code: number, message: RegExp][] = [
    [
      'names the line and the pointer of a field at fault',
      ['train', '-'],
      'kind: metatrain\nproblem:\n  name: parabola\n  dimension: "10"\noptimizer: { name: lstm }\ntraining:\n  unrol: 3\n',
      2,
      /line 4, \/problem\/dimension: found "10", allowed: an integer.*\n +line 7, \/training\/unrol: found 3/,
    ],
    ['names the line that lacks a field', ['train', '-'], '\nkind: metatrain\n', 2, /line 2, \/problem: found noth/],
    ['refuses what is not YAML', ['submit', '-'], 'kind: [', 2, /standard input is not YAML or JSON/],
    ['refuses a missing file', ['train', 'missing.yaml'], '', 2, /missing\.yaml cannot be read/],
    ['refuses an unknown command', ['trian'], '', 2, /unknown command 'trian'/],
    ['refuses an unknown option', ['jobs', '--colour'], '', 2, /unknown option/],
    [
      'refuses a file that has no weights',
      ['compare', '/dev/null', '-'],
      smallSpec,
      2,
      /\/dev\/null is neither a file of weights \(.*0 bytes.*\), nor/,
    ],
    ['reports that no service answers', ['jobs', '--server', 'http://127.0.0.1:1'], '', 3, /No service answers/],
    ['reports the same for a stream', ['watch', 'j0', '--server', 'http://127.0.0.1:1'], '', 3, /No service answers/],
  ];
  for (const [title, args, input, code, message] of refusals) {
    it(`${title}: exit status ${code}`, async () => {
      const ended = await command(args, { input });
      assert.match(ended.stderr, message);
      assert.equal(ended.code, code, ended.stderr);
      assert.equal(ended.stdout, '');
    });
  }

  it('prints errors as JSON with --json', async () => {
    const { stderr } = await command(['train', '-', '--json'], { input: 'kind: other' });
    const { error } = JSON.parse(stderr) as { error: { message: string; exitCode: number } };
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /\/kind/);
    const unknown = await command(['jobs', '--json', '--colour']);
    assert.equal(unknown.code, 2);
    assert.match(JSON.parse(unknown.stderr).error.message, /unknown option '--colour'/);
  });

  it('documents its exit statuses in --help', async () => {
    const { code, stdout } = await command(['--help']);
    assert.equal(code, 0);
    for (const status of [0, 1, 2, 3, 4, 5, 130]) assert.match(stdout, new RegExp(`^ +${status}  \\w`, 'm'));
  });
});
