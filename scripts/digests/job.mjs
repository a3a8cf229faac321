/** Digests of the results of a service's job, over its REST routes. */
import { digestGrids, digestLossSeries, digestRates, digestResults, digestWeights } from './canonical.mjs';

/** Points of a loss series: every meta-iteration of a small job has a bucket of its own. */
const points = 10_000;

/** @returns {Promise<Record<string, string>>} digests by part, for the parts that the job has */
export async function digestJob(url, id) {
  const { artifacts, spec } = await (await get(`${url}/jobs/${id}`)).json();
  const parts = {};
  if (artifacts.includes('weights.safetensors'))
    parts.weights = digestWeights(new Uint8Array(await (await get(`${url}/jobs/${id}/weights`)).arrayBuffer()));
  if (spec.kind === 'metatrain')
    parts.losses = digestLossSeries(await (await get(`${url}/jobs/${id}/losses?points=${points}`)).json());
  if (artifacts.includes('results.json')) {
    const results = await (await get(`${url}/jobs/${id}/results`)).json();
    Object.assign(parts, {
      rates: digestRates(results),
      grids: digestGrids(results),
      results: digestResults(results),
    });
  }
  return parts;
}

async function get(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`);
  return response;
}
