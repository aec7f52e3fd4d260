// SPDX-License-Identifier: MIT
// What a page says of its connection, without a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePage } from '../support/page.js';
import { openShell } from '../../web/design/shell.js';

/** A page's shell, a clock that the test moves, and what a client would tell. */
function shellOf(t) {
  const { byId } = makePage(t);
  const timers = new Map();
  const { setTimeout: later, clearTimeout: cancel } = globalThis;
  t.after(() => Object.assign(globalThis, { setTimeout: later, clearTimeout: cancel }));
  let now = 0, ids = 0, tell;
  Object.assign(globalThis, {
    setTimeout(step, ms) { timers.set(++ids, [now + ms, step]); return ids; },
    clearTimeout: (id) => timers.delete(id),
  });
  openShell({ here: 'map' }).watch({ state: 'online', transport: 'websocket', on: (_, hear) => { tell = hear; } });
  const [line] = byId('bar').followers;
  return {
    line,
    tell: (state) => tell(state),
    pass(ms) {
      now += ms;
      for (const [id, [at, step]] of timers) if (at <= now && timers.delete(id)) step();
    },
  };
}

test('a loss is told of in 0.7 s, however often it is tried to come back meanwhile', (t) => {
  const { line, tell, pass } = shellOf(t);
  for (let ms = 0; ms < 700; ms += 100) {
    tell({ state: 'connecting', retry: ms % 200 ? undefined : 80 + ms });
    assert.equal(line.hidden, true, `${ms}`);
    pass(100);
  }
  assert.equal(line.hidden, false);
  assert.match(line.textContent, /^The connection is lost\./);
  tell({ state: 'online', transport: 'websocket' });
  assert.equal(line.hidden, true);
});

test('a loss that is mended at once is not worth a line, and the next one has its own time', (t) => {
  const { line, tell, pass } = shellOf(t);
  tell({ state: 'connecting', retry: 300 });
  pass(600);
  tell({ state: 'online', transport: 'websocket' });
  tell({ state: 'connecting', retry: 300 });
  pass(600);
  assert.equal(line.hidden, true);
  pass(100);
  assert.equal(line.hidden, false);
});
