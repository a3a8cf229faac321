import { type Line, measure, type Setting } from './measure.js';
import type { PeerName } from './peers.js';
import { coordinateGrowth, stepGrowth, type Workload } from './workloads.js';

/**
 * Time and memory as the problem grows, on the largest number of CPUs, in one round. A peer stops at the first size that
 * exceeds the limits.
 */
export async function measureGrowth(setting: Setting, quick: boolean): Promise<{ coordinates: Line[]; steps: Line[] }> {
  const once = {
    ...setting,
    threads: [Math.max(...setting.threads)],
    rounds: 1,
    effort: { ...setting.effort, warmUp: 1, atLeast: 1 },
  };
  return {
    coordinates: await grow(quick ? coordinateGrowth.slice(0, 2) : coordinateGrowth, once),
    steps: await grow(quick ? stepGrowth.slice(0, 3) : stepGrowth, once),
  };
}

async function grow(sizes: readonly Workload[], setting: Setting): Promise<Line[]> {
  const lines: Line[] = [];
  const failed = new Set<PeerName>();
  for (const workload of sizes) {
    const peers = setting.peers.filter((peer) => !failed.has(peer));
    const measured = await measure(workload, { ...setting, peers });
    for (const { peer, failure } of measured) if (failure !== null) failed.add(peer);
    lines.push(...measured);
  }
  return lines;
}
