import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it, type TestContext } from 'node:test';
import { LossTrend } from '../../src/cli/render/loss-trend.js';
import { LossBuckets } from '../../src/contract/loss-buckets.js';
import { Screen } from './screen.js';
import { Terminal } from './terminal.js';

/** A program that shows a training, each part of it after a key. */
const program = `
const { ProgressDisplay } = await import(${JSON.stringify(new URL('../../src/cli/render/progress.js', import.meta.url).href)});
let time = 0;
const display = new ProgressDisplay(process.stderr, () => time);
const numbers = { gradientNorm: 1, clipped: 0, updateSize: 0.1, signAgreement: 1, saturation: 0, diverged: 0 };
const engine = { engine: 'native', backend: 'cpu' };
display.show({ type: 'started', engine, coordinates: 10, weights: 100, iterations: 1000, unroll: 2 });
const train = (from, to) => {
  for (let iteration = from; iteration < to; iteration++) {
    time += 10;
    display.show({ type: 'losses', iteration, step: 0, perIteration: 2, points: new Float32Array([1000 / (1 + iteration), 1]) });
  }
};
const parts = [
  () => train(0, 400),
  () => display.show({ type: 'validation', iteration: 400, loss: 4, best: true, measure: 'sum', steps: 100 }),
  () => display.show({ type: 'health', iteration: 400, verdict: 'learning', message: 'It learns.', ...numbers }),
  () => train(400, 800),
  () => display.show({ type: 'progress', phase: 'comparison', done: 1, total: 2 }),
  () => display.end(),
];
process.stdin.setRawMode(true);
process.stdin.on('data', (key) => {
  const began = performance.now();
  parts.shift()?.();
  // The region is drawn at most every 100 ms.
  setTimeout(() => process.stdout.write(\`«\${performance.now() - began}»\`), 120);
  if (parts.length === 0) process.stdin.destroy();
});
process.stderr.on('resize', () => setImmediate(() => process.stdout.write('«resized»')));
process.stdout.write('«ready»');
`;

class Shown {
  readonly terminal: Terminal;
  readonly screen: Screen;
  private read = 0;

  constructor(columns: number, t: TestContext) {
    const node = ['--input-type=module', '-e', program];
    this.terminal = new Terminal([], tmpdir(), { SIZE: `${columns}x40` }, node);
    this.screen = new Screen(columns);
    t.after(async () => {
      this.terminal.hangUp();
      await this.terminal.ended;
    });
  }

  /** Waits for the program's signal; the output before it goes to the screen. @returns it and the signal */
  async next(): Promise<{ output: string; signal: string }> {
    await this.terminal.until(new RegExp(`^.{${this.read}}[^«]*«[^»]*»`, 's'));
    const [all, output = '', signal = ''] = /^([^«]*)«([^»]*)»/.exec(this.terminal.shown.slice(this.read))!;
    this.read += all.length;
    this.screen.write(output);
    return { output, signal };
  }

  press(): Promise<{ output: string; signal: string }> {
    this.terminal.type('x');
    return this.next();
  }

  async resize(columns: number): Promise<void> {
    this.screen.resize(columns);
    this.terminal.resize(columns);
    assert.equal((await this.next()).signal, 'resized');
  }

  rows(beginning: string): string[] {
    return this.screen.lines.filter((line) => line.startsWith(beginning));
  }
}

for (const columns of [40, 80, 120])
  describe(`progress on a terminal of ${columns} columns`, () => {
    it('is redrawn in place, within its width, and stays when a phase is over', async (t) => {
      const shown = new Shown(columns, t);
      await shown.next();
      await shown.press();
      assert.equal(shown.rows('Training').length, 1, shown.screen.lines.join('\n'));
      await shown.press();
      await shown.press();
      assert.equal(shown.rows('It learns.').length, 1);
      const { output, signal } = await shown.press();
      // Once for a change, and then at most every 100 ms.
      const draws = output.split('\x1b[J').length - 1;
      assert(draws >= 1 && draws <= 2 + Number(signal) / 100, `${draws} draws in ${signal} ms`);
      const [bar = ''] = shown.rows('Training');
      assert.match(bar, /^Training +█+░+ +80 %/);
      const text = shown.screen.lines.join('\n');
      assert.match(text, /800\/1,000/);
      assert.match(text, /100\/s/);
      assert.match(text, /2 s left/);
      assert.match(text, /validation 4\.000 in 100 steps/);
      assert.match(text, /learning/);
      const [curve = ''] = shown.rows('Losses');
      assert.match(curve, /^Losses +█[▁-█]*▁ \d.* → 1\.1\d\d/);
      for (const line of [bar, curve]) assert(line.length < columns && !shown.screen.isWrapped(line), line);
      await shown.press();
      await shown.press();
      assert.equal(await shown.terminal.ended, 0);
      assert.deepEqual(
        ['Training', 'Losses', 'Comparing'].map((beginning) => shown.rows(beginning).length),
        [1, 1, 1],
        shown.screen.lines.join('\n'),
      );
      assert.match(shown.rows('Training')[0]!, /100 %/);
    });

    for (const other of [41, 57, 100])
      it(`fits the terminal when that becomes ${other} columns wide`, async (t) => {
        const shown = new Shown(columns, t);
        await shown.next();
        await shown.press();
        await shown.press();
        await shown.resize(other);
        for (const beginning of ['Training', 'Losses', 'loss']) {
          const rows = shown.rows(beginning);
          assert.equal(rows.length, 1, shown.screen.lines.join('\n'));
          assert(rows[0]!.length < other && !shown.screen.isWrapped(rows[0]!), rows[0]);
        }
        assert.equal(shown.rows('100 weights').length, 1);
      });
  });

describe('the losses so far', () => {
  const points = (from: number, to: number) =>
    Float32Array.from({ length: 4 * (to - from) }, (_, i) => 10 - (from + Math.floor(i / 4)) / 1000);

  it('give the same curve from points and from buckets of them', () => {
    const [exact, summed] = [new LossTrend(), new LossTrend()];
    for (let from = 0; from < 8000; from += 100) {
      exact.add(from, 4, points(from, from + 100));
      const buckets = new LossBuckets(16);
      buckets.add(from, 4, points(from, from + 100));
      summed.addBuckets(buckets.toArrays(), () => 4);
    }
    assert.equal(exact.curve(60), summed.curve(60));
    assert.match(exact.curve(60)!, /^█[▁-█]+▁ 9\.99\d → 2\.0\d\d$/);
    assert.equal([...exact.curve(60)!].length, 60);
    assert(Math.abs(exact.average - summed.average) < 0.1, `${exact.average} and ${summed.average}`);
  });

  it('are not counted twice where an attempt repeats them', () => {
    const [once, again] = [new LossTrend(), new LossTrend()];
    once.add(0, 4, points(0, 3000));
    again.add(0, 4, points(0, 2000));
    again.add(1000, 4, points(1000, 3000));
    assert.equal(again.curve(50), once.curve(50));
  });

  it('have no curve where there is no room, and a mark where no loss is finite', () => {
    const trend = new LossTrend();
    assert.equal(trend.curve(40), null);
    trend.add(0, 1, [1, 2, 3, Number.NaN, 5, 6]);
    assert.equal(trend.curve(10), null);
    assert.equal(trend.curve(40), '▁▂▄×▇█ 1.000 → 6.000');
    trend.add(6, 1, [1e6, 1e-6]);
    assert.match(trend.curve(40)!, /^▅.*×.*█▁ 1\.000 → 1\.00e-6$/);
  });
});
