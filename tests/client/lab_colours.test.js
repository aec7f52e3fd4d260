// SPDX-License-Identifier: MIT
// The lab's five colours, read from its style: who sees no red, no green or no blue tells them apart too, and each stands out from
// the surface it is drawn on.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const style = (path) => readFileSync(new URL(`../../web/${path}`, import.meta.url), 'utf8');
/** Of `light-dark(#…, #…)` behind a name: both. */
const pairOf = (css, name) => new RegExp(`${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css).slice(1);

const lab = style('lab/style.css');
const surfaces = pairOf(style('design/base.css'), '--surface');
const colours = Object.fromEntries(['poll', 'longpoll', 'ndjson', 'sse', 'websocket'].map((name) => [name, pairOf(lab, `\\.${name} \\{ --of`)]));

// Machado, Oliveira and Fernandes (2009), at full strength, on linear light.
const SEEN_BY = {
  most: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopes: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopes: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopes: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

const times = (matrix, vector) => matrix.map((row) => row.reduce((sum, factor, i) => sum + factor * vector[i], 0));
const linear = (hex) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
const bright = (hex) => times([[0.2126, 0.7152, 0.0722]], linear(hex))[0];

/** In Oklab, where equal distances look equally far: 0 to 100. */
function oklab(light) {
  const cones = times([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]],
    light.map((c) => Math.max(0, c))).map(Math.cbrt);
  return times([[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]], cones);
}

for (const [i, scheme] of ['light', 'dark'].entries()) {
  test(`${scheme}: no two transports look alike, whatever one sees of colours`, () => {
    for (const [who, matrix] of Object.entries(SEEN_BY)) {
      const seen = Object.entries(colours).map(([name, pair]) => [name, oklab(times(matrix, linear(pair[i])))]);
      for (const [one, a] of seen) {
        for (const [other, b] of seen) {
          const far = 100 * Math.hypot(...a.map((c, at) => c - b[at]));
          assert.ok(one === other || far > 10, `${one} and ${other} are ${far.toFixed(1)} apart for ${who}`);
        }
      }
    }
  });

  test(`${scheme}: each transport's colour has 3:1 against the surface`, () => {
    for (const [name, pair] of Object.entries(colours)) {
      const [more, less] = [bright(pair[i]), bright(surfaces[i])].sort((a, b) => b - a);
      assert.ok((more + 0.05) / (less + 0.05) >= 3, `${name}: ${((more + 0.05) / (less + 0.05)).toFixed(2)}`);
    }
  });
}
