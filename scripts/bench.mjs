/** npm run bench [-- options]: set-up, then the benchmark; see bench/README.md. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { orExplain, root, setup } from './setup.mjs';

await orExplain(setup);
const load = (name) => import(pathToFileURL(join(root, 'dist', 'bench', name)).href);
if (process.argv.includes('--documents')) process.exitCode = await (await load('documents.js')).measureDocuments();
else if (process.argv.includes('--lists')) process.exitCode = await (await load('lists.js')).measureLists();
else if (process.argv.includes('--subscribers'))
  process.exitCode = await (await load('subscribers.js')).measureSubscribers();
else if (process.argv.includes('--dashboard')) process.exitCode = await (await load('dashboard.js')).benchDashboard();
else if (process.argv.includes('--changes')) process.exitCode = await (await load('changes.js')).measureChanges();
else await load('run.js');
