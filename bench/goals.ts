import type { Line } from './measure.js';
import type { PeerName } from './peers.js';

/** A line of goals.json. */
export type Goal = Relative | Absolute;

/** How many times less time or memory we should need than another does in the same run. */
export interface Relative {
  workload: string;
  measure: 'time' | 'memory';
  /** The best of these peers counts. */
  against: PeerName[];
  atLeast: ByInstructionSet;
}

/** Nanoseconds that we may take per coordinate and step. */
export interface Absolute {
  workload: string;
  measure: 'coordinate';
  atMost: ByInstructionSet;
}

/** By instruction set: AVX-512 processes twice as many numbers at once as any other. Null: reported, but no goal there. */
export interface ByInstructionSet {
  avx512: number;
  otherwise: number | null;
}

export interface GoalResult {
  goal: Goal;
  /** The goal for the instruction set that we ran on; null if there is none for it. */
  wanted: number | null;
  /** Theirs divided by ours, or our nanoseconds; null if a figure is missing. */
  reached: number | null;
  /** Whether it is met, or there is none here. */
  met: boolean;
  /** Such as "227 / 41.0 ms". */
  note: string;
}

/**
 * Checks a run's lines against the goals. For time, each side's best line counts, on any number of CPUs. For memory, our
 * worst counts and the others' smallest. A goal is left out if its workload or all its peers were; if they ran but there
 * is no figure of theirs or ours, it is not met.
 */
export function checkGoals(goals: readonly Goal[], lines: readonly Line[]): GoalResult[] {
  return goals
    .filter((goal) => lines.some((l) => l.workload === goal.workload && counts(goal, l.peer)))
    .map((goal) => ('atMost' in goal ? checkAbsolute(goal, lines) : checkRelative(goal, lines)));
}

/** Whether a peer's line brings a goal into a run. */
function counts(goal: Goal, peer: PeerName): boolean {
  if ('atMost' in goal) return peer === 'us';
  return goal.against.includes(peer);
}

function checkRelative(goal: Relative, lines: readonly Line[]): GoalResult {
  const { against } = goal;
  const ours = figuresOf(goal, lines, ['us']);
  const theirs = figuresOf(goal, lines, against);
  const wanted = wantedOn(goal.atLeast, ours);
  const missing = [...(ours.length === 0 ? ['ours'] : []), ...(theirs.length === 0 ? [against.join(', ')] : [])];
  if (missing.length > 0)
    return { goal, wanted, reached: null, met: false, note: `no figure of ${missing.join(', none of ')}` };
  const time = goal.measure === 'time';
  const cost = (line: Line) => (time ? line.median : line.peakMemory / 1e6);
  const own = ours.map(cost).reduce((a, b) => (time ? Math.min(a, b) : Math.max(a, b)));
  const other = theirs.map(cost).reduce((a, b) => Math.min(a, b));
  const reached = other / own;
  const note = `${figure(other)} / ${figure(own)} ${time ? 'ms' : 'MB'}`;
  return { goal, wanted, reached, met: wanted === null || reached >= wanted, note };
}

function checkAbsolute(goal: Absolute, lines: readonly Line[]): GoalResult {
  const ours = figuresOf(goal, lines, ['us']);
  const wanted = wantedOn(goal.atMost, ours);
  if (ours.length === 0) return { goal, wanted, reached: null, met: false, note: 'no figure of ours' };
  const best = ours.reduce((a, b) => (b.median < a.median ? b : a));
  const reached = (1e6 * best.median) / (best.coordinates * best.steps);
  return { goal, wanted, reached, met: wanted === null || reached <= wanted, note: `${figure(best.median)} ms` };
}

function figuresOf({ workload }: Goal, lines: readonly Line[], who: readonly PeerName[]): Line[] {
  return lines.filter((l) => l.workload === workload && who.includes(l.peer) && l.failure === null);
}

function wantedOn({ avx512, otherwise }: ByInstructionSet, ours: readonly Line[]): number | null {
  return /avx-?512/i.test(ours[0]?.engine?.instructionSet ?? '') ? avx512 : otherwise;
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
