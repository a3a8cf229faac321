import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Case, caseOf } from './case.js';
import { type Answer, type Fixture, makeFixture } from './fixture.js';
import type { Setting } from './measure.js';
import { inPython, type PeerName, peers } from './peers.js';
import type { Outcome } from './subject.js';
import type { Unroll } from './workloads.js';

/** Checks that a peer computes the same losses and meta-gradient as we do, on a few small functions. */

export interface Verdict {
  /** The largest difference of a loss, relative to the loss. */
  losses: number;
  /** |difference| / |ours|, Euclidean. */
  gradient: number;
  agrees: boolean;
}

export interface PeerVerdict {
  workload: string;
  peer: PeerName;
  form: string;
  /** What was compared, and how far apart it is. */
  differences: Record<string, number>;
  agrees: boolean;
}

/** For the losses and the gradient. fp32 over a few steps from fresh weights stays well below both. */
export const tolerances = { losses: 1e-4, gradient: 1e-3 };

type RunPeer = (given: Case, peer: PeerName) => Promise<Outcome<Answer>>;

/** Verifies the Python peers in every form that will be timed, each on a small case of each workload's kind. */
export async function verifyPeers(chosen: readonly Unroll[], setting: Setting, run: RunPeer): Promise<PeerVerdict[]> {
  const taking = setting.peers.filter(inPython);
  if (taking.length === 0) return [];
  const verdicts: PeerVerdict[] = [];
  const done = new Set<string>();
  for (const workload of chosen) {
    const { optimizer, problem, forms } = workload;
    const name = problem.name as 'parabola' | 'quadratic' | 'mnist';
    const fixture = await makeFixture(name, optimizer, 1, setting.effort.digits);
    for (const peer of taking) {
      const known = forms[peer] ?? [];
      for (const form of setting.firstFormOnly ? known.slice(0, 1) : known) {
        // The same case verifies a workload at any T.
        const key = JSON.stringify([name, optimizer, peer, form]);
        if (done.has(key)) continue;
        done.add(key);
        setting.progress(`${workload.name} · ${peers[peer].title} · ${form} · verification`);
        const given = { ...caseOf(workload, peer, form, setting.effort), ...fixture.size };
        const answer = await answerOf(peer, given, fixture, run);
        const { losses, gradient, agrees } = judge(fixture.answer, answer);
        const differences = { losses, 'meta-gradient': gradient };
        verdicts.push({ workload: workload.name, peer, form, differences, agrees });
      }
    }
  }
  return verdicts;
}

async function answerOf(peer: PeerName, given: Case, { inputs }: Fixture, run: RunPeer): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), 'metadescent-bench-'));
  const fixture = join(folder, 'fixture.json');
  try {
    writeFileSync(fixture, JSON.stringify(inputs));
    const outcome = await run({ ...given, fixture }, peer);
    if (!outcome.ok) throw new Error(`${peers[peer].title} could not be verified: ${outcome.reason}`);
    return outcome.value;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How far a peer's answer is from ours. */
export function judge(ours: Answer, theirs: Answer): Verdict {
  if (theirs.losses.length !== ours.losses.length || theirs.gradient.length !== ours.gradient.length)
    throw new Error('A peer must answer with one loss per step and one derivative per weight.');
  const losses = ours.losses.reduce((worst, f, t) => Math.max(worst, Math.abs(theirs.losses[t]! - f) / Math.abs(f)), 0);
  const norm = (v: readonly number[]) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
  const gradient = norm(ours.gradient.map((g, i) => g - theirs.gradient[i]!)) / norm(ours.gradient);
  return { losses, gradient, agrees: losses <= tolerances.losses && gradient <= tolerances.gradient };
}
