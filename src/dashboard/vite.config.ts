import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Leaves .br and .gz beside each file, for the API to send. */
function compress(): Plugin {
  return {
    name: 'compress',
    async writeBundle({ dir = '' }, files) {
      const forms = { br: promisify(brotliCompress), gz: promisify(gzip) };
      const texts = Object.values(files).filter(({ fileName }) => /\.(js|css|html)$/.test(fileName));
      await Promise.all(
        texts.flatMap((file) =>
          Object.entries(forms).map(async ([ending, form]) =>
            writeFile(
              join(dir, `${file.fileName}.${ending}`),
              await form(file.type === 'chunk' ? file.code : file.source),
            ),
          ),
        ),
      );
    },
  };
}

export default defineConfig({
  root: here('.'),
  base: '/ui/',
  // Set-up may come here through a link, whose path Vite can read where the real one has a # or a ?.
  resolve: { preserveSymlinks: true },
  plugins: [compress()],
  build: {
    outDir: here('../../dist/dashboard'),
    emptyOutDir: true,
    target: 'es2022',
    // The page's policy allows nothing inline; a file of its own is cached besides.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: 'manifest.json',
    rolldownOptions: {
      // Browsers have a WebSocket of their own: src/client asks for this package elsewhere.
      external: ['ws'],
    },
  },
});
