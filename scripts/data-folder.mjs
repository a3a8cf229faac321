/**
 * Makes test/fixtures/data-VERSION.tar.gz: data folders written by a build of metadescent, for the test that later
 * versions open them.
 *
 *   node scripts/data-folder.mjs --build DIR --out FILE.tar.gz
 *
 * DIR is a checkout of the version, set up. The archive contains:
 *
 *     stopped/       a data folder after SIGTERM: jobs in every final state, two waiting with a checkpoint, one that never
 *                    ran; registered optimizers; idempotency keys
 *     killed/        the same folder, started again and then ended by SIGKILL, Redis first: those two are "running"
 *     run/           a folder of an interrupted `metadescent train`
 *     expected.json  their contents, with digests of the results of uninterrupted runs of that build
 *
 * Everything runs on AVX2, so that the checkpoints can be resumed on nearly every x86 machine.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fillService, interrupted, unfinished } from './data-folder/fill.mjs';
import { Service } from './data-folder/service.mjs';
import { digestJob } from './digests/job.mjs';

const { values } = parseArgs({ options: { build: { type: 'string' }, out: { type: 'string' } } });
if (values.build === undefined || values.out === undefined)
  throw new Error('Usage: node scripts/data-folder.mjs --build DIR --out FILE.tar.gz');
const build = resolve(values.build);
const work = mkdtempSync(join(tmpdir(), 'metadescent-data-'));
let service = null;
try {
  const data = join(work, 'data');
  const archive = join(work, 'archive');
  mkdirSync(archive);

  service = await Service.start(build, data);
  const filled = await fillService(service);
  await service.keepIdempotencyKeys();
  await service.stop();
  keep(data, join(archive, 'stopped'));

  service = await Service.start(build, data);
  for (const { id } of filled.unfinished)
    await service.until(id, ({ attempt, state }) => attempt === 2 && state === 'running');
  await service.untilLosses(filled.unfinished.map(({ id }) => id));
  await service.kill();
  keep(data, join(archive, 'killed'));

  await interrupted(build, join(archive, 'run'));

  // The same jobs, uninterrupted.
  service = await Service.start(build, join(work, 'undisturbed'));
  const digests = {};
  for (const [name, document] of Object.entries(unfinished)) {
    const { id } = await service.post('jobs', document);
    await service.until(id, ({ state }) => state === 'succeeded');
    digests[name] = await digestJob(service.url, id);
  }
  await service.stop();

  const { version: native } = JSON.parse(readFileSync(join(build, 'dist/native/native.json'), 'utf8'));
  const redis = /v=(\S+)/.exec(spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? null;
  const commit = spawnSync('git', ['-C', build, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim();
  const expected = {
    commit,
    redis,
    native,
    ...filled,
    unfinished: filled.unfinished.map((job) => ({ ...job, digests: digests[job.name] })),
    run: { document: 'native', digests: digests.native },
  };
  writeFileSync(join(archive, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
  const out = resolve(values.out);
  const packed = spawnSync('tar', ['-czf', out, '-C', archive, '.'], {
    env: { ...process.env, GZIP: '-9n' },
    encoding: 'utf8',
  });
  if (packed.status !== 0) throw new Error(`tar: ${packed.stderr}`);
} finally {
  service?.child.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
}

/** Copies a folder without its sockets, which an archive cannot contain. */
function keep(from, to) {
  cpSync(from, to, { recursive: true, filter: (path) => !lstatSync(path).isSocket() });
}
