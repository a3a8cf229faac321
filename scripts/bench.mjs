/** npm run bench [-- options]: set-up, then the benchmark; see bench/README.md. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { orExplain, root, setup } from './setup.mjs';

await orExplain(setup);
await import(pathToFileURL(join(root, 'dist', 'bench', 'run.js')).href);
