import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import type { RunEvent } from '../../src/contract/events.js';
import type { ProblemSpec } from '../../src/contract/problems.js';
import type { JobSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/weights/safetensors.js';
import { Child, type Exit } from '../../src/workers/child-process.js';
import { type FromChild, maxOutstanding, type RunRequest } from '../../src/workers/messages.js';
import { slowTraining, smallComparison, smallTraining } from './specs.js';

const silent = pino({ level: 'silent' });

function request(spec: JobSpec, changes: Partial<RunRequest> = {}): RunRequest {
  return { type: 'run', spec, weights: null, checkpoint: null, checkpointEvery: 60_000, ...changes };
}

interface Received {
  messages: FromChild[];
  events: RunEvent[];
  /** From the latest snapshot. */
  checkpoint: Uint8Array | null;
  weights: Uint8Array | null;
  exit: Exit;
}

/** Runs a child to its end, or until `hear` throws; `hear` gets each message before the child gets credit for it. */
async function run(
  ask: RunRequest,
  hear: (message: FromChild, child: Child) => unknown = () => {},
  plugins: string[] = [],
): Promise<Received> {
  const child = await Child.start(silent, { plugins, datasets: [] });
  const received: Omit<Received, 'exit'> = { messages: [], events: [], checkpoint: null, weights: null };
  const messages = child.messages();
  child.send(ask);
  try {
    for await (const [message] of messages) {
      received.messages.push(message);
      if (message.type === 'events') received.events.push(...message.events);
      if (message.type === 'snapshot') {
        received.checkpoint = message.checkpoint;
        received.weights = message.weights;
      }
      await hear(message, child);
      child.send({ type: 'credit' });
    }
    return { ...received, exit: await child.exited };
  } finally {
    // If `hear` has thrown, the child waits for credit, and this file would not end.
    child.kill();
    await child.exited;
  }
}

/** The losses in order; fails if a pack's header does not match its points. */
function losses(events: RunEvent[], first = 0): number[] {
  const all: number[] = [];
  for (const event of events) {
    if (event.type !== 'losses') continue;
    assert.equal(event.iteration, first + all.length / event.perIteration);
    assert.equal(event.step, (event.iteration * event.perIteration) % 8);
    all.push(...event.points);
  }
  return all;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a run whose messages a test objects to leaves no child behind', async () => {
  let pid = 0;
  const object = (_: FromChild, child: Child) => {
    pid = child.pid;
    throw new Error('objection');
  };
  await assert.rejects(run(request(smallTraining(1_000_000)), object), /objection/);
  assert.ok(pid > 0 && !isRunning(pid));
});

