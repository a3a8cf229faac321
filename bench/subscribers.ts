import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { Client } from '../src/client/client.js';
import type { MetatrainSpec } from '../src/contract/spec.js';
import { root, type ServeProcess, startServe } from '../test/e2e/processes.js';
import { createTemporaryFolder } from '../test/support/redis.js';
import type { FromSubscribers, Report, ToSubscribers } from './subscriber-process.js';

/** `npm run bench:dashboard -- --subscribers`: what many thinned subscribers of the fastest job get, and what they cost it. */

/**
 * Goals: milliseconds from a bucket's last point to 99 of 100 subscribers, and the job's speed relative to that with one
 * subscriber.
 */
const goals = { p99: 250, speed: 0.8 };

const rate = 10;
/** Milliseconds for subscribers to be served as usual. */
const settling = 1500;

interface Measured {
  subscribers: number;
  messages: number;
  p50: number;
  p99: number;
  /** The job's points per second of its own clock. */
  speed: number;
  /** Processors in use, by what for. */
  used: Record<Use | 'subscribers', number>;
  kilobytes: number;
}

export async function measureSubscribers(): Promise<number> {
  const { values } = parseArgs({
    options: {
      subscribers: { type: 'boolean' },
      dashboard: { type: 'boolean' },
      count: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '8' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const [count, seconds, rounds] = [Number(values.count), Number(values.seconds), Number(values.rounds)];
  const folder = await createTemporaryFolder();
  const service = await startServe(folder.path);
  const processes = [0, 1].map(() => fork(fileURLToPath(new URL('subscriber-process.js', import.meta.url))));
  try {
    const client = new Client(service.url);
    const { id } = await client.create(fastest());
    console.log(`Subscribers with rate=${rate}, in ${processes.length} processes of their own; ${seconds} s each.\n`);
    const lines: Measured[] = [];
    for (let round = 0; round < rounds; round++)
      // In turns, so that other load on the machine affects both alike.
      for (const subscribers of round % 2 === 0 ? [1, count] : [count, 1]) {
        const line = await measure(service, client, id, processes, subscribers, seconds);
        lines.push(line);
        console.log(describe(line));
      }
    return judge(lines, count);
  } finally {
    for (const process of processes) process.disconnect();
    await service.kill();
    await folder.remove();
  }
}

/** The training of the first example, which does the most points per second of all examples, for ever. */
function fastest(): object {
  const { training, ...spec } = parse(readFileSync(`${root}examples/specs/seed.yaml`, 'utf8')) as MetatrainSpec;
  const validation = { ...training.validation, every: 1_000_000, functions: 1 };
  return { ...spec, training: { ...training, iterations: 100_000_000, validation }, comparison: null };
}

async function measure(
  { url, pid }: ServeProcess,
  client: Client,
  job: string,
  processes: readonly ChildProcess[],
  subscribers: number,
  seconds: number,
): Promise<Measured> {
  const { cursor } = await client.losses(job, { points: 1 });
  const stream = `${url}/jobs/${job}/stream?types=losses&rate=${rate}&cursor=${cursor}`;
  const share = (i: number) => Math.floor((subscribers + i) / processes.length);
  await Promise.all(processes.map((process, i) => ask(process, { type: 'connect', url: stream, count: share(i) })));
  await delay(settling);
  for (const process of processes) process.send({ type: 'begin' } satisfies ToSubscribers);
  const [before, began] = [processorTimes(pid), performance.now()];
  await delay(1000 * seconds);
  const [after, elapsed] = [processorTimes(pid), (performance.now() - began) / 1000];
  const reports = (await Promise.all(processes.map((process) => ask(process, { type: 'report' })))) as Report[];
  await Promise.all(processes.map((process) => ask(process, { type: 'disconnect' })));
  const spec = (await client.get(job)).spec as MetatrainSpec;
  return summarise(subscribers, reports, spec.training.unroll, elapsed, {
    service: (after.service - before.service) / elapsed,
    job: (after.job - before.job) / elapsed,
    redis: (after.redis - before.redis) / elapsed,
  });
}

async function ask(process: ChildProcess, command: ToSubscribers): Promise<FromSubscribers> {
  process.send(command);
  const [answer] = await once(process, 'message');
  return answer;
}

function summarise(
  subscribers: number,
  reports: readonly Report[],
  pointsPerIteration: number,
  elapsed: number,
  used: Record<Use, number>,
): Measured {
  const total = (of: (report: Report) => number) => reports.reduce((sum, report) => sum + of(report), 0);
  const messages = total((report) => report.messages);
  const delays = reports[0]!.delays.map((_, i) => total((report) => report.delays[i]!));
  const quantile = (q: number) => {
    let passed = 0;
    return delays.findIndex((n) => {
      passed += n;
      return passed >= q * messages;
    });
  };
  // All receive the same: the process that received the most tells how far the job has come.
  const { first, last, ...one } = reports.reduce((a, b) => (b.messages > a.messages ? b : a));
  if (!first || !last || last.time === first.time) throw new Error(`The job did not move: ${JSON.stringify(one)}`);
  return {
    subscribers,
    messages: messages / elapsed,
    p50: quantile(0.5),
    p99: quantile(0.99),
    speed: (1000 * pointsPerIteration * (last.iterations - first.iterations)) / (last.time - first.time),
    used: { ...used, subscribers: total(({ cpu }) => cpu) / 1e6 / elapsed },
    kilobytes: total(({ bytes }) => bytes) / messages / 1000,
  };
}

type Use = 'service' | 'job' | 'redis';

/** Seconds of processor time so far: of the service (API and worker), the job's processes, and Redis. */
function processorTimes(service: number): Record<Use, number> {
  const times = { service: processorTime(service), job: 0, redis: 0 };
  for (const task of readdirSync(`/proc/${service}/task`))
    for (const pid of readFileSync(`/proc/${service}/task/${task}/children`, 'utf8').split(' ').filter(Boolean)) {
      const isRedis = readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('redis-server');
      times[isRedis ? 'redis' : 'job'] += processorTime(Number(pid));
    }
  return times;
}

/** Of a process and all its threads; the kernel counts hundredths of a second. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function describe({ subscribers, messages, p50, p99, speed, used, kilobytes }: Measured): string {
  const processors = Object.entries(used).map(([name, n]) => `${name} ${n.toFixed(2)}`);
  const own = Math.round(speed / used.job);
  return (
    `${subscribers} subscribers: p50 ${p50} ms, p99 ${p99} ms; ${Math.round(messages)} messages/s of ` +
    `${kilobytes.toFixed(1)} kB; the job: ${Math.round(speed)} points/s, ${own} per second of its processor time; ` +
    `processors in use: ${processors.join(', ')}`
  );
}

function judge(lines: readonly Measured[], count: number): number {
  const of = (subscribers: number) => lines.filter((line) => line.subscribers === subscribers);
  const ratioOf = (figure: (line: Measured) => number) => {
    const [many, one] = [of(count), of(1)].map((some) => some.reduce((sum, line) => sum + figure(line), 0));
    return many! / one!;
  };
  const p99 = Math.max(...of(count).map((line) => line.p99));
  const speed = ratioOf((line) => line.speed);
  const own = ratioOf((line) => line.speed / line.used.job);
  console.log(`\np99 at most ${p99} ms (goal: ${goals.p99}).`);
  console.log(
    `The job's speed with ${count} subscribers, relative to that with one: ${speed.toFixed(2)} (goal: ${goals.speed}); ` +
      `per second of its own processor time ${own.toFixed(2)}.`,
  );
  return p99 <= goals.p99 && speed >= goals.speed ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await measureSubscribers();
