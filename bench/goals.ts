import type { Line } from './measure.js';
import type { PeerName } from './peers.js';

/** A line of goals.json: how many times less time or memory we should need than another does in the same run. */
export interface Goal {
  workload: string;
  measure: 'time' | 'memory';
  /** The best of these peers counts. */
  against: PeerName[];
  /** By instruction set: AVX-512 processes twice as many numbers at once as any other. */
  atLeast: { avx512: number; otherwise: number };
}

export interface GoalResult {
  goal: Goal;
  /** The goal for the instruction set that we ran on. */
  wanted: number;
  /** Theirs divided by ours; null if one is missing. */
  ratio: number | null;
  met: boolean;
  /** Such as "W3: JAX 227 ms / ours 41 ms". */
  note: string;
}

/**
 * Checks a run's lines against the goals. For time, each side's best line counts, on any number of CPUs. For memory, our
 * worst counts and the others' smallest. A goal is left out if its workload or all its peers were; if they ran but there
 * is no figure of theirs or ours, it is not met.
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
        return { goal, wanted, ratio: null, met: false, note: `no figure of ${missing.join(', none of ')}` };
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
