import { groupsOf, isNetwork } from '../../contract/groups.js';
import { countWeights } from '../../contract/limits.js';
import type { Filling } from '../../contract/networks/network.js';
import { weightsOf } from '../../contract/networks/networks.js';
import type { LearnedSpec } from '../../contract/optimizers.js';
import type { ProblemSpec } from '../../contract/problems.js';
import { splitNetwork, weightsByGroup } from '../../weights/shapes.js';
import { Purpose, RandomStream } from '../random/random.js';

/** Fresh weights φ, as each network's contract says. Tensor i draws from stream i. */
export function initialise(optimizer: LearnedSpec, problem: ProblemSpec, seed: number): Float32Array {
  const phi = new Float32Array(countWeights(optimizer, problem));
  const groups = groupsOf(optimizer, problem);
  const slices = weightsByGroup(groups, phi);
  let stream = 0;
  for (const [i, group] of groups.entries()) {
    if (!isNetwork(group)) continue;
    const tensors = weightsOf(group.optimizer, group.width);
    for (const [t, { data }] of splitNetwork(group, slices[i]!).entries()) {
      const { begins, shape } = tensors[t]!;
      fill(begins, new RandomStream(seed, Purpose.initialisation, stream++), shape, data);
    }
  }
  return phi;
}

function fill(begins: Filling, random: RandomStream, shape: readonly number[], data: Float32Array): void {
  const [fanIn, fanOut] = shape as [number, number];
  switch (begins.name) {
    case 'zeros':
      break;
    case 'range':
      data.fill(begins.value, begins.from, begins.to);
      break;
    case 'fan-in-uniform':
      random.fillUniform(data, -Math.sqrt(1 / fanIn), Math.sqrt(1 / fanIn));
      break;
    case 'glorot-uniform':
      random.fillUniform(data, -Math.sqrt(6 / (fanIn + fanOut)), Math.sqrt(6 / (fanIn + fanOut)));
      break;
    case 'truncated-normal':
      fillTruncatedNormal(random, data, Math.sqrt(1 / fanIn));
      break;
  }
}

/** N(0, standardDeviation²), redrawn beyond two standard deviations. */
function fillTruncatedNormal(random: RandomStream, data: Float32Array, standardDeviation: number): void {
  const draws = new Float32Array(data.length);
  for (let filled = 0; filled < data.length; ) {
    random.fillNormal(draws);
    for (const draw of draws) {
      if (Math.abs(draw) <= 2 && filled < data.length) data[filled++] = draw * standardDeviation;
    }
  }
}
