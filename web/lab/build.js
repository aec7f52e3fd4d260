#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Makes uplot.js and uplot.css, the chart library as the page loads it, of the npm package in the lock file. After `npm ci` it
// needs no network. What it makes is committed, so that nobody who builds Godwit needs npm; tests/client/lab.test.js tells
// where it is not made of what is there.

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const here = new URL('./', import.meta.url);
const read = (name) => readFileSync(new URL(name, here), 'utf8');

/** What it is made of, in a few letters: this program and the lock file, which knows what is in each package. */
export function fingerprint() {
  const hash = createHash('sha256');
  for (const file of ['build.js', 'package-lock.json']) hash.update(read(file));
  return hash.digest('hex').slice(0, 12);
}

/** The first line of both files. */
export function banner() {
  const { version, license } = JSON.parse(read('package-lock.json')).packages['node_modules/uplot'];
  return `/* uPlot ${version} ${license} https://github.com/leeoniya/uPlot ${fingerprint()} */\n`;
}

async function build() {
  const { build: bundle } = await import('esbuild');
  const licence = `/*\n${read('node_modules/uplot/LICENSE').trim()}\n*/\n`;
  for (const [name, source] of [['uplot.js', 'uPlot.esm.js'], ['uplot.css', 'uPlot.min.css']]) {
    const { outputFiles } = await bundle({
      entryPoints: [new URL(`node_modules/uplot/dist/${source}`, here).pathname],
      bundle: true, format: 'esm', target: 'es2022', minify: true, legalComments: 'none', write: false,
    });
    writeFileSync(new URL(name, here), banner() + licence + outputFiles[0].text);
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) await build();
