/** SHA-256 of only what a run computed: no versions, no times, no fields that later versions added. */
import { createHash } from 'node:crypto';

/** The digest of the tensors, in the order of their names, without metadata. @param {Uint8Array} bytes a safetensors file */
export function digestWeights(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const hash = createHash('sha256');
  for (const name of Object.keys(header).sort()) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = header[name];
    hash.update(JSON.stringify([name, dtype, shape])).update(bytes.subarray(start + offsets[0], start + offsets[1]));
  }
  return hash.digest('hex');
}

/** The digest of some columns of a table. @param {string} csv @param {string[]} columns */
export function digestTable(csv, columns) {
  const [head, ...rows] = csv.trimEnd().split('\n');
  const places = columns.map((column) => head.split(',').indexOf(column));
  return digest(rows.map((row) => places.map((place) => row.split(',')[place])));
}

/** The digest of a job's losses, as GET /jobs/{id}/losses returns them. */
export function digestLossSeries(series) {
  return digest(pick(series, ['from', 'to', 'iterationsPerBucket', 'iteration', 'count', 'mean', 'min', 'max']));
}

const parameters = ['name', 'learningRate', 'momentum', 'decay', 'beta', 'beta1', 'beta2', 'epsilon', 'weightDecay'];

/** The digest of the compared rules with the rates chosen for them. */
export function digestRates({ optimizers }) {
  return digest(optimizers.map(({ rule }) => rule && pick(rule, parameters)));
}

/** The digest of every rate tried and its scores. */
export function digestGrids({ optimizers }) {
  return digest(
    optimizers.map(
      ({ tuning }) =>
        tuning && [
          tuning.measures,
          tuning.atEdge,
          tuning.grid.map((point) => [
            pick(point, ['learningRate', 'diverged']),
            pick(point.parameters, parameters),
            pick(point.scores, ['sum', 'final', 'tail']),
          ]),
        ],
    ),
  );
}

/** The digest of every other number of a comparison. */
export function digestResults(results) {
  return digest([
    pick(results, ['seed', 'steps', 'functions', 'resamples']),
    results.optimizers.map((optimizer) => [
      pick(optimizer, ['sumDeviation', 'sumMedian', 'finalMedian', 'tailMedian']),
      ['sum', 'final', 'log10MeanFinal', 'tail'].map((name) => estimate(optimizer[name])),
      optimizer.curve.mean,
      optimizer.curve.quantiles.map(({ probability, values }) => [probability, values]),
      optimizer.versus && [
        pick(optimizer.versus, ['winRate', 'finalWinRate', 'tailWinRate']),
        ['sumDifference', 'finalDifference', 'tailDifference'].map((name) => estimate(optimizer.versus[name])),
        pick(optimizer.versus.stepsSaved, ['mean', 'median']),
      ],
    ]),
  ]);
}

function estimate(value) {
  return pick(value, ['value', 'low', 'high']);
}

function pick(object, names) {
  return names.map((name) => object[name] ?? null);
}

function digest(value) {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/**
 * @param {Record<string, Record<string, string>>} expected digests by case and part
 * @param {Record<string, Record<string, string>>} found
 * @param {{ case: string, part: string, reason: string }[]} exceptions intended differences
 * @returns {{ lines: string[], failed: boolean }} a line per difference, and per exception without one
 */
export function compareDigests(expected, found, exceptions) {
  const lines = [];
  let failed = false;
  for (const name of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    for (const part of new Set([...Object.keys(expected[name] ?? {}), ...Object.keys(found[name] ?? {})])) {
      const [before, now] = [expected[name]?.[part] ?? 'nothing', found[name]?.[part] ?? 'nothing'];
      const exception = exceptions.find((e) => e.case === name && e.part === part);
      if (before === now && !exception) continue;
      failed ||= before === now || !exception;
      if (before === now) lines.push(`${name} ${part}: the same, though an exception is listed: remove it`);
      else
        lines.push(
          `${name} ${part}: ${brief(before)} before, ${brief(now)} now${exception ? ` (intended: ${exception.reason})` : ''}`,
        );
    }
  }
  return { lines, failed };
}

function brief(digest) {
  return /^[0-9a-f]{64}$/.test(digest) ? digest.slice(0, 12) : digest;
}
