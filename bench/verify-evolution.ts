import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetatrainSpec } from '../src/contract/spec.js';
import { Unsupported } from '../src/core/engines/engine.js';
import { loadDatasets } from '../src/data/datasets.js';
import { encodeSafetensors } from '../src/weights/safetensors.js';
import type { NamedTensor } from '../src/weights/tensors.js';
import { type Case, caseOf } from './case.js';
import { pesArrays, stepArrays } from './evolution-fixture.js';
import { ourEstimates, ourSteps } from './evolution-ours.js';
import type { Setting } from './measure.js';
import { inPython, type PeerName, peers } from './peers.js';
import type { Outcome } from './subject.js';
import { runCase } from './subject.js';
import type { PeerVerdict } from './verify.js';
import type { PesStep, TensorStep } from './workloads.js';

/** What a form makes of a fixture. */
export type EvolutionAnswer = { losses: number[]; estimate: number[] } | { theta: number[] };

/**
 * At most this far from double precision. In single precision losses of 50 steps are within 6e-7, and estimates, which
 * are differences of such losses, within 1e-4 of their norm; the sum of five steps on a matrix is within 1e-6.
 */
export const evolutionTolerances = { losses: 1e-5, estimate: 1e-3, steps: 1e-4 };

/** The same with products in bfloat16, whose numbers have eight bits. */
const bf16Tolerances = { losses: 1e-2, estimate: 0.2, steps: 5e-2 };

/** Compares every form of each peer with bench/peers/celo2_reference.py. */
export async function verifyEvolution(
  workload: PesStep | TensorStep,
  setting: Setting,
  run: (given: Case, peer: PeerName) => Promise<Outcome<EvolutionAnswer>>,
): Promise<PeerVerdict[]> {
  const taking = setting.peers.filter((peer) => workload.forms[peer] !== undefined);
  const others = taking.filter(inPython);
  // Without an interpreter there is no reference; our own tests have another.
  if (others.length === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), 'metadescent-bench-'));
  try {
    const { problem } = caseOf(workload, 'us', '', setting.effort).job!;
    const arrays = workload.kind === 'step' ? stepArrays() : pesArrays(problem, await loadDatasets(problem));
    const fixture = join(folder, 'fixture.safetensors');
    writeFileSync(fixture, encodeSafetensors(arrays, {}));
    const given = { ...caseOf(workload, others[0]!, '', setting.effort), fixture };
    const script = join(setting.root, 'bench/peers/celo2_reference.py');
    const reference = resultOf(await runCase<EvolutionAnswer>([setting.python!, script], given, 1, setting.limits));
    const verdicts: PeerVerdict[] = [];
    for (const peer of taking.filter((one) => !inPython(one))) {
      const { job } = caseOf(workload, peer, '', setting.effort);
      setting.progress(`${workload.name} · ${peers[peer].title} · verification`);
      const answer = await ourAnswer(workload.kind, job!, arrays);
      if (answer)
        verdicts.push({
          workload: workload.name,
          peer,
          form: '',
          ...judgeEvolution(reference, answer, arrays, peer === 'bf16' ? bf16Tolerances : evolutionTolerances),
        });
    }
    for (const peer of others) {
      const forms = workload.forms[peer]!;
      for (const form of setting.firstFormOnly ? forms.slice(0, 1) : forms) {
        setting.progress(`${workload.name} · ${peers[peer].title} · ${form} · verification`);
        const answer = resultOf(await run({ ...given, form }, peer));
        verdicts.push({ workload: workload.name, peer, form, ...judgeEvolution(reference, answer, arrays) });
      }
    }
    return verdicts;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Null if our engine does not support the case: its line then says so. */
async function ourAnswer(
  kind: 'pes' | 'step',
  job: MetatrainSpec,
  arrays: readonly NamedTensor[],
): Promise<EvolutionAnswer | null> {
  try {
    return kind === 'step'
      ? await ourSteps(job, arrays)
      : await ourEstimates(job, arrays, await loadDatasets(job.problem));
  } catch (error) {
    if (error instanceof Unsupported) return null;
    throw error;
  }
}

function resultOf(outcome: Outcome<EvolutionAnswer>): EvolutionAnswer {
  if (!outcome.ok) throw new Error(`A form could not be verified: ${outcome.reason}`);
  return outcome.value;
}

/** How far an answer is from the reference's. */
export function judgeEvolution(
  reference: EvolutionAnswer,
  answer: EvolutionAnswer,
  arrays: readonly NamedTensor[],
  tolerances = evolutionTolerances,
): Pick<PeerVerdict, 'differences' | 'agrees'> {
  const start = arrays.find(({ name }) => name === 'theta')?.data;
  const differences: Record<string, number> =
    'theta' in reference && 'theta' in answer && start
      ? { steps: distance(answer.theta, reference.theta, norm(reference.theta.map((x, i) => x - start[i]!))) }
      : 'losses' in reference && 'losses' in answer
        ? {
            losses: largest(answer.losses, reference.losses),
            estimate: distance(answer.estimate, reference.estimate, norm(reference.estimate)),
          }
        : {};
  const names = Object.keys(differences) as (keyof typeof evolutionTolerances)[];
  const agrees = names.length > 0 && names.every((name) => differences[name]! <= tolerances[name]);
  return { differences, agrees };
}

/** The largest difference, relative to the reference's number; not a number if the sizes differ. */
function largest(found: readonly number[], wanted: readonly number[]): number {
  if (found.length !== wanted.length) return Number.NaN;
  return wanted.reduce((worst, x, i) => Math.max(worst, Math.abs(found[i]! - x) / Math.abs(x)), 0);
}

function distance(found: readonly number[], wanted: readonly number[], scale: number): number {
  if (found.length !== wanted.length) return Number.NaN;
  return norm(wanted.map((x, i) => found[i]! - x)) / scale;
}

function norm(v: readonly number[]): number {
  return Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
}
