/** npm run quickstart [-- --exit] [-- --paper]: set-up, then `metadescent quickstart`. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { orExplain, root, setup } from './setup.mjs';

await orExplain(setup);
const main = join(root, 'dist', 'src', 'cli', 'main.js');
process.argv = [process.argv[0], main, 'quickstart', ...process.argv.slice(2)];
await import(pathToFileURL(main).href);
