import { join } from 'node:path';
import { type Case, caseOf, type Effort, type Measured } from './case.js';
import { inPython, type Kind, type PeerName, peers } from './peers.js';
import { type Limits, type Outcome, runCase } from './subject.js';
import type { Workload } from './workloads.js';

/** One line of the table: a workload, a peer, a number of CPUs, the peer in its best form. */
export interface Line {
  workload: string;
  peer: PeerName;
  threads: number;
  steps: number;
  coordinates: number;
  /** The best form, such as "saved+joined"; empty if there is only one. */
  form: string;
  version: string;
  /** Milliseconds per meta-step: the median over all rounds, and the minimum and maximum of the rounds' medians. */
  median: number;
  low: number;
  high: number;
  /** Milliseconds of processor time per meta-step, over all rounds, summed over threads. */
  processorTime: number;
  /** Meta-steps timed. */
  count: number;
  /** Bytes: the peak memory of the process and its children, over all rounds. */
  peakMemory: number;
  /** The median of each form tried. */
  forms: Record<string, number>;
  /** Why there are no figures: the numbers above are then NaN. */
  failure: string | null;
  /** Only for ours: what it ran on. */
  engine?: Measured['engine'];
}

export interface Setting {
  root: string;
  /** Interpreter of the Python peers; null if none of them takes part. */
  python: string | null;
  peers: readonly PeerName[];
  threads: readonly number[];
  rounds: number;
  /** Whether only the first form of each peer is run. */
  firstFormOnly: boolean;
  effort: Effort;
  limits: Limits;
  /** Called before each process. */
  progress(text: string): void;
}

/** The measurements of one peer on one number of CPUs. */
interface Entry {
  peer: PeerName;
  threads: number;
  /** Per form, the rounds that it ran in. */
  rounds: Map<string, Measured[]>;
  failure: string | null;
}

/**
 * Measures a workload. The peers take turns, each time in a fresh process, so that other load on the machine affects all
 * alike; the first round tries every form, later ones only the best.
 */
export async function measure(workload: Workload, setting: Setting): Promise<Line[]> {
  const taking = setting.peers.filter((peer) => workload.forms[peer] !== undefined);
  const entries: Entry[] = setting.threads.flatMap((threads) =>
    taking.map((peer) => ({ peer, threads, rounds: new Map(), failure: null })),
  );
  for (let round = 0; round < setting.rounds; round++) {
    for (const entry of entries) {
      if (entry.failure !== null) continue;
      for (const form of formsOf(entry, workload, setting, round)) {
        const label = [workload.name, peers[entry.peer].title, form, `${entry.threads} CPU`, `round ${round + 1}`];
        setting.progress(label.filter(Boolean).join(' · '));
        const given = caseOf(workload, entry.peer, form, setting.effort);
        const outcome = await runCase(
          commandOf(entry.peer, workload.kind, setting),
          given,
          entry.threads,
          setting.limits,
        );
        if (outcome.ok) entry.rounds.set(form, [...(entry.rounds.get(form) ?? []), outcome.value]);
        else if (form === '' || entry.rounds.size === 0) entry.failure = outcome.reason;
      }
      // One working form is enough.
      if (entry.rounds.size > 0) entry.failure = null;
    }
  }
  return entries.map((entry) => lineOf(workload, entry));
}

/** Runs a peer on one case outside any measurement. */
export function runPeer<T>(peer: PeerName, given: Case, setting: Setting): Promise<Outcome<T>> {
  return runCase<T>(commandOf(peer, given.kind, setting), given, Math.max(...setting.threads), setting.limits);
}

function commandOf(peer: PeerName, kind: Kind, { root, python }: Setting): string[] {
  const script = peers[peer].scripts[kind]!;
  if (!inPython(peer)) return [process.execPath, join(root, 'dist/bench', script)];
  return [python!, join(root, 'bench/peers', script)];
}

function formsOf(entry: Entry, workload: Workload, setting: Setting, round: number): readonly string[] {
  const forms = workload.forms[entry.peer]!;
  if (setting.firstFormOnly) return forms.slice(0, 1);
  return round === 0 ? forms : [bestForm(entry)];
}

function bestForm({ rounds }: Entry): string {
  const medians = [...rounds].map(([form, measured]) => [form, median(measured.flatMap((m) => m.times))] as const);
  return medians.reduce((best, candidate) => (candidate[1] < best[1] ? candidate : best))[0];
}

function lineOf({ name, steps, coordinates }: Workload, entry: Entry): Line {
  const { peer, threads, failure, rounds } = entry;
  const about = { workload: name, peer, threads, steps, coordinates, failure };
  if (failure !== null) {
    const none = {
      median: Number.NaN,
      low: Number.NaN,
      high: Number.NaN,
      processorTime: Number.NaN,
      peakMemory: Number.NaN,
    };
    return { ...about, ...none, form: '', version: '', count: 0, forms: {} };
  }
  const form = bestForm(entry);
  const measured = rounds.get(form)!;
  const medians = measured.map((m) => median(m.times));
  const times = measured.flatMap((m) => m.times);
  const { version, engine } = measured[0]!;
  return {
    ...about,
    form,
    version,
    median: median(times),
    low: Math.min(...medians),
    high: Math.max(...medians),
    processorTime: measured.reduce((sum, m) => sum + m.processorTime, 0) / times.length,
    count: times.length,
    peakMemory: Math.max(...measured.map((m) => m.peakMemory)),
    forms: Object.fromEntries([...rounds].map(([f, tried]) => [f, median(tried.flatMap((m) => m.times))])),
    ...(engine === undefined ? {} : { engine }),
  };
}

/** The middle value; for an even number of values, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [lower, upper] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (lower === undefined || upper === undefined) throw new RangeError('There is no median of no values.');
  return (lower + upper) / 2;
}
