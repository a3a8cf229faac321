import type { Line } from './measure.js';
import type { PeerName } from './peers.js';

/** A line of goals.json: how many times less of something we are to need than another does in the same run. */
export interface Goal {
  workload: string;
  measure: 'time' | 'memory';
  /** The best of these counts. */
  against: PeerName[];
  /** By instruction set: AVX-512 works on twice as many numbers at a time as any other. */
  atLeast: { avx512: number; otherwise: number };
}

export interface GoalResult {
  goal: Goal;
  /** What is asked for on the instruction set that we ran on. */
  wanted: number;
  /** Theirs divided by ours; null where there is nothing to divide. */
  ratio: number | null;
  met: boolean;
  /** Such as "W3: JAX 227 ms / ours 41 ms". */
  note: string;
}

/**
 * Holds a run's lines against the goals. Of time, each side's best line counts, on however many CPUs. Of memory, our
 * worst counts and the others' most frugal. A goal is left out where its workload or all its peers were; where they ran
 * without leaving a figure, theirs or ours, it is not met.
 */
export function checkGoals(goals: readonly Goal[], lines: readonly Line[]): GoalResult[] {
  return goals
    .filter(({ workload, against }) => lines.some((l) => l.workload === workload && against.includes(l.peer)))
    .map((goal) => {
      const of = (wanted: readonly PeerName[]) =>
        lines.filter((l) => l.workload === goal.workload && wanted.includes(l.peer) && l.failure === null);
      const ours = of(['us']);
      const theirs = of(goal.against);
      const isa = ours[0]?.engine?.instructionSet ?? '';
      const wanted = /avx-?512/i.test(isa) ? goal.atLeast.avx512 : goal.atLeast.otherwise;
      const missing = [
        ...(ours.length === 0 ? ['ours'] : []),
        ...(theirs.length === 0 ? [goal.against.join(', ')] : []),
      ];
      if (missing.length > 0)
        return { goal, wanted, ratio: null, met: false, note: `no figure of ${missing.join(' nor of ')}` };
      const time = goal.measure === 'time';
      const cost = (line: Line) => (time ? line.median : line.peakMemory / 1e6);
      const own = ours.map(cost).reduce((a, b) => (time ? Math.min(a, b) : Math.max(a, b)));
      const other = theirs.map(cost).reduce((a, b) => Math.min(a, b));
      const unit = time ? 'ms' : 'MB';
      const ratio = other / own;
      return { goal, wanted, ratio, met: ratio >= wanted, note: `${figure(other)} / ${figure(own)} ${unit}` };
    });
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
