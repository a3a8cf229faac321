/** npm run bench [-- options]: set-up, then the benchmark; see bench/README.md. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { orExplain, root, setup } from './setup.mjs';

await orExplain(setup);
/** What an option measures in place of the benchmark: a file of bench/, and its function, which returns the exit status. */
const others = {
  '--documents': ['documents.js', 'measureDocuments'],
  '--lists': ['lists.js', 'measureLists'],
  '--changes': ['changes.js', 'measureChanges'],
  '--training': ['training-time.js', 'measureTraining'],
  '--subscribers': ['subscribers.js', 'measureSubscribers'],
  '--dashboard': ['dashboard.js', 'measureDashboard'],
  '--apply': ['apply.js', 'measureApply'],
};
const load = (name) => import(pathToFileURL(join(root, 'dist', 'bench', name)).href);
const [file, measure] = others[process.argv.slice(2).find((option) => option in others)] ?? ['run.js', null];
const loaded = await load(file);
if (measure !== null) process.exitCode = await loaded[measure]();
