import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { parseJobSpec } from '../../../../src/contract/validate.js';
import { selectEngine } from '../../../../src/core/engines/select.js';
import { MetaTraining } from '../../../../src/core/metatrain/metatrain.js';
import { loadDatasets } from '../../../../src/data/datasets.js';

/**
 * A process that trains its arguments, each a JSON job document: threads and instruction set are fixed per process. It
 * prints a line of JSON for each: the engine, the losses, a hash of the weights, what was imported.
 */
for (const document of process.argv.slice(2)) {
  const spec = parseJobSpec(JSON.parse(document));
  if (spec.kind !== 'metatrain') throw new Error('not a metatrain spec');
  const engine = await selectEngine(spec.engine, spec);
  const training = MetaTraining.create(spec, engine, await loadDatasets(spec.problem));
  const losses: number[] = [];
  for (let event = await training.next(); event; event = await training.next()) {
    if (event.type === 'losses') losses.push(event.points.reduce((a, b) => a + b));
  }
  const { phi } = await training.state();
  training.dispose();
  console.log(
    JSON.stringify({
      info: engine.info,
      losses,
      weights: createHash('sha256')
        .update(new Uint8Array(phi.buffer, phi.byteOffset, phi.byteLength))
        .digest('hex'),
      tfjs: Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('@tensorflow')),
    }),
  );
}
