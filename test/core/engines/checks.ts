import assert from 'node:assert/strict';
import type { LstmSpec } from '../../../src/contract/networks/lstm.js';
import { countNetworkWeights } from '../../../src/contract/networks/networks.js';
import type { LearnedSpec } from '../../../src/contract/optimizers.js';
import type { ProblemSpec } from '../../../src/contract/problems.js';
import type { TrainingSpec } from '../../../src/contract/training.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import type { FunctionBatch } from '../../../src/core/problems/batch.js';
import {
  droppedMetaLoss,
  lossWeights,
  type MetaProblem,
  metaLoss,
  relativeError,
} from '../../reference/meta-gradient.js';
import { partsOf as partsOfOptimizer } from '../../reference/optimizer.js';
import type { FunctionData } from '../../reference/problems.js';
import { openLoopUpdates, referenceUnroll } from '../../reference/unroll.js';
import { respond } from '../../support/respond.js';
import { normal } from '../../weights/samples.js';
import { draw, isTestFunction, seed } from './cases.js';
import { functionsOf, hiddenOf, optimizerOf, startsAt, startsOf } from './reference.js';

/** Checks engines against the fp64 reference. Errors are normwise. */

/** The size of the coordinates at which a problem is evaluated, and the tolerance. */
export function accuracyOf(problem: ProblemSpec): [spread: number, tolerance: number] {
  // Sums of hundreds of pixels are rounded more often, and weights as large would saturate every unit.
  if (['mnist', 'perceptron', 'autoencoder'].includes(problem.name)) return [0.2, 3e-6];
  // Normalisation subtracts a mean that may be many times a value's deviation from it.
  if (problem.name === 'shapes') return [0.4, 2e-5];
  return isTestFunction(problem) ? [1, 3e-6] : [3, 1e-6];
}

/**
 * The functions of a batch with every gradient off by the error that `evaluates` allows an engine. If fp64 on them is
 * further from fp64 than a tolerance, the drawn case is ill-conditioned (a gradient near 0 under a logarithm, a sum that
 * cancels), and fp32 cannot do better.
 */
function roundedFunctions(batch: FunctionBatch, draw = 0): FunctionData[] {
  const [, error] = accuracyOf(batch.problem);
  const size = batch.dimension;
  return functionsOf(batch).map((inner, b) => ({
    name: 'rounded',
    inner,
    errors: (step) => {
      const sample = normal(seed + 104_729 * draw + 7919 * step + b);
      return {
        theta: Array.from({ length: size }, () => error * sample()),
        gradient: Array.from({ length: size }, () => (error * sample()) / Math.sqrt(size)),
      };
    },
  }));
}

/** @param rounded the error of fp64 itself on `roundedFunctions`, which is allowed */
function within(error: number, tolerance: number, what: string, rounded?: () => number) {
  if (error <= tolerance) return;
  const allowed = rounded ? Math.max(tolerance, rounded()) : tolerance;
  assert.ok(error <= allowed, `${what}: off by ${error.toExponential(2)}, at most ${allowed} (seed ${seed})`);
}

/** @param rounded the expected values on `roundedFunctions` */
export function close(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  rounded?: () => ArrayLike<number>,
) {
  within(relativeError(actual, expected), tolerance, what, rounded && (() => relativeError(rounded(), expected)));
}

/** f(θ_t) [steps + 1, B] of the reference, and where it ends. */
export function reference(
  spec: LearnedSpec,
  phi: Float32Array,
  batch: FunctionBatch,
  steps: number,
  starts = startsOf(optimizerOf(spec, batch.problem), batch),
  functions = functionsOf(batch),
) {
  const optimizer = optimizerOf(spec, batch.problem);
  const unrolls = functions.map((f, b) => referenceUnroll(optimizer, [...phi], f, starts[b]!, steps));
  const losses = Array.from({ length: steps + 1 }, (_, t) => unrolls.map((u) => u.losses[t]!)).flat();
  return { losses, ends: unrolls.map((u) => u.end) };
}

/**
 * How far fp64's own losses of a closed loop move if gradients are off as they may be in an engine: the largest of four
 * draws, since a loop that takes a gradient near 0 by its logarithm magnifies some errors a thousandfold and others not.
 */
export function roundedDistance(spec: LearnedSpec, phi: Float32Array, batch: FunctionBatch, steps: number): number {
  const exact = reference(spec, phi, batch, steps).losses;
  const draws = [0, 1, 2, 3].map((draw) => roundedFunctions(batch, draw));
  return Math.max(
    ...draws.map((functions) => relativeError(reference(spec, phi, batch, steps, undefined, functions).losses, exact)),
  );
}

/** Compares the losses of a closed loop with those of fp64. */
export function closeLosses(
  actual: Float32Array,
  spec: LearnedSpec,
  phi: Float32Array,
  batch: FunctionBatch,
  steps: number,
  what: string,
) {
  const rounded = () => reference(spec, phi, batch, steps, undefined, roundedFunctions(batch)).losses;
  close(actual, reference(spec, phi, batch, steps).losses, 1e-4, what, rounded);
}

