/** The jobs, the registered optimizers and the run that go into the archive. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { digestJob } from '../digests/job.mjs';
import { environment } from './service.mjs';

const baselines = [{ name: 'sgd' }, { name: 'adam', learningRate: 0.1 }];
const comparison = { functions: 64, steps: 12, baselines, tuning: { functions: 32, points: 5 }, resamples: 100 };
const training = { horizon: 10, unroll: 5, validation: { every: 50, functions: 16 } };
const small = {
  kind: 'metatrain',
  seed: 5,
  problem: { name: 'quadratic', dimension: 3 },
  optimizer: { name: 'lstm', layers: [4], preprocess: { name: 'log-sign-paper' }, outputScale: 0.1 },
  training: { ...training, iterations: 100 },
  comparison,
};

/** A few seconds each: long enough to be interrupted. */
export const unfinished = {
  tfjs: {
    ...small,
    title: 'Interrupted, on tfjs',
    labels: ['unfinished'],
    engine: { name: 'tfjs', backend: 'wasm' },
    training: {
      ...training,
      iterations: 1500,
      imitation: { rule: { name: 'sgd', learningRate: 0.1 }, iterations: 150 },
    },
  },
  native: {
    ...small,
    title: 'Interrupted, on the native engine',
    labels: ['unfinished'],
    optimizer: { ...small.optimizer, layers: [20, 20] },
    training: {
      ...training,
      iterations: 12_000,
      functions: 16,
      curriculum: [{ from: 6000, horizon: 20, unroll: 5 }],
      validation: { every: 1000, functions: 64 },
    },
  },
};

/** The idempotency key of the job of this name. */
export function keyOf(name) {
  return `key-of-${name}`;
}

/** @returns the contents once the unfinished jobs are running, for expected.json */
export async function fillService(service) {
  const documents = {
    succeeded: { ...small, title: 'Succeeded', labels: ['a', 'b'] },
    diverged: {
      ...small,
      title: 'Diverged',
      problem: { name: 'parabola' },
      optimizer: { name: 'lstm', layers: [], initialisation: { kernels: 'zeros' } },
      training: { iterations: 50, learningRate: 10 },
    },
    unsupported: { ...small, title: 'Needs pictures that are not there', problem: { name: 'cifar' }, comparison: null },
    cancelled: { ...small, title: 'Cancelled while it ran', training: { ...training, iterations: 10_000_000 } },
  };
  const finished = [];
  const submit = async (name, document, state) => {
    const { id } = await service.post('jobs', document, keyOf(name));
    if (state === 'cancelled') {
      await service.until(id, ({ progress }) => progress?.done > 0);
      await service.post(`jobs/${id}/cancel`);
    }
    await service.until(id, (job) => job.state === state);
    const { failure } = await service.get(`jobs/${id}`);
    const digests = state === 'cancelled' ? {} : await digestJob(service.url, id);
    finished.push({ id, name, document, state, code: failure?.code ?? null, digests });
    return id;
  };
  const succeeded = await submit('succeeded', documents.succeeded, 'succeeded');
  await submit('diverged', documents.diverged, 'failed');
  await submit('unsupported', documents.unsupported, 'failed');
  await submit('cancelled', documents.cancelled, 'cancelled');

  const optimizers = [await service.post('optimizers', { name: 'learned', job: succeeded }, keyOf('learned'))];
  const weights = Buffer.from(await (await service.request('GET', `jobs/${succeeded}/weights`)).arrayBuffer());
  const type = 'application/vnd.safetensors';
  const upload = async (name) =>
    (await service.request('POST', `optimizers?name=${name}`, { body: weights, type })).json();
  optimizers.push(await upload('uploaded'));
  // Version numbers are never reused: the next of this name is 3.
  const { version } = await upload('learned');
  await service.request('DELETE', `optimizers/learned/${version}`);

  const problem = { name: 'parabola', dimension: 4 };
  const compare = (optimizer) => ({ kind: 'compare', optimizer, problem, comparison });
  await submit('comparison-of-a-job', compare({ job: succeeded }), 'succeeded');
  await submit('comparison-by-name', compare({ name: 'learned', version: 1 }), 'succeeded');

  const jobs = [];
  for (const [name, document] of Object.entries(unfinished))
    jobs.push({ name, id: (await service.post('jobs', document, keyOf(name))).id });
  const { id: queued } = await service.post('jobs', { ...small, title: 'Queued' }, keyOf('queued'));
  for (const { id } of jobs) await service.until(id, ({ progress }) => progress?.done > 200);
  return { finished, optimizers, unfinished: jobs, queued };
}

/** A training by the build's command line, interrupted by Ctrl-C. */
export async function interrupted(build, folder) {
  const work = mkdtempSync(join(tmpdir(), 'metadescent-run-'));
  try {
    const document = join(work, 'native.json');
    writeFileSync(document, JSON.stringify(unfinished.native));
    const args = [join(build, 'dist/src/cli/main.js'), 'train', document, '--out', folder];
    const child = spawn(process.execPath, args, { env: environment, stdio: 'ignore' });
    const closed = once(child, 'close');
    const losses = join(folder, 'losses.csv');
    while (!existsSync(losses) || statSync(losses).size < 50_000) await delay(20);
    child.kill('SIGINT');
    await closed;
    if (!existsSync(join(folder, 'checkpoint.safetensors'))) throw new Error('The training ended before Ctrl-C.');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
