// SPDX-License-Identifier: MIT
// Clients that share a connection as the tabs of a site do, with the browser's locks and without; the server is a real one.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Listener } from '../support/listener.js';
import { startServer } from '../support/server.js';

let server, rooms = 0, undo = [];
before(async () => { server = await startServer('serve', ['--workers', '2']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });
afterEach(async () => { for (const step of undo.splice(0).reverse()) await step(); });

/** navigator.locks, as far as it is needed here. */
function makeLocks() {
  const queues = {};
  async function run(queue) {
    for (; queue.length; queue.shift()) await queue[0]();
  }
  return {
    request: (name, { signal }, call) => new Promise((resolve, reject) => {
      const queue = queues[name] ??= [];
      const turn = async () => resolve(await call());
      signal.addEventListener('abort', () => {
        if (queue.indexOf(turn) > 0) reject(queue.splice(queue.indexOf(turn), 1) && signal.reason);
      });
      queue.push(turn);
      if (queue[0] === turn) setImmediate(run, queue);
    }),
  };
}

/** How many connections a user has. */
async function connections(user) {
  const { sessions } = await (await fetch(`${server.url}/users/${user}`)).json();
  return sessions.filter(({ connected }) => connected).length;
}

function tab(user, locks, options = {}) {
  const listener = new Listener(server.url, { user, share: true, locks, tick: 1000, ...options }); // an election takes up to 500
  undo.push(() => listener.close());
  return listener;
}

async function post(channel, body) {
  const answer = await fetch(`${server.url}/channels/${channel}`, { method: 'POST', body });
  assert.equal(answer.status, 201);
}

async function kept(channel) {
  return (await (await fetch(`${server.url}/channels/${channel}`)).json()).publications.map(({ text }) => text);
}

test('locks that the browser has and gives to nobody: an election', async () => {
  const channel = `tabs-${++rooms}`, user = `ann-${rooms}`;
  const locks = { request: async () => { throw new DOMException('denied in this context', 'SecurityError'); } };
  const tabs = [tab(user, locks), tab(user, locks)];
  for (const each of tabs) {
    each.channel(channel);
    await each.standing(channel);
  }
  assert.equal(await connections(user), 1);
  tabs[0].close();
  await post(channel, '1');
  assert.deepEqual(await tabs[1].messages(channel, 1), ['1']);
  tab(user, locks).close(); // before anything is decided: nothing of it stays
  await tabs[1].g.channel(channel).publish('2');
  assert.equal(await connections(user), 1);
});

test('a tab that is looked after more often than an election takes comes to lead', async () => {
  const listener = tab(`ann-${++rooms}`, undefined, { tick: 20 });
  await listener.online();
});

test('a tab that gets its own lock late is not taken for gone: what it says goes out', async () => {
  const channel = `tabs-${++rooms}`, user = `ann-${rooms}`;
  const locks = makeLocks();
  const leader = tab(user, locks);
  leader.channel(channel);
  await leader.standing(channel);
  const other = tab(user, {
    request: (...asked) => new Promise((resolve, reject) => { setTimeout(() => locks.request(...asked).then(resolve, reject), 50); }),
  });
  other.channel(channel);
  await other.standing(channel);
  await new Promise((resolve) => { setTimeout(resolve, 100); }); // by then the leader would have had it
  await Promise.race([other.g.channel(channel).publish('said'), leader.messages(channel, 1)]);
  assert.deepEqual(await leader.messages(channel, 1), ['said']);
});

for (const kind of ['locks', 'an election']) {
  const locksOf = () => (kind === 'locks' ? makeLocks() : undefined);

  test(`by ${kind}: three tabs have one connection, and each hears all`, async () => {
    const channel = `tabs-${++rooms}`, user = `ann-${rooms}`;
    const locks = locksOf();
    const tabs = [tab(user, locks), tab(user, locks), tab(user, locks)];
    const channels = tabs.map((each) => each.channel(channel));
    for (const each of tabs) await each.standing(channel);
    assert.equal(await connections(user), 1);
    await Promise.all(channels.map((each, i) => each.publish(`from ${i}`)));
    await tabs[1].g.send(user, 'to me');
    for (const each of tabs) {
      assert.deepEqual((await each.messages(channel, 3)).sort(), ['from 0', 'from 1', 'from 2']);
      await each.until(() => each.values('direct').length === 1, 'the direct message');
    }
    assert.equal(new Set(tabs.map(({ g }) => g.session)).size, 1);
  });

  test(`by ${kind}: the leading tab goes, again and again; nothing is lost or doubled`, async () => {
    const channel = `tabs-${++rooms}`, user = `ann-${rooms}`;
    const locks = locksOf();
    const tabs = [];
    for (let i = 0; i < 4; i++) {
      tabs.push(tab(user, locks));
      tabs[i].channel(channel);
      await tabs[i].standing(channel);
    }
    const published = [], expected = [];
    for (let i = 0; i < 30; i++) {
      if (i % 10 === 5) tabs.shift().close();
      expected.push(`a${i}`, `b${i}`);
      published.push(tabs.at(-1).g.channel(channel).publish(`a${i}`));
      await post(channel, `b${i}`);
    }
    await Promise.all(published);
    const order = await kept(channel);
    assert.deepEqual([...order].sort(), expected.sort());
    assert.deepEqual(order.filter((text) => text[0] === 'a'), Array.from({ length: 30 }, (_, i) => `a${i}`));
    assert.deepEqual(await tabs[0].messages(channel, 60), order);
    assert.deepEqual(tabs[0].values(`${channel} gap`), []);
  });

  test(`by ${kind}: a channel is held as long as a tab hears it; who comes later begins with the history`, async () => {
    const channel = `tabs-${++rooms}`;
    const locks = locksOf();
    const first = tab(undefined, locks), second = tab(undefined, locks); // a user would be there for 5 seconds more
    await first.online();
    await second.online();
    const room = second.channel(channel);
    await second.standing(channel);
    await post(channel, '1');
    await second.messages(channel, 1);
    first.channel(channel, { history: true });
    await first.messages(channel, 1);
    await post(channel, '2');
    assert.deepEqual(await first.messages(channel, 2), ['1', '2']);
    const heldBy = async () => (await (await fetch(`${server.url}/channels/${channel}/presence`)).json()).sessions;
    assert.equal(await heldBy(), 1);
    room.close();
    assert.equal(await heldBy(), 1);
    first.g.channel(channel).close();
    while (await heldBy() !== 0) await new Promise((resolve) => { setTimeout(resolve, 5); });
    assert.deepEqual(second.texts(channel), ['1', '2']);
  });
}

test('other users, and tabs that do not want to, do not share', async () => {
  const locks = makeLocks();
  const tabs = [tab('eve', locks), tab('eve', locks), tab('adam', locks), tab('eve', locks, { share: false }),
    tab(undefined, locks, { token: () => 'eve' })];
  for (const each of tabs) await each.online();
  assert.deepEqual([await connections('eve'), await connections('adam')], [3, 1]);
});