/** Compares a meta-gradient with central differences of the fp64 meta-loss. */
function closeMetaGradient(
  actual: Float32Array,
  problem: MetaProblem,
  rounded: FunctionData[],
  phi: Float32Array,
  mode: TrainingSpec['secondDerivatives'],
  tolerance: number,
  what: string,
) {
  const lossOf = (problem: MetaProblem) =>
    mode === 'exact' ? (p: readonly number[]) => metaLoss(problem, p) : droppedMetaLoss(problem, [...phi]);
  closeGradient(actual, lossOf(problem), phi, tolerance, what, () => lossOf({ ...problem, functions: rounded }));
}

type Loss = (phi: readonly number[]) => number;

/**
 * Compares a gradient with central differences of its fp64 loss: each weight's if they are few; else along the gradient
 * itself and random directions, to all of which an error would have to be orthogonal.
 * @param rounded the loss on `roundedFunctions`
 */
function closeGradient(
  actual: Float32Array,
  loss: Loss,
  phi: Float32Array,
  tolerance: number,
  what: string,
  rounded?: () => Loss,
) {
  const base = [...phi];
  // The step is short, since log-and-sign has kinks that a difference must not straddle.
  const derivative = (of: Loss, v: ArrayLike<number>, h = 1e-7) => {
    const [above, below] = [h, -h].map((d) => of(base.map((w, i) => w + d * v[i]!)));
    return (above! - below!) / (2 * h);
  };
  if (base.length <= 60) {
    const unit = (i: number) => base.map((_, j) => (i === j ? 1 : 0));
    const differences = (of: Loss) => base.map((_, i) => derivative(of, unit(i)));
    close(actual, differences(loss), tolerance, what, rounded && (() => differences(rounded())));
    return;
  }
  // One step whose last loss does not count has a gradient of 0, and so are the derivatives.
  const norm = Math.hypot(...actual) || 1;
  const sample = normal(seed + 1);
  const directions = [[...actual], ...Array.from({ length: 8 }, () => base.map(() => sample()))];
  for (const direction of directions) {
    // Along a unit vector the error is at most that of the gradient; random ones see a typical share of it.
    const length = Math.hypot(...direction) || 1;
    const v = direction.map((x) => x / length);
    const along = v.reduce((sum, x, i) => sum + x * actual[i]!, 0);
    const expected = derivative(loss, v);
    const errorOf = (found: number) => Math.abs(found - expected) / norm;
    within(
      errorOf(along),
      tolerance,
      `${what}, a directional derivative`,
      rounded && (() => errorOf(derivative(rounded(), v))),
    );
  }
}

interface GradientCase {
  spec: LearnedSpec;
  problem: ProblemSpec;
  functions: number;
  steps: number;
  metaLoss: TrainingSpec['metaLoss'];
  objective?: TrainingSpec['objective'];
  phi: Float32Array;
}

/** Two consecutive unrolls: losses, both kinds of meta-gradient, and the state after each. */
export async function checkUnrolls(
  engine: Engine,
  modes: readonly TrainingSpec['secondDerivatives'][],
  { spec, problem, functions, steps, metaLoss, objective = 'loss', phi }: GradientCase,
  what: string,
) {
  const batch = draw(problem, functions);
  const weights = lossWeights(metaLoss, steps);
  const optimizer = optimizerOf(spec, problem);
  const [exact, rounded] = [functionsOf(batch), roundedFunctions(batch)];
  for (const secondDerivatives of modes) {
    const episode = await engine.openEpisode(spec, batch);
    let starts = startsOf(optimizer, batch);
    let initial: Float32Array | null = null;
    for (const part of ['first', 'second']) {
      const title = `${what}, ${secondDerivatives}, ${part} unroll`;
      const options = { steps, weights, secondDerivatives, objective: { name: objective, initial } };
      const { losses, gradient } = await episode.unroll(phi, options);
      const expected = reference(spec, phi, batch, steps, starts, exact);
      const off = () => reference(spec, phi, batch, steps, starts, rounded);
      close(losses, expected.losses, 1e-4, `${title}, losses`, () => off().losses);
      const before = initial ? [...initial] : undefined;
      const meta: MetaProblem = {
        optimizer,
        functions: exact,
        starts,
        weights,
        objective,
        initial: before,
      };
      initial ??= losses.slice(0, functions);
      // Exact derivatives of log-and-sign divide by gradients that may have come near 0.
      const tolerance = secondDerivatives === 'exact' ? 1e-3 : 1e-4;
      closeMetaGradient(gradient, meta, rounded, phi, secondDerivatives, tolerance, `${title}, meta-gradient`);
      const state = await episode.state();
      const theta = ({ ends }: typeof expected) => ends.flatMap((end) => end.theta);
      close(state.theta, theta(expected), 1e-4, `${title}, θ`, () => theta(off()));
      const hidden = ({ ends }: typeof expected) => hiddenOf(optimizer, ends);
      close(state.hidden, hidden(expected), 1e-4, `${title}, h and c`, () => hidden(off()));
      // The next part is measured from the engine's own state: errors of the parts do not add up.
      starts = startsAt(optimizer, state, functions);
    }
    episode.dispose();
  }
}

