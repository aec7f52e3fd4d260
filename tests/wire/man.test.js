// SPDX-License-Identifier: MIT
// The man pages and --help name the same commands and the same options.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { run } from '../support/program.js';

const page = (name) => readFileSync(new URL(`../../man/${name}.1`, import.meta.url), 'utf8');
// the last list of options, or several in one item: `.It Fl -cert Ar file , Fl -key Ar file`
const optionsOf = (text) =>
  text.split('\n').filter((line) => line.startsWith('.It Fl -'))
    .flatMap((line) => [...line.matchAll(/Fl -([a-z-]+)/g)].map(([, name]) => name)).sort();
const commands = async () =>
  [...(await run(['--help'])).stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name);

test('godwit(1) lists the commands, and each has its page', async () => {
  const names = await commands();
  assert.ok(names.length >= 4, names.join());
  const listed = [...page('godwit').matchAll(/^\.It Cm ([a-z]+)$/gm)].map(([, name]) => name);
  assert.deepEqual(listed.sort(), [...names].sort());
  for (const name of names) assert.match(page(`godwit-${name}`), new RegExp(`^\\.Nm godwit-${name}$`, 'm'));
});

test('every option of --help has its place in the page, and the other way round', async () => {
  for (const name of await commands()) {
    const { stdout } = await run([name, '--help']);
    const told = [...stdout.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, option]) => option).sort();
    assert.deepEqual(optionsOf(page(`godwit-${name}`)), told, name);
  }
});

test('godwit help COMMAND is its --help', async () => {
  for (const name of await commands()) assert.deepEqual(await run(['help', name]), await run([name, '--help']), name);
  const { code, stderr } = await run(['help', 'fly']);
  assert.deepEqual([code, stderr], [2, 'godwit: no such command: fly; godwit --help lists them\n']);
});
