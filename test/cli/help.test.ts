import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { paintFor, plain } from '../../src/cli/render/colours.js';
import { runToEnd } from '../e2e/processes.js';
import { command } from './command.js';

describe('help', () => {
  it('is also a command, for all commands or one', async () => {
    const [asOption, asCommand] = await Promise.all([command(['--help']), command(['help'])]);
    assert.equal(asCommand.code, 0, asCommand.stderr);
    assert.equal(asCommand.stdout, asOption.stdout);
    const [ofOne, ofJobs] = await Promise.all([command(['help', 'jobs']), command(['jobs', '--help'])]);
    assert.equal(ofOne.code, 0, ofOne.stderr);
    assert.equal(ofOne.stdout, ofJobs.stdout);
    const unknown = await command(['help', 'trian']);
    assert.deepEqual([unknown.code, unknown.stdout], [2, '']);
    assert.match(unknown.stderr, /^There is no command 'trian'/);
  });
});

describe('colours', () => {
  const cases: [terminal: boolean, variables: Record<string, string>, coloured: boolean][] = [
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: 'true', NO_COLOR: '1', TERM: 'dumb' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { FORCE_COLOR: '', NO_COLOR: '' }, true],
  ];
  for (const [isTTY, variables, coloured] of cases)
    it(`${isTTY ? 'a terminal' : 'a pipe'} with ${JSON.stringify(variables)}: ${coloured ? 'some' : 'none'}`, () => {
      const before = { ...process.env };
      for (const name of ['FORCE_COLOR', 'NO_COLOR', 'TERM']) delete process.env[name];
      Object.assign(process.env, variables);
      try {
        const stream = { isTTY } as unknown as NodeJS.WritableStream;
        assert.equal(paintFor(stream) !== plain, coloured);
      } finally {
        process.env = before;
      }
    });
});

describe('examples/apply.py', () => {
  it('reports in one sentence that NumPy is missing', async () => {
    const script = fileURLToPath(new URL('../../../examples/apply.py', import.meta.url));
    // Isolated and without site-packages, Python never has NumPy.
    const { code, stdout, stderr } = await runToEnd('python3', ['-I', '-S', script, 'weights.safetensors']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^apply\.py needs NumPy, which this Python lacks: python3 -m pip install numpy\n$/);
  });
});
