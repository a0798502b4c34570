// Bundles what the pages of `mlc compile -o talk.html` run, with the licences of what is not ours:
//
//     mkdir -p target/page && cp page/package*.json target/page/ && npm ci --prefix target/page --ignore-scripts
//     node page/build.mjs                 writes page/dist/
//     node page/build.mjs --check         exit code 1 where page/dist/ is not what would be written

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, '../target/page/node_modules');
const { build } = createRequire(join(modules, 'any.js'))('esbuild');

const bundles = { z80: ['z80-emulator', 'z80-base'], avr: ['avr8js'] };

function licence(name) {
  const { version, license } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));
  const text = readFileSync(join(modules, name, 'LICENSE'), 'utf8');
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}

let differs = false;
function write(name, content) {
  const path = join(here, 'dist', name);
  const kept = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (kept === content) return;
  if (process.argv.includes('--check')) {
    console.error(`page/dist/${name} is not what page/build.mjs makes of page/src: run node page/build.mjs`);
    differs = true;
  } else {
    writeFileSync(path, content);
  }
}

for (const [name, packages] of Object.entries(bundles)) {
  const { outputFiles } = await build({
    entryPoints: [join(here, `src/${name}-page.js`)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    charset: 'ascii',
    legalComments: 'none',
    nodePaths: [modules],
  });
  const [{ text }] = outputFiles;
  // It stands in a script element.
  if (/<\/script|<!--/i.test(text)) throw new Error('the bundle would end its own script element');
  write(`${name}.js`, text);
  write(`${name}-licences.txt`, packages.map(licence).join('\n'));
}
process.exit(differs ? 1 : 0);