describe('the child that runs a job', () => {
  it('delivers every loss in packs, the weights before the last event, and exits', async () => {
    const { events, messages, weights, exit } = await run(request(smallTraining(300, { comparison: smallComparison })));
    assert.equal(losses(events).length, 300 * 4);
    assert.ok(events.filter((e) => e.type === 'losses').length < 300);
    assert.deepEqual(
      events.filter((e) => e.type !== 'losses' && e.type !== 'progress').map((e) => e.type),
      ['started', ...Array(7).fill(['validation', 'health']).flat(), 'comparison', 'done'],
    );
    assert.ok(weights);
    assert.equal(messages.at(-2)?.type, 'snapshot');
    assert.equal(exit.description, 'exited with code 0');
  });

  it('reports a missing plugin: one that the job needs, and one whose file is missing', async () => {
    // A job that an API with the plugin has accepted.
    const spec = { ...smallTraining(1), problem: { name: 'styblinski-tang', dimension: 2 } as never };
    const failure = async (plugins: string[]) => {
      const { messages, exit } = await run(request(spec), () => {}, plugins);
      assert.equal(exit.description, 'exited with code 0');
      const [message] = messages;
      assert.ok(message?.type === 'failed');
      return message.failure;
    };
    assert.deepEqual(await failure([]), {
      code: 'unsupported',
      message: 'problem.name: "styblinski-tang" is not known here: start this worker with the --plugin that adds it.',
    });
    assert.deepEqual(await failure(['nothing.mjs']), {
      code: 'unsupported',
      message: '--plugin nothing.mjs: there is no such file.',
    });
  });

  it('reports a data set that the job needs, and that this worker was not started with', async () => {
    const problem = {
      ...parseJobSpec({ ...smallTraining(1), problem: { name: 'perceptron' } }).problem,
      dataset: 'mine',
    };
    const { messages } = await run(request({ ...smallTraining(1), problem: problem as ProblemSpec }));
    const [message] = messages;
    assert.ok(message?.type === 'failed');
    assert.equal(message.failure.code, 'unsupported');
    assert.match(message.failure.message, /^The data set "mine" is not known here: start this process with --dataset/);
  });

  it('computes no further than its credit, and loses nothing while waiting', async (t) => {
    const child = await Child.start(silent);
    t.after(() => child.kill());
    const messages = child.messages();
    child.send(request(smallTraining(400)));
    const events: RunEvent[] = [];
    let paused = true;
    let withheld = 0;
    const reading = (async () => {
      for await (const [message] of messages) {
        if (message.type === 'events') events.push(...message.events);
        if (paused) withheld++;
        else child.send({ type: 'credit' });
      }
    })();
    while (withheld < maxOutstanding) await delay(10);
    await delay(500);
    assert.equal(withheld, maxOutstanding);
    paused = false;
    for (; withheld > 0; withheld--) child.send({ type: 'credit' });
    await reading;
    assert.equal(losses(events).length, 400 * 4);
    assert.equal(events.at(-1)?.type, 'done');
  });

  it('stops when asked to, and another resumes from its snapshot: the same losses and weights', async () => {
    const spec = smallTraining(300, { comparison: smallComparison });
    const steady = await run(request(spec));
    let packs = 0;
    const first = await run(request(spec), (message, child) => {
      if (message.type === 'events' && ++packs === 3) child.send({ type: 'stop' });
    });
    assert.equal(first.exit.description, 'exited with code 0');
    assert.notEqual(first.events.at(-1)?.type, 'done');
    const second = await run(request(spec, { checkpoint: first.checkpoint }));
    assert.deepEqual(losses([...first.events, ...second.events]), losses(steady.events));
    assert.deepEqual(second.weights, steady.weights);
    const results = (received: Received) => received.events.find((e) => e.type === 'comparison');
    assert.deepEqual(results(second), results(steady));
  });

  it('takes checkpoints at intervals, none ahead of the events delivered', async () => {
    const events: RunEvent[] = [];
    let checkpoints = 0;
    await run(request(smallTraining(300), { checkpointEvery: 100 }), (message) => {
      if (message.type === 'events') events.push(...message.events);
      if (message.type !== 'snapshot' || !message.checkpoint) return;
      checkpoints++;
      const { training } = JSON.parse(decodeSafetensors(message.checkpoint).metadata.state!);
      assert.equal(training.iteration, losses(events).length / 4);
    });
    assert.ok(checkpoints > 0);
  });

  it('starts over if the checkpoint is from another engine, and reports it', async () => {
    const spec = smallTraining(100);
    const stopped = await run(request(spec), (message, child) => {
      if (message.type === 'events') child.send({ type: 'stop' });
    });
    const { tensors, metadata } = decodeSafetensors(stopped.checkpoint!);
    const engine = JSON.stringify({ ...JSON.parse(metadata.engine!), version: '0.0.0' });
    const checkpoint = encodeSafetensors(tensors, { ...metadata, engine });
    const { messages, events } = await run(request(spec, { checkpoint }));
    assert.ok(messages[0]?.type === 'restart' && /different engine/.test(messages[0].reason));
    assert.equal(losses(events).length, 100 * 4);
  });

  it('ignores Ctrl-C, which a terminal sends to it too: its worker handles it', async () => {
    const { events } = await run(request(smallTraining(100)), (message, child) => {
      if (message.type === 'events') process.kill(child.pid!, 'SIGINT');
    });
    assert.equal(events.at(-1)?.type, 'done');
  });

  it('reports why a job cannot run: an exception with its stack, a missing engine', async () => {
    const { problem, comparison } = smallTraining(1, { comparison: smallComparison });
    const compare = parseJobSpec({ kind: 'compare', problem, comparison, optimizer: { job: 'any' } });
    const [damaged] = (await run(request(compare, { weights: { bytes: new Uint8Array(64), sha256: '' } }))).messages;
    assert.ok(damaged?.type === 'failed');
    assert.equal(damaged.failure.code, 'internal');
    assert.match(damaged.stack, /decodeWeights/);
    const [missing] = (await run(request(smallTraining(1, { engine: { backend: 'tensorflow' } })))).messages;
    assert.ok(missing?.type === 'failed');
    assert.equal(missing.failure.code, 'unsupported');
  });

  it('reports that its heap was full', async () => {
    const before = process.env.NODE_OPTIONS;
    process.env.NODE_OPTIONS = '--max-old-space-size=8';
    const running = run(request(smallTraining(1000)));
    process.env.NODE_OPTIONS = before ?? '';
    const { exit, events } = await running;
    assert.notEqual(events.at(-1)?.type, 'done');
    assert.deepEqual(exit, { description: 'was ended by signal SIGABRT', outOfMemory: true });
  });

  it('exits by itself when its worker is gone, even during a long computation', async (t) => {
    for (const spec of [smallTraining(1_000_000), slowTraining(30)]) {
      const parent = spawn(
        process.execPath,
        ['--input-type=module', '-e', parentProgram, modulePath, JSON.stringify(request(spec))],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      t.after(() => parent.kill('SIGKILL'));
      const [pid] = await once(parent.stdout.setEncoding('utf8'), 'data');
      assert.ok(isRunning(Number(pid)));
      parent.kill('SIGKILL');
      while (isRunning(Number(pid))) await delay(20);
    }
  });
});

/** Starts a child on a job and, at its first message, prints the child's pid. */
const parentProgram = `
  const { Child } = await import(process.argv[1]);
  const child = await Child.start({ info() {}, warn() {}, error() {} });
  child.send(JSON.parse(process.argv[2]));
  for await (const _ of child.messages()) console.log(child.pid);
`;
const modulePath = new URL('../../src/workers/child-process.js', import.meta.url).href;
