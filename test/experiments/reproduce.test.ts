import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import type { ComparisonResults } from '../../src/contract/results.js';
import { budgets, jobsOf } from '../../src/experiments/plan.js';
import { plans } from '../../src/experiments/plans.js';
import { command, start } from '../cli/command.js';
import { chromiumMissing, launchChromium, openPage } from '../support/chromium.js';
import { nativeMissing } from '../support/native.js';
import { createTemporaryFolder } from '../support/redis.js';

/** Every file of `reproduce seed` that its seeds determine. */
const determined = [
  'results.json',
  'curves.csv',
  'table.csv',
  'parabola/spec.json',
  'parabola/weights.safetensors',
  'parabola/losses.csv',
  'parabola/validation.csv',
  'parabola-20/spec.json',
  'parabola-20/results.json',
];

describe('the plans of reproduce', () => {
  for (const plan of plans.values()) {
    for (const budget of budgets) {
      it(`${plan.name}, ${budget}: valid specs, each comparison after the training of its optimizer`, () => {
        const known = new Set((plan.given ?? []).map(({ name }) => name));
        const jobs = jobsOf(plan, budget);
        for (const { name, spec, of } of jobs) {
          assert.match(name, /^[a-z0-9-]+$/);
          assert.ok(!known.has(name), `two are named ${name}`);
          assert.equal(spec.kind === 'compare', of !== null);
          if (of !== null) assert.ok(known.has(of), `${name} is of ${of}`);
          else known.add(name);
        }
        assert.equal(new Set(jobs.map(({ name }) => name)).size, jobs.length);
      });
    }
    it(`${plan.name}: its given optimizers come from trainings of another plan`, () => {
      for (const { plan: other, job } of plan.given ?? []) {
        const spec = jobsOf(plans.get(other)!, 'standard').find(({ name }) => name === job)?.spec;
        assert.equal(spec?.kind, 'metatrain');
      }
    });
  }

  it('compare on as many functions, at the standard budget, as the published figures need', () => {
    const functions = (name: string) =>
      jobsOf(plans.get(name)!, 'standard').flatMap(({ spec }) =>
        spec.kind === 'compare' ? [[spec.comparison.steps, spec.comparison.functions] as const] : [],
      );
    assert.deepEqual(functions('seed'), [[20, 200_000]]);
    for (const [steps, n] of functions('quadratic')) assert.ok(steps === 100 && n >= 50_000);
    assert.deepEqual(
      functions('mnist').map(([steps]) => steps),
      [100, 200],
    );
    for (const name of ['mnist', 'mnist-transfer', 'cifar']) for (const [, n] of functions(name)) assert.ok(n >= 100);
  });
});

