#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Makes godwit.js of src/: one module, minified. After `npm ci` it needs no network. What it makes is committed, so that nobody
// who builds Godwit needs npm; tests/client/size.test.js tells where it is not made of what is there.

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

const here = new URL('./', import.meta.url);

// Properties of ours that no page, server or other tab sees by name, and that we use of no object of the browser's.
const INTERNAL = ['isOpen', 'isLost', 'stands', 'tabs', 'isUp', 'rank', 'hasBegun', 'port', 'put', 'retire', 'others',
  'lead', 'follow', 'address', 'path', 'take', 'stand', 'look', 'present', 'drop', 'isBlocked', 'ask', 'timer', 'emit', 'quit', 'hears', 'patience'];

/** What the sources are, in a few letters. */
export function fingerprint() {
  const files = ['build.js', 'package-lock.json', ...readdirSync(new URL('src/', here)).sort().map((name) => `src/${name}`)];
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(new URL(file, here)));
  return hash.digest('hex').slice(0, 6);
}

async function build() {
  const { build: bundle } = await import('esbuild');
  const { minify } = await import('terser');
  const { version } = JSON.parse(readFileSync(new URL('package.json', here)));
  const { outputFiles } = await bundle({
    entryPoints: [new URL('src/godwit.js', here).pathname], bundle: true, format: 'esm', target: 'es2022', write: false,
  });
  // One word for all that is named compresses better than two.
  const { code } = await minify(outputFiles[0].text.replace(/\bconst /g, 'let '), {
    ecma: 2020, module: true, toplevel: true,
    compress: { passes: 3, unsafe_arrows: true, inline: 0, reduce_funcs: false, arrows: false, booleans_as_integers: true },
    mangle: { properties: { builtins: true, regex: new RegExp(`^(${INTERNAL.join('|')})$`) } },
    format: { comments: false },
  });
  writeFileSync(new URL('godwit.js', here), `/* godwit ${version} MIT ${fingerprint()} */\n${code}\n`);
}

if (process.argv[1] === new URL(import.meta.url).pathname) await build();
