/**
 * npm run screenshots [-- FOLDER] [-- --docs]: set-up, then a picture of every page of the dashboard at three widths, light
 * and dark; the exit status is 1 if a page is wider than its window or cuts a text. See CONTRIBUTING.md.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { orExplain, root, setup } from './setup.mjs';

await orExplain(setup);
const { takeScreenshots } = await import(pathToFileURL(join(root, 'dist/test/browser/screenshots.js')).href);
process.exitCode = await takeScreenshots(process.argv.slice(2));
