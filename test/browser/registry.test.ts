import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromiumMissing } from '../support/chromium.js';
import { accessibilityFaults } from './accessibility.js';
import { withDashboard } from './dashboard.js';
import { layoutFaults } from './layout.js';

const root = new URL('../../../', import.meta.url);
const weights = fileURLToPath(new URL('examples/optimizers/seed.safetensors', root));
const others = fileURLToPath(new URL('package.json', root));

describe('the registry', { skip: chromiumMissing() }, () => {
  const dashboard = withDashboard();

  it('takes a file, and says where it comes from and how to use it', async () => {
    await dashboard.visit('/ui/optimizers', async (page) => {
      await page.getByRole('heading', { name: 'No optimizers yet' }).waitFor();
      await page.getByRole('button', { name: 'Upload weights' }).click();
      const dialog = page.getByRole('dialog', { name: 'Upload weights' });
      const upload = dialog.getByRole('button', { name: 'Upload', exact: true });
      await dialog.getByLabel('A .safetensors file').setInputFiles(weights);
      assert.equal(await dialog.getByLabel('Name').inputValue(), 'seed');
      await dialog.getByLabel('Name').fill('My Optimizer');
      assert(await upload.isDisabled());
      await dialog.getByLabel('Name').fill('mine');
      await upload.click();
      await page.waitForURL('**/ui/optimizers/mine?version=1');
      await page.getByText('parabola: dimension 10').waitFor();
      await page.getByText('LSTM, 20 + 20 units; 6,621 weights').waitFor();
      await page.getByText('npx metadescent compare mine@1').waitFor();
      assert.equal(
        await page.getByRole('link', { name: 'Compare on another problem' }).getAttribute('href'),
        '/ui/new?optimizer=mine@1',
      );
      assert.deepEqual(await layoutFaults(page), []);
      assert.deepEqual(await accessibilityFaults(page), []);
    });
  });

  it('lists the comparisons that evaluate it', async () => {
    const { id } = await dashboard.client.create({
      kind: 'compare',
      title: 'On larger parabolas',
      optimizer: { name: 'mine' },
      problem: { name: 'parabola', dimension: 20 },
      comparison: { functions: 64, baselines: [{ name: 'sgd', learningRate: 0.1 }] },
    });
    await dashboard.reached(id, 'succeeded');
    await dashboard.visit('/ui/optimizers/mine', async (page) => {
      const link = page
        .getByRole('row', { name: 'parabola succeeded' })
        .getByRole('link', { name: 'On larger parabolas' });
      assert.equal(await link.getAttribute('href'), `/ui/jobs/${id}/comparison`);
      assert.deepEqual(await layoutFaults(page), []);
      assert.deepEqual(await accessibilityFaults(page), []);
    });
  });

  it('offers the weights in every format', async () => {
    await dashboard.visit('/ui/optimizers/mine', async (page) => {
      const names: string[] = [];
      for (const title of ['safetensors', 'NumPy’s npz', 'JSON']) {
        await page.getByText('Download weights').click();
        const downloading = page.waitForEvent('download');
        await page.getByRole('link', { name: title }).click();
        const download = await downloading;
        names.push(download.suggestedFilename());
        if (title === 'safetensors') assert.deepEqual(await readFile(await download.path()), await readFile(weights));
      }
      assert.deepEqual(names, ['mine-1.safetensors', 'mine-1.npz', 'mine-1.json']);
    });
  });

  it('says why a file is refused', async () => {
    await dashboard.visit(
      '/ui/optimizers',
      async (page) => {
        await page.getByRole('button', { name: 'Upload weights' }).click();
        await page.getByLabel('A .safetensors file').setInputFiles(others);
        await page.getByRole('button', { name: 'Upload', exact: true }).click();
        await page.getByRole('alert').getByText('not a weights file').waitFor();
      },
      { expected: /status of 400/ },
    );
  });

  it('takes a file that is dropped on the page as the next version, and deletes one after asking', async () => {
    const bytes = (await readFile(weights)).toString('base64');
    await dashboard.visit('/ui/optimizers', async (page) => {
      await page.getByRole('link', { name: 'mine@1' }).waitFor();
      await page.evaluate(`(() => {
        const bytes = Uint8Array.from(atob('${bytes}'), (character) => character.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], 'mine.safetensors'));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      })()`);
      await page.getByRole('button', { name: 'Upload', exact: true }).click();
      await page.waitForURL('**/ui/optimizers/mine?version=2');
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog', { name: 'Delete mine@2?' }).getByRole('button', { name: 'Delete' }).click();
      await page.waitForURL('**/ui/optimizers/mine');
      await page.getByRole('navigation', { name: 'Versions' }).getByText('version 1').waitFor();
    });
    const { optimizers } = await dashboard.client.optimizers();
    assert.deepEqual(
      optimizers.map(({ name, version }) => [name, version]),
      [['mine', 1]],
    );
  });
});