describe('metadescent reproduce', { skip: nativeMissing() }, () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let cwd: string;
  before(async () => {
    folder = await createTemporaryFolder();
    cwd = folder.path;
  });
  after(() => folder.remove());

  const at = (...path: string[]) => join(cwd, 'runs', ...path);
  const seed = ['reproduce', 'seed', '--budget', 'quick'];

  it('prints the estimated time and stops, in a dry run', async () => {
    const { code, stderr } = await command([...seed, '--dry-run'], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Training on parabolas +1,000 meta-iterations +about \d/);
    assert.ok(!existsSync(at('seed-quick')));
  });

  it('prints the estimated time, runs, and writes a report, results, tables and weights', async () => {
    const { code, stdout, stderr } = await command(seed, { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\nReport: runs\/seed-quick\/report\.html\n$/);
    const [announced] = stderr.split('[1/2]') as [string];
    assert.match(announced, /About \d+(?::\d\d)? (?:s|min) on this machine/);
    for (const name of [...determined, 'report.html', 'reproduction.json'])
      assert.ok(existsSync(at('seed-quick', name)), name);
    const { jobs } = JSON.parse(await readFile(at('seed-quick', 'results.json'), 'utf8')) as {
      jobs: { name: string; results?: ComparisonResults }[];
    };
    const [learned, ...baselines] = jobs[1]!.results!.optimizers;
    // The floor is 3.907; a quick training comes near, and the best gradient descent to 4.42.
    const sum = learned!.sum.value as number;
    const interval = '[\\d.]+ … [\\d.]+';
    const row = `sum of 20 steps +${sum.toPrecision(4)} +${interval} +SGD [\\d.]+ .* +[\\d.]+ +${interval}`;
    assert.match(stdout, new RegExp(row), 'its figures are printed, with their intervals');
    assert.ok(sum > 3.85 && sum < 4.1, String(sum));
    const [sgd] = baselines.filter(({ rule, tuning }) => rule?.name === 'sgd' && tuning);
    assert.ok(Math.abs((sgd!.sum.value as number) - 4.44) < 0.05);
    const curves = (await readFile(at('seed-quick', 'curves.csv'), 'utf8')).trimEnd().split('\n');
    assert.equal(curves[0], 'comparison,optimizer,step,mean,q0.05,q0.25,q0.5,q0.75,q0.95');
    assert.equal(curves.length, 1 + 21 * jobs[1]!.results!.optimizers.length);
    const table = (await readFile(at('seed-quick', 'table.csv'), 'utf8')).split('\n');
    assert.equal(table[1]!.split(',')[table[0]!.split(',').indexOf('sum')], String(sum));
  });

  it('resumes after SIGKILL, in the training and in the comparison, to the same bytes', async () => {
    const args = [...seed, '--out', 'runs/killed', '--checkpoint-every', '0.05'];
    for (const job of ['parabola', 'parabola-20']) {
      const { child, ended } = start(args, { cwd });
      const checkpoint = at('killed', job, 'checkpoint.safetensors');
      while (child.exitCode === null && !existsSync(checkpoint)) await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill('SIGKILL');
      await ended;
      assert.equal(child.signalCode, 'SIGKILL', `${job} was over before it had a checkpoint`);
      assert.equal(JSON.parse(await readFile(at('killed', job, 'run.json'), 'utf8')).state, 'running');
      assert.ok(!existsSync(at('killed', 'parabola-20', 'results.json')));
    }
    const { code, stderr } = await command(args, { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Resuming: about .* left/);
    for (const name of determined) {
      const [whole, killed] = await Promise.all([readFile(at('seed-quick', name)), readFile(at('killed', name))]);
      assert.ok(whole.equals(killed), `${name} differs`);
    }
  });

  it('takes a checkpoint at Ctrl-C', async () => {
    const args = [...seed, '--out', 'runs/stopped', '--json'];
    const { child, ended, until } = start(args, { cwd });
    await until('stdout', /"type":"losses"/);
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /the same command resumes/);
    assert.ok(existsSync(at('stopped', 'parabola', 'checkpoint.safetensors')));
  });

  it('does not repeat what is done, and replaces no other reproduction unless told to', async () => {
    const weights = at('seed-quick', 'parabola', 'weights.safetensors');
    const { mtimeMs } = await stat(weights);
    const again = await command(seed, { cwd });
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /Everything is done/);
    assert.equal((await stat(weights)).mtimeMs, mtimeMs);
    const other = await command(['reproduce', 'deepmind', '--budget', 'quick', '--out', 'runs/seed-quick'], { cwd });
    assert.equal(other.code, 2);
    assert.match(other.stderr, /holds a different reproduction \(plan seed\): .*--overwrite.*--out/);
  });

  it('says where a given optimizer would come from, if there is none', async () => {
    const { code, stderr } = await command(['reproduce', 'mnist-transfer', '--weights', 'none.safetensors'], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /none\.safetensors is missing.*metadescent reproduce mnist --budget standard/);
  });

  it('ends with exit status 1 where the pictures of CIFAR-10 are missing, and leaves nothing', async () => {
    const { code, stdout, stderr } = await command(['reproduce', 'cifar', '--budget', 'quick'], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /cifar-10-binary\.tar\.gz.*METADESCENT_CIFAR/);
    assert.equal(stdout, '');
    assert.ok(!existsSync(at('cifar-quick')));
  });

  describe('its report', { skip: chromiumMissing() }, () => {
    let browser: Browser;
    before(async () => {
      browser = await launchChromium();
      const { code, stderr } = await command(['reproduce', 'quadratic', '--budget', 'quick'], { cwd });
      assert.equal(code, 0, stderr);
    });
    after(() => browser.close());

    const views = [
      { name: 'a wide light page', width: 1200, colorScheme: 'light', shown: 'wide' },
      { name: 'a dark phone', width: 390, colorScheme: 'dark', shown: 'narrow' },
    ] as const;
    for (const { plan, figures, tables, rows } of [
      { plan: 'seed-quick', figures: 3, tables: 1 + 2, rows: 1 + 2 * 6 },
      { plan: 'quadratic-quick', figures: 2 * 4, tables: 1 + 2 * 2, rows: 4 + 2 * 2 * 6 },
    ]) {
      for (const { name, width, colorScheme, shown } of views) {
        it(`of ${plan} opens on ${name} without network, errors or scripts, with figures and tables`, async () => {
          const url = `file://${at(plan, 'report.html')}`;
          const opened = await openPage(browser, { viewport: { width, height: 800 }, colorScheme });
          const { page, requests, complaints } = opened;
          await page.goto(url);
          await page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })");
          const found = await page.evaluate<Record<string, unknown>>(`({
            scripts: document.scripts.length,
            figures: document.querySelectorAll('figure').length,
            shown: [...document.querySelectorAll('figure > svg.${shown}')].filter((svg) => svg.getBoundingClientRect().height > 200).length,
            lines: [...document.querySelectorAll('figure > svg.${shown} .line')].every((line) => line.getTotalLength() > 100),
            tables: document.querySelectorAll('table').length,
            rows: document.querySelectorAll('tbody tr').length,
            tooWide: document.documentElement.scrollWidth > innerWidth,
            dark: getComputedStyle(document.body).backgroundColor !== 'rgb(255, 255, 255)',
            notFinite: /NaN|undefined|\\[object/.test(document.body.innerText),
          })`);
          assert.deepEqual(found, {
            ...{ scripts: 0, figures, shown: figures, lines: true, tables, rows },
            ...{ tooWide: false, dark: colorScheme === 'dark', notFinite: false },
          });
          assert.deepEqual(requests, [url]);
          assert.deepEqual(complaints, []);
          await opened.close();
        });
      }
    }
  });
});
