import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LearnedSpec } from '../src/contract/optimizers.js';
import type { MetatrainSpec } from '../src/contract/spec.js';
import { parseJobSpec } from '../src/contract/validate.js';
import { createTfjsEngine } from '../src/core/engines/tfjs/engine.js';
import { initialise } from '../src/core/learned/initialise.js';
import { sampleFunctions } from '../src/core/problems/batch.js';
import { problemOf } from '../src/core/problems/registry.js';
import { Purpose } from '../src/core/random/random.js';
import { type Case, caseOf } from './case.js';
import type { Setting } from './measure.js';
import { type PeerName, peers } from './peers.js';
import type { Outcome } from './subject.js';
import type { Workload } from './workloads.js';

/** Whether a peer computes what we compute: the same losses and the same meta-gradient of a few small functions. */

/** A few functions, weights, and what our reference engine, which the tests hold against fp64, makes of them. */
export interface Fixture {
  phi: number[];
  data: Record<string, { shape: number[]; values: number[] }>;
  /** Mean over the functions of f(θ_t) [T]. */
  losses: number[];
  /** dL/dφ */
  gradient: number[];
}

export interface Verdict {
  /** The largest difference of a loss, relative to the loss. */
  losses: number;
  /** |difference| / |ours|, Euclidean. */
  gradient: number;
  agrees: boolean;
}

/** Of losses and of the gradient. fp32 over a few steps from fresh weights stays well below both. */
export const tolerances = { losses: 1e-4, gradient: 1e-3 };

export const small = { coordinates: 4, functions: 3, steps: 5 };

/** A small case with the learned optimizer of a workload. */
export async function makeFixture(
  problem: 'parabola' | 'quadratic',
  optimizer: Case['optimizer'],
  seed: number,
): Promise<Fixture> {
  const { coordinates: dimension, functions, steps } = small;
  const distribution = problem === 'quadratic' ? { distribution: 'uniform' } : {};
  const spec = parseJobSpec({
    kind: 'metatrain',
    problem: { name: problem, dimension, ...distribution },
    optimizer: { name: 'lstm', ...optimizer },
    training: { functions, unroll: steps, horizon: steps },
    seed,
  }) as MetatrainSpec;
  const batch = sampleFunctions(spec.problem, seed, Purpose.training, 0, functions);
  const shapes = problemOf(spec.problem).shapes(spec.problem);
  const phi = initialise(spec.optimizer satisfies LearnedSpec, seed);
  const engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
  const episode = await engine.openEpisode(spec.optimizer, batch);
  const weights = Array.from({ length: steps + 1 }, (_, t) => (t < steps ? 1 : 0));
  const { losses, gradient } = await episode.unroll(phi, { steps, weights, secondDerivatives: 'dropped' });
  episode.dispose();
  const data = Object.entries(shapes).map(([name, shape]) => [
    name,
    { shape: [functions, ...shape], values: [...batch.data[name]!] },
  ]);
  return {
    phi: [...phi],
    data: { ...Object.fromEntries(data), start: { shape: [functions, dimension], values: [...batch.start] } },
    losses: Array.from({ length: steps }, (_, t) => mean(losses.subarray(t * functions, (t + 1) * functions))),
    gradient: [...gradient],
  };
}

export interface PeerVerdict extends Verdict {
  workload: string;
  peer: PeerName;
  form: string;
}

type Answer = { losses: number[]; gradient: number[] };

/** Verifies the Python peers in every form that will be timed, each on a small case of each workload's kind. */
export async function verifyPeers(
  chosen: readonly Workload[],
  setting: Setting,
  run: (given: Case, peer: PeerName) => Promise<Outcome<Answer>>,
): Promise<PeerVerdict[]> {
  const verdicts: PeerVerdict[] = [];
  const checked = new Set<string>();
  for (const workload of chosen) {
    // The digits' network is checked on the quadratic.
    const problem = workload.problem[0]!.name === 'parabola' ? 'parabola' : 'quadratic';
    const fixture = await makeFixture(problem, workload.optimizer, 1);
    for (const peer of setting.peers) {
      if (peers[peer].engine !== undefined) continue;
      const forms = setting.firstFormOnly ? workload.forms[peer].slice(0, 1) : workload.forms[peer];
      for (const form of forms) {
        const key = JSON.stringify([problem, workload.optimizer, peer, form]);
        if (checked.has(key)) continue;
        checked.add(key);
        setting.progress(`${workload.name} · ${peers[peer].title} · ${form} · verification`);
        const given = { ...caseOf(workload, peer, form, setting.effort), problem: [{ name: problem }] };
        const verdict = await verify(fixture, given, (c) => run(c, peer));
        verdicts.push({ workload: workload.name, peer, form, ...verdict });
      }
    }
  }
  return verdicts;
}

/** Has a peer run a fixture, through `run`, and compares what it prints with ours. */
export async function verify(
  fixture: Fixture,
  given: Case,
  run: (given: Case) => Promise<Outcome<Answer>>,
): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'metadescent-bench-'));
  const file = join(folder, 'fixture.json');
  try {
    writeFileSync(file, JSON.stringify({ phi: fixture.phi, data: fixture.data }));
    const outcome = await run({ ...given, ...small, fixture: file });
    if (!outcome.ok) throw new Error(`The fixture was not run: ${outcome.reason}`);
    return judge(fixture, outcome.value);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What differs between our answer and a peer's. */
export function judge(
  ours: Pick<Fixture, 'losses' | 'gradient'>,
  peers: { losses: readonly number[]; gradient: readonly number[] },
): Verdict {
  if (peers.losses.length !== ours.losses.length || peers.gradient.length !== ours.gradient.length)
    throw new Error('A peer must answer with a loss a step and a derivative a weight.');
  const losses = ours.losses.reduce((worst, f, t) => Math.max(worst, Math.abs(peers.losses[t]! - f) / Math.abs(f)), 0);
  const norm = (v: readonly number[]) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
  const gradient = norm(ours.gradient.map((g, i) => g - peers.gradient[i]!)) / norm(ours.gradient);
  return { losses, gradient, agrees: losses <= tolerances.losses && gradient <= tolerances.gradient };
}

function mean(values: Float32Array): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
