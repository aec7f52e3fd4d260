// SPDX-License-Identifier: MIT
// Who is in a channel, as the pages know it, without a browser: what comes between the list and what is told, and what is lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchPresence } from '../../web/design/presence.js';

const settled = () => new Promise((resolve) => { setImmediate(resolve); });

/** A channel whose lists are answered when the test says so, and a clock that stands. */
function room({ state = 'online' } = {}) {
  const heard = {}, asked = [], timers = new Set();
  const on = (event, hear) => { heard[event] = hear; return () => { delete heard[event]; }; };
  const client = { state, on };
  const channel = { on, presence: () => new Promise((resolve, reject) => { asked.push({ resolve, reject }); }) };
  const here = new Set();
  let count;
  const watch = watchPresence(client, channel, {
    list({ users, count: n }) {
      count = n;
      here.clear();
      for (const { user } of users) here.add(user);
    },
    move: (user, isHere) => (isHere ? here.add(user) : here.delete(user)),
    wait(step, ms) {
      const timer = { step, ms };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  return {
    client, heard, asked, watch, timers,
    here: () => [...here].join(' '),
    count: () => count,
    async answer(...users) {
      asked.shift().resolve({ users: users.map((user) => ({ user, sessions: 1 })), count: users.length });
      await settled();
    },
    async fail() {
      asked.shift().reject(new Error('cut'));
      await settled();
    },
    /** The next timer fires; gives how long it was to be. */
    async pass() {
      const [timer] = timers;
      timers.delete(timer);
      timer.step();
      await settled();
      return timer.ms;
    },
  };
}

test('who left between the list and the subscription is found gone a moment later', async () => {
  const { asked, answer, pass, here } = room();
  await answer('Ann', 'Bo'); // and nobody tells that Bo has left
  assert.equal(here(), 'Ann Bo');
  assert.ok(await pass() <= 3000);
  assert.equal(asked.length, 1);
  await answer('Ann');
  assert.equal(here(), 'Ann');
  assert.equal(await pass(), 60_000, 'then now and then');
  await answer('Ann', 'Cy');
  assert.equal(here(), 'Ann Cy');
});

test('what is told while the list is being read is not undone by an older one', async () => {
  const { answer, heard, here, count } = room();
  heard.join('Cy');
  heard.leave('Bo');
  assert.equal(here(), 'Cy', 'it counts at once');
  await answer('Ann', 'Bo');
  assert.equal(here(), 'Ann Cy');
  assert.equal(count(), 2);
  heard.leave('Ann');
  assert.equal(here(), 'Cy');
});

test('a list that does not come is asked for again, and one of an earlier connection does not count', async () => {
  const { asked, client, heard, answer, fail, pass, here } = room();
  await fail();
  assert.equal(await pass(), 2000);
  assert.equal(await pass(), 6000, 'no answer at all');
  assert.equal(await pass(), 2000);
  assert.equal(asked.length, 2);
  client.state = 'connecting';
  client.state = 'online';
  heard.state({ state: 'online' });
  const [, old] = asked.splice(0, 2);
  await answer('Ann');
  old.resolve({ users: [{ user: 'Bo', sessions: 1 }], count: 1 });
  await settled();
  assert.equal(here(), 'Ann');
});

test('who was there before a loss has a moment to come back, and nobody sees them go and come', async () => {
  const { asked, client, heard, answer, pass, watch, here, count } = room();
  await answer('Ann', 'Bo', 'Cy', 'Di');
  client.state = 'connecting';
  client.state = 'online';
  heard.state({ state: 'online' });
  await answer('Ann');
  assert.equal(here(), 'Ann Bo Cy Di');
  assert.equal(count(), 4);
  heard.join('Bo');
  heard.leave('Di');
  watch.look(); // as by who reads what was missed
  await answer('Ann', 'Bo');
  assert.equal(here(), 'Ann Bo Cy');
  assert.equal(await pass(), 10_000);
  await answer('Ann', 'Bo');
  assert.equal(here(), 'Ann Bo', 'Cy has not come back');
  assert.equal(asked.length, 0);
  assert.equal(await pass(), 60_000);
});

test('without a connection nothing is asked, and with the next it is', async () => {
  const { asked, client, heard, answer, pass, timers } = room({ state: 'connecting' });
  assert.deepEqual([asked.length, timers.size], [0, 0]);
  client.state = 'online';
  heard.state({ state: 'online' });
  await answer('Ann');
  client.state = 'offline';
  await pass();
  assert.deepEqual([asked.length, timers.size], [0, 0]);
});

test('an end is one', async () => {
  const { watch, asked, answer, heard, here, timers } = room();
  watch.end();
  await answer('Ann');
  assert.deepEqual([here(), Object.keys(heard), asked.length], ['', [], 0]);
  await watch.look();
  assert.deepEqual([asked.length, timers.size], [0, 0], 'nothing is asked after it');
});