/** An episode resumed from a state, and one that only goes forward, give the same bits. */
export async function checkStates(engine: Engine, spec: LearnedSpec, phi: Float32Array, batch: FunctionBatch) {
  const options = { steps: 4, weights: lossWeights('sum', 4), secondDerivatives: 'dropped' } as const;
  const whole = await engine.openEpisode(spec, batch);
  await whole.unroll(phi, options);
  const state = structuredClone(await whole.state());
  const second = await whole.unroll(phi, options);
  const resumed = await engine.openEpisode(spec, batch, { state });
  assert.deepEqual(await resumed.state(), state);
  assert.deepEqual(await resumed.unroll(phi, options), second);
  assert.deepEqual(await resumed.state(), await whole.state());
  // Only going forward gives the same losses as a forward pass with a backward pass after it.
  const forward = await engine.openEpisode(spec, batch, { state });
  assert.deepEqual(await forward.advance(phi, 4), second.losses);
  for (const episode of [whole, resumed, forward]) episode.dispose();
}

/** Given gradients: updates, the backward pass from given derivatives, and a state that is carried, or saved and restored. */
export async function checkSlopes(
  engine: Engine,
  spec: LearnedSpec,
  problem: ProblemSpec,
  phi: Float32Array,
  what: string,
) {
  const batch = draw(problem, 2);
  const { count, dimension: d } = batch;
  const optimizer = optimizerOf(spec, problem);
  const still = new Set(
    partsOfOptimizer(optimizer, d).flatMap(({ optimizer, blocks }) => (optimizer.name === 'lstm' ? [] : blocks.flat())),
  );
  const sample = normal(seed + 3);
  const open = await engine.openLoop(spec, batch);
  // The second continues the first, and is longer than the segment that is computed again from one state.
  for (const steps of [3, d > 50 ? 4 : 23]) {
    const size = count * d;
    const observed = Float32Array.from({ length: steps * size }, (_, i) => sample() * Math.exp(-i / size / 5));
    const derivatives = observed.map(() => sample());
    const rows = (all: ArrayLike<number>, b: number) =>
      Array.from({ length: steps }, (_, t) => Array.from({ length: d }, (_, i) => all[(t * count + b) * d + i]!));
    const state = structuredClone(await open.state());
    const starts = startsAt(optimizer, { theta: batch.start, ...state }, count);
    const updatesOf = (phi: readonly number[], b: number) =>
      openLoopUpdates(optimizer, phi, rows(observed, b), starts[b]!);
    let updates = new Float32Array(0);
    const gradient = await open.backPropagate(phi, observed, (given) => {
      updates = given.slice();
      return derivatives;
    });
    for (let b = 0; b < count; b++) {
      const expected = updatesOf([...phi], b).map((row) => row.map((g, i) => (still.has(i) ? 0 : g)));
      close(rows(updates, b).flat(), expected.flat(), 1e-4, `${what}, ${steps} updates of function ${b}`);
    }
    const dots = (phi: readonly number[], b: number) => {
      const u = rows(derivatives, b);
      return updatesOf(phi, b).flatMap((row, t) => row.map((g, i) => g * u[t]![i]!));
    };
    const loss = (phi: readonly number[]) =>
      dots(phi, 0)
        .concat(dots(phi, 1))
        .reduce((a, b) => a + b, 0);
    closeGradient(gradient, loss, phi, 1e-4, `${what}, ${steps} steps`);
    const resumed = await engine.openLoop(spec, batch, state);
    assert.deepEqual(await resumed.backPropagate(phi, observed, () => derivatives), gradient);
    assert.deepEqual(await resumed.state(), await open.state());
    resumed.dispose();
  }
  open.dispose();
}

/** @param width coordinates of a block, of which there are n */
export async function checkOpenLoop(
  engine: Engine,
  spec: LstmSpec,
  phi: Float32Array,
  n: number,
  what: string,
  width = 1,
) {
  const sample = normal(seed);
  // Gradients shrink as they do in an optimisation that goes well: log-and-sign sees both of its branches.
  const steps = 200;
  const size = width * n;
  const gradients = Float32Array.from(
    { length: steps * size },
    (_, i) => sample() * Math.exp(-Math.floor(i / size) / 20),
  );
  const rows = Array.from({ length: steps }, (_, t) => [...gradients.slice(t * size, (t + 1) * size)]);
  // Block b has the entries of column b of [width, n].
  const columns = Array.from({ length: n }, (_, b) => Array.from({ length: width }, (_, i) => i * n + b));
  const expected = openLoopUpdates([{ optimizer: spec, blocks: columns }], [...phi], rows).flat();
  const updates = await respond(engine, spec, phi, gradients, n, width);
  assert.equal(phi.length, countNetworkWeights(spec, width));
  for (const T of [1, 2, 20, 100, 200])
    close(updates.subarray(0, T * size), expected.slice(0, T * size), 1e-4, `${what}, T = ${T}`);
}
