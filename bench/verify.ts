import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Case, caseOf } from './case.js';
import { type Answer, digitInputs, type Inputs, makeFixture, type Size, small, smallBatch } from './fixture.js';
import type { Setting } from './measure.js';
import { type PeerName, peers } from './peers.js';
import type { Outcome } from './subject.js';
import type { Workload } from './workloads.js';

/** Whether a peer computes what we compute: the same losses and the same meta-gradient of a few small functions. */

export interface Verdict {
  /** The largest difference of a loss, relative to the loss. */
  losses: number;
  /** |difference| / |reference|, Euclidean. */
  gradient: number;
  agrees: boolean;
}

export interface PeerVerdict extends Verdict {
  workload: string;
  peer: PeerName;
  form: string;
  /** The family of functions that was tried. */
  problem: string;
  /** Whose answer was the reference. */
  against: string;
}

/** Of losses and of the gradient. fp32 over a few steps from fresh weights stays well below both. */
export const tolerances = { losses: 1e-4, gradient: 1e-3 };

type RunPeer = (given: Case, peer: PeerName) => Promise<Outcome<Answer>>;

/** Verifies the Python peers in every form that will be timed, each on small cases of each workload's kind. */
export async function verifyPeers(chosen: readonly Workload[], setting: Setting, run: RunPeer): Promise<PeerVerdict[]> {
  const inPython = setting.peers.filter((peer) => peers[peer].engine === undefined);
  if (inPython.length === 0) return [];
  const verdicts: PeerVerdict[] = [];
  const done = new Set<string>();
  for (const workload of chosen) {
    for (const trial of await trialsOf(workload)) {
      let { reference } = trial;
      for (const peer of inPython) {
        for (const form of setting.firstFormOnly ? workload.forms[peer].slice(0, 1) : workload.forms[peer]) {
          // A workload at another T is the same trial.
          const key = JSON.stringify([trial.problem, workload.optimizer, peer, form]);
          if (done.has(key)) continue;
          done.add(key);
          const { title } = peers[peer];
          setting.progress(`${workload.name} · ${title} · ${form} · verification`);
          const given = {
            ...caseOf(workload, peer, form, setting.effort),
            ...trial.size,
            problem: { name: trial.problem },
          };
          const answer = await answerOf(peer, given, trial.inputs, run);
          if (reference === null) reference = { name: `${title} ${form}`, answer };
          else
            verdicts.push({
              ...{ workload: workload.name, peer, form, problem: trial.problem, against: reference.name },
              ...judge(reference.answer, answer),
            });
        }
      }
    }
  }
  return verdicts;
}

interface Trial {
  problem: string;
  inputs: Inputs;
  size: Size & { batch?: number };
  reference: { name: string; answer: Answer } | null;
}

/** The digits' learned optimizer is tried on the quadratic, where there is an answer of ours, and on the digits. */
async function trialsOf({ problem, optimizer, coordinates, batch }: Workload): Promise<Trial[]> {
  const name = problem.name === 'parabola' ? 'parabola' : 'quadratic';
  const { inputs, answer } = await makeFixture(name, optimizer, 1);
  const trials: Trial[] = [{ problem: name, inputs, size: small, reference: { name: 'us', answer } }];
  if (batch !== undefined) {
    const size = { coordinates, functions: 1, steps: small.steps, batch: smallBatch };
    trials.push({ problem: 'mnist', inputs: digitInputs(optimizer, coordinates, 1), size, reference: null });
  }
  return trials;
}

async function answerOf(peer: PeerName, given: Case, inputs: Inputs, run: RunPeer): Promise<Answer> {
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

/** How far an answer is from the reference. */
export function judge(reference: Answer, answer: Answer): Verdict {
  if (answer.losses.length !== reference.losses.length || answer.gradient.length !== reference.gradient.length)
    throw new Error('A peer must answer with a loss a step and a derivative a weight.');
  const losses = reference.losses.reduce(
    (worst, f, t) => Math.max(worst, Math.abs(answer.losses[t]! - f) / Math.abs(f)),
    0,
  );
  const norm = (v: readonly number[]) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
  const gradient = norm(reference.gradient.map((g, i) => g - answer.gradient[i]!)) / norm(reference.gradient);
  return { losses, gradient, agrees: losses <= tolerances.losses && gradient <= tolerances.gradient };
}
