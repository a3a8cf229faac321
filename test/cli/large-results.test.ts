import assert from 'node:assert/strict';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { JobEventOf } from '../../src/contract/events.js';
import type { ComparisonResults } from '../../src/contract/results.js';
import { createTemporaryFolder } from '../support/redis.js';
import { command, smallSpec, start } from './command.js';

/** Curves of four optimizers over 20,000 steps: about 9 MB. */
const steps = 20_000;
const spec = `
kind: metatrain
problem: { name: simple }
optimizer: { name: lstm, layers: [2] }
training: { iterations: 1, horizon: 2, unroll: 2, validation: { functions: 2 } }
comparison:
  functions: 2
  steps: ${steps}
  resamples: 100
  baselines: [{ name: sgd, learningRate: 0.01 }, { name: adam, learningRate: 0.01 }, { name: momentum, learningRate: 0.01 }]
`;
const maxEventBytes = 512_000;

/** Finds the comparison among events printed one per line, and checks that no event is too large. */
function comparisonIn(stdout: string): JobEventOf<'comparison'> {
  const lines = stdout.trimEnd().split('\n');
  for (const line of lines) assert.ok(line.length <= maxEventBytes, `an event of ${line.length} bytes`);
  const event = lines.map((line) => JSON.parse(line)).find(({ type }) => type === 'comparison');
  assert.ok(event);
  return event;
}

function assertThinned({ results, artifact }: JobEventOf<'comparison'>, whole: ComparisonResults): void {
  assert.equal(artifact, 'results.json');
  assert.equal(whole.optimizers.length, 4);
  for (const [i, { curve }] of whole.optimizers.entries()) {
    assert.equal(curve.mean.length, steps + 1);
    const { curve: thin } = results.optimizers[i]!;
    assert.ok(thin.steps && thin.steps.length <= 1000);
    assert.deepEqual(
      thin.mean,
      thin.steps.map((t) => curve.mean[t]),
    );
  }
}

describe('results that are larger than an event may be', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let server: ReturnType<typeof start>;
  let options: { cwd: string; env: Record<string, string> };
  before(async () => {
    folder = await createTemporaryFolder();
    const cwd = folder.path;
    await writeFile(join(cwd, 'large.yaml'), spec);
    await writeFile(join(cwd, 'small.yaml'), smallSpec);
    server = start(['serve', '--port', '0', '--log-level', 'warn'], { cwd });
    const [, url = ''] = await server.until('stderr', /Serving at (\S+)/);
    options = { cwd, env: { METADESCENT_URL: url } };
  });
  after(async () => {
    server.child.kill('SIGKILL');
    await folder.remove();
  });

  it('are a file of the job: the event names it and has thinned curves, commands show everything', async () => {
    const watched = await command(['submit', 'large.yaml', '--watch', '--json'], options);
    assert.equal(watched.code, 0, watched.stderr);
    const event = comparisonIn(watched.stdout);
    const printed = await command(['results', event.job, '--json'], options);
    assertThinned(event, JSON.parse(printed.stdout));
    const { code, stdout } = await command(['watch', event.job], options);
    assert.equal(code, 0);
    assert.match(stdout, /Momentum 0\.01[\s\S]*20000\n/);
    const shown = await command(['results', event.job], options);
    assert.ok(stdout.includes(shown.stdout.trim()), 'a watch shows what "results" does');
  });

  it('are also a file of a run without a service', async () => {
    const { code, stdout, stderr } = await command(['train', 'large.yaml', '-o', 'large', '--json'], options);
    assert.equal(code, 0, stderr);
    const text = await readFile(join(folder.path, 'large', 'results.json'), 'utf8');
    const whole: ComparisonResults = JSON.parse(text);
    assert.equal(text, `${JSON.stringify(whole, null, 2)}\n`);
    assertThinned(comparisonIn(stdout), whole);
  });

  it('that cannot be written fail the run, which keeps its weights and can be resumed', async () => {
    const run = join(folder.path, 'blocked');
    // A folder where the results should be written.
    await mkdir(join(run, '.results.json.part'), { recursive: true });
    const failed = await command(['train', 'small.yaml', '-o', 'blocked'], options);
    assert.equal(failed.code, 1);
    const record = JSON.parse(await readFile(join(run, 'run.json'), 'utf8'));
    assert.deepEqual([record.state, record.failure.code], ['failed', 'internal']);
    assert.match(record.failure.message, /EISDIR/);
    assert.ok((await stat(join(run, 'weights.safetensors'))).size > 0);
    await rm(join(run, '.results.json.part'), { recursive: true });
    const resumed = await command(['train', 'small.yaml', '-o', 'blocked', '--resume'], options);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(JSON.parse(await readFile(join(run, 'run.json'), 'utf8')).state, 'succeeded');
  });
});
