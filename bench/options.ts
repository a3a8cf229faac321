import { freemem } from 'node:os';
import { parseArgs } from 'node:util';
import { type PeerName, peerNames } from './peers.js';
import { allowedCpus } from './subject.js';
import { workloads } from './workloads.js';

export interface Options {
  /** Names of workloads, and "growth". */
  only: readonly string[];
  peers: readonly PeerName[];
  threads: readonly number[];
  rounds: number;
  /** Seconds that each process is timed for. */
  seconds: number;
  quick: boolean;
  verify: boolean;
  check: boolean;
  /** The checkout of another build to compare ours with, instead of peers. */
  against: string | null;
  json: string | null;
  svg: string | null;
  /** Bytes. */
  memoryLimit: number;
  /** Seconds. */
  timeLimit: number;
}

export const usage = `npm run bench -- [options]
  --documents           how long a request's body may hold up the service, and nothing else
  --lists               how long GET /jobs takes with 100,000 jobs, and nothing else
  --changes             what GET /events costs while 200 jobs run, and nothing else
  --training WHAT       how long a job document's training takes, or an experiment's at its full budget, from 2,000
                        meta-iterations (--timed), of as many as it has (--iterations), and nothing else
  --only W1,W2,W3,W3-T100,W3-T200,W4,W5,growth   what to run (everything)
  --peers ${peerNames.join(',')}   who takes part (all; "us" always takes part)
  --threads 1,2,8       numbers of CPUs (1, 2, and all that this process may use)
  --rounds N            processes of each peer, taking turns (3)
  --seconds S           how long each process is timed (3)
  --quick               one round of half a second, each peer in its first form, small growth
  --memory-limit GIB    stop a process that needs more (8, or 60 % of free memory if that is less)
  --time-limit S        stop a process that takes longer (600)
  --no-verify           do not check first that the peers compute the same thing
  --against DIR         only compare this build's processor time with that of the checkout in DIR, in rounds of four
                        blocks (8 rounds of 1 s, on one CPU); exit 1 unless it is clearly below 1.05 times
  --check               exit 1 if a goal of bench/goals.json is not met
  --json FILE  --svg FILE   write all figures; draw the growth curves (data/bench.svg)`;

/**
 * @returns null for --help
 * @throws Error that names the option and what it accepts, with the usage
 */
export function readOptions(args: string[]): Options | null {
  if (args.includes('--help')) return null;
  try {
    return parse(args);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${usage}`);
  }
}

function parse(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      peers: { type: 'string' },
      threads: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'memory-limit': { type: 'string' },
      'time-limit': { type: 'string' },
      'no-verify': { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      against: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
    },
  });
  const number = (name: string, text: string | undefined, otherwise: number, whole = false): number => {
    const value = text === undefined ? otherwise : Number(text);
    if (!(value > 0 && (!whole || Number.isInteger(value))))
      throw new Error(`--${name} ${text}: expected a positive ${whole ? 'integer' : 'number'}`);
    return value;
  };
  const list = <T extends string>(name: string, text: string | undefined, allowed: readonly T[]): readonly T[] => {
    const chosen = text?.split(',') ?? allowed;
    const unknown = chosen.find((item) => !allowed.includes(item as T));
    if (unknown !== undefined) throw new Error(`--${name} ${unknown}: expected some of ${allowed.join(', ')}`);
    return allowed.filter((item) => chosen.includes(item));
  };
  const cpus = allowedCpus().length;
  const { quick, against = null } = values;
  const threads =
    values.threads?.split(',').map((t) => number('threads', t, 1, true)) ??
    [...new Set(against === null ? [1, 2, cpus] : [1])].filter((t) => t <= cpus);
  const tooMany = threads.find((t) => t > cpus);
  if (tooMany !== undefined) throw new Error(`--threads ${tooMany}: this process may use ${cpus} CPUs`);
  return {
    only: list('only', values.only, [...workloads.map((w) => w.name), 'growth']),
    peers: peerNames.filter((p) => p === 'us' || list('peers', values.peers, peerNames).includes(p)),
    threads,
    rounds: number('rounds', values.rounds, against === null ? (quick ? 1 : 3) : quick ? 3 : 8, true),
    seconds: number('seconds', values.seconds, quick ? 0.5 : against === null ? 3 : 1),
    quick,
    verify: !values['no-verify'],
    check: values.check,
    against,
    json: values.json ?? null,
    svg: values.svg ?? null,
    memoryLimit: number('memory-limit', values['memory-limit'], Math.min(8, (0.6 * freemem()) / 2 ** 30)) * 2 ** 30,
    timeLimit: number('time-limit', values['time-limit'], 600),
  };
}
