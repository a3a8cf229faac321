import type { Command } from 'commander';
import { DatasetError } from '../../contract/datasets.js';
import { type ImageSet, imageSets } from '../../contract/image-sets.js';
import { formatCount } from '../../figures/numbers.js';
import { type AdditionFlags, useAdditions, withAdditions } from '../additions.js';
import { type JsonOption, print, printJson, printTable, tableStyle, withJson } from '../output.js';
import { type Column, renderTable } from '../render/table.js';

interface Found {
  name: string;
  side: number;
  channels: number;
  classes: number;
  /** Numbers of examples; null where the data set is missing. */
  training: number | null;
  heldOut: number | null;
  variants: string[];
  /** What is missing, and what to do; null for nothing. */
  missing: string | null;
}

export function defineDatasets(program: Command): void {
  const command = program
    .command('datasets')
    .summary('list the data sets that problems learn from')
    .description(
      'Lists the data sets of images that problems can name, those of --dataset included, and says what is missing.',
    );
  withJson(withAdditions(command), 'print {datasets} as one JSON document').action(listDatasets);
}

async function listDatasets(options: AdditionFlags & JsonOption): Promise<void> {
  await useAdditions(options);
  const datasets: Found[] = [];
  for (const set of imageSets()) if (set.base === set.name) datasets.push(await find(set));
  if (options.json) return printJson({ datasets });
  const columns: Column[] = [
    { title: 'Data set', align: 'left' },
    { title: 'Images', align: 'left' },
    ...['Classes', 'Training', 'Held out'].map((title): Column => ({ title, align: 'right' })),
    { title: 'Variants', align: 'left' },
  ];
  const rows = datasets.map(({ name, side, channels, classes, training, heldOut, variants }) => [
    name,
    `${side} × ${side}${channels === 1 ? '' : ` × ${channels}`}`,
    String(classes),
    training === null ? 'missing' : formatCount(training),
    heldOut === null ? 'missing' : formatCount(heldOut),
    variants.join(', '),
  ]);
  printTable(renderTable(columns, rows, tableStyle()));
  for (const { name, missing } of datasets) if (missing !== null) print(`${name}: ${missing}`);
}

async function find({ name, side, channels, classes }: ImageSet): Promise<Found> {
  const variants = imageSets().flatMap((set) => (set.base === name && set.name !== name ? [set.name] : []));
  const known = { name, side, channels, classes, variants };
  const { loadDataset } = await import('../../data/datasets.js');
  try {
    const { training, heldOut } = await loadDataset(name);
    return { ...known, training: training.labels.length, heldOut: heldOut.labels.length, missing: null };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    return { ...known, training: null, heldOut: null, missing: error.message };
  }
}
