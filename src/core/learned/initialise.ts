import { groupsOf, isNetwork } from '../../contract/groups.js';
import { countWeights } from '../../contract/limits.js';
import type { LearnedSpec, LstmSpec } from '../../contract/optimizers.js';
import type { ProblemSpec } from '../../contract/problems.js';
import { splitNetwork, weightsByGroup } from '../../weights/shapes.js';
import { Purpose, RandomStream } from '../random/random.js';

/** Fresh weights φ, by each network's `initialisation`. Tensor i draws from stream i. */
export function initialise(optimizer: LearnedSpec, problem: ProblemSpec, seed: number): Float32Array {
  const phi = new Float32Array(countWeights(optimizer, problem));
  const groups = groupsOf(optimizer, problem);
  const slices = weightsByGroup(groups, phi);
  let stream = 0;
  for (const [i, group] of groups.entries()) {
    if (!isNetwork(group)) continue;
    const { initialisation } = group.optimizer;
    for (const { name, shape, data } of splitNetwork(group, slices[i]!)) {
      const random = new RandomStream(seed, Purpose.initialisation, stream++);
      if (name.endsWith('.kernel')) fillKernel(initialisation, random, name, shape, data);
      else if (name.startsWith('lstm.')) {
        const units = data.length / 4;
        data.fill(initialisation.forgetBias, units, 2 * units);
      }
    }
  }
  return phi;
}

function fillKernel(
  { kernels, output }: LstmSpec['initialisation'],
  random: RandomStream,
  name: string,
  shape: readonly number[],
  data: Float32Array,
): void {
  const [fanIn, fanOut] = shape as [number, number];
  switch (name === 'output.kernel' && output === 'zeros' ? 'zeros' : kernels) {
    case 'zeros':
      data.fill(0);
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
