// SPDX-License-Identifier: MIT
// The client as it is shipped: small, alone, made of its sources, and fit for a strict content security policy.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fingerprint } from '../../web/client/build.js';

const read = (name) => readFileSync(new URL(`../../web/client/${name}`, import.meta.url), 'utf8');
const code = read('godwit.js');

test('it is at most 6 KB, compressed', () => {
  const { length } = execFileSync('gzip', ['-9nc'], { input: code });
  assert.ok(length <= 6 * 1024, `${length} bytes`);
});

test('it is made of the sources that are there', () => {
  assert.ok(code.startsWith(`/* godwit ${JSON.parse(read('package.json')).version} MIT ${fingerprint()} */`),
    'run web/client/build.js (after npm ci in web/client)');
});

test('it is one module that needs no other, and makes no code of text', () => {
  assert.doesNotMatch(code, /\bimport\b|\brequire\b|\beval\b|\bFunction\(/);
  const { dependencies, main, types } = JSON.parse(read('package.json'));
  assert.deepEqual([dependencies, main, types], [undefined, './godwit.js', './godwit.d.ts']);
});
