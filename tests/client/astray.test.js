// SPDX-License-Identifier: MIT
// What goes astray: others who answer in the server's place, clocks that are set back, names that cannot be said, a browser that
// lacks something.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Listener } from '../support/listener.js';
import { startServer } from '../support/server.js';
import { sockets } from '../support/socket.js';

let server, rooms = 0, undo = [];
before(async () => { server = await startServer('serve'); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });
afterEach(() => { for (const step of undo.splice(0).reverse()) step(); });

const fresh = () => `astray-${++rooms}`;

function listen(options) {
  const listener = new Listener(server.url, options);
  undo.push(() => listener.close());
  return listener;
}

/** … in a channel that stands at e:5, over a WebSocket that says what the test wants. */
async function inside(options) {
  const { WebSocket, nth } = sockets();
  const ann = listen({ transports: ['websocket'], WebSocket, ...options });
  const room = ann.channel('a');
  const socket = (await nth(1)).welcome();
  const [, id] = await socket.hears(/^sub a id=(\S+)$/);
  socket.tell(`subscribed a cursor=e:5 id=${id}`);
  return { ann, room, socket, nth };
}

/** For the time of a test. */
function replace(name, value) {
  const own = Object.getOwnPropertyDescriptor(globalThis, name);
  undo.push(() => (own ? Object.defineProperty(globalThis, name, own) : delete globalThis[name]));
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

async function post(channel, body) {
  assert.equal((await fetch(`${server.url}/channels/${channel}`, { method: 'POST', body })).status, 201);
}

async function kept(channel) {
  return (await (await fetch(`${server.url}/channels/${channel}`)).json()).publications.map(({ text }) => text);
}

const page = (status = 200, headers = {}) => new Response('<!doctype html><title>Welcome to our network</title>', { status, headers: { 'Content-Type': 'text/html', ...headers } });

for (const transport of ['sse', 'longpoll'])
  test(`${transport}: another answers everything with a page of its own: that is no connection, and nothing is lost by it`, async () => {
    const channel = fresh();
    let isPortal = true;
    const held = [];
    const ann = listen({ transports: [transport], fetch: async (url, init) => {
      if (isPortal) return page();
      if (!/[?&]wait=|data=json/.test(url)) return fetch(url, init);
      const cut = new AbortController();
      held.push(cut);
      init.signal.addEventListener('abort', () => cut.abort());
      return fetch(url, { ...init, signal: cut.signal });
    } });
    const room = ann.channel(channel);
    await ann.until(() => ann.values('state').filter(({ retry }) => retry).length > 1, 'two tries');
    assert.equal(ann.values('state').some(({ state }) => state === 'online'), false);
    isPortal = false;
    await room.open();
    isPortal = true; // and again, while it hears
    held.forEach((each) => each.abort());
    const waiting = room.publish('1');
    await ann.until(() => ann.g.state !== 'online', 'the loss');
    isPortal = false;
    await waiting;
    assert.deepEqual(await ann.messages(channel, 1), ['1']);
    assert.deepEqual([ann.values(`${channel} error`), ann.values(`${channel} gap`)], [[], []]);
  });

test('a proxy says in HTML that the server is away: what is published waits for it', async () => {
  const channel = fresh();
  let posts = 0;
  const ann = listen({ transports: ['sse'], fetch: (url, init) => (init.method === 'POST' && ++posts < 3 ? page(502) : fetch(url, init)) });
  await ann.channel(channel).open();
  await ann.g.channel(channel).publish('1');
  assert.deepEqual([await kept(channel), posts], [['1'], 3]);
});

test('what is sent on to another address as a GET was not published', async () => {
  const channel = fresh();
  await post(channel, '1');
  const ann = listen({ transports: ['sse'], fetch: (url, { method, body, ...init }) => fetch(url, init) });
  await assert.rejects(ann.g.channel(channel).publish('2'), { code: 302, reason: 'redirected' });
});

test('who asks for more time than a timer can take is not asked at once', async () => {
  let asked = 0;
  const ann = listen({ transports: ['sse'], fetch: async () => page(503, { 'Retry-After': 30 * 24 * 3600 + ++asked }) });
  const { retry } = await ann.until(() => ann.values('state').find((each) => each.retry));
  assert.ok(retry < 2 ** 31, String(retry));
  ann.close();
  assert.equal(asked, 1);
});

test('a stream is given up when no heartbeat came in the time that it takes, and an answer may', async () => {
  const { setTimeout } = globalThis;
  const waits = [];
  replace('setTimeout', (call, ms) => {
    waits.push(ms);
    return setTimeout(call, ms);
  });
  const ann = listen({ transports: ['sse'], timeout: 1000 });
  await ann.channel(fresh()).open();
  assert.ok(waits.includes(25_000 + 1000), String(waits));
});

test('a publication that is not answered in time tells that a WebSocket is dead', async () => {
  const { room, socket, nth } = await inside({ timeout: 100 });
  const waiting = room.publish('1');
  await socket.hears(/^pub a /);
  const next = (await nth(2)).welcome();
  assert.deepEqual([socket.closed, socket.said], [4000, []]); // it was not asked first
  const [, id] = await next.hears(/^pub a key=(\S+) /);
  next.tell(`ok id=${id} cursor=e:6`);
  assert.deepEqual(await waiting, { cursor: 'e:6' });
});

test('a page that is looked at again asks whether its connection is still there', async () => {
  const heard = {};
  replace('addEventListener', (name, call) => { heard[name] = call; });
  const { socket } = await inside();
  heard.focus({ type: 'focus' });
  await socket.hears(/^ping$/);
});

test('the clock is set back by an hour: a silent connection is asked all the same', async () => {
  const clock = Date.now;
  undo.push(() => { Date.now = clock; });
  const { socket } = await inside();
  Date.now = () => clock() - 3600e3;
  await socket.hears(/^ping$/);
});

test('half a character is refused at once, and troubles nothing else', async () => {
  const { ann, room, socket, nth } = await inside();
  assert.throws(() => ann.g.channel('a\ud800'), URIError);
  await assert.rejects(room.publish('x', { event: '\udc00' }), URIError);
  await assert.rejects(ann.g.send('\ud800', 'x'), URIError);
  socket.end();
  const next = (await nth(2)).welcome();
  await next.hears(/^sub a after=e%3A5 /);
  assert.deepEqual([ann.g.state, next.said], ['online', []]);
});

test('over HTTP nobody has left where they are too many to be named, and nobody comes twice', async () => {
  const channel = fresh();
  const lists = [{ users: [{ user: 'ann' }], count: 1 }, { users: [], count: 1001 }, { users: [{ user: 'ann' }, { user: 'bob' }], count: 2 }];
  let asked = 0;
  const late = [];
  const ann = listen({ transports: ['longpoll'], tick: 30, fetch: async (url, init) => {
    if (!/presence/.test(url)) return fetch(url, init);
    const list = lists[Math.min(asked++, 2)];
    if (asked > 2) await new Promise((resolve) => { if (late.push(resolve) > 2) late.forEach((go) => go()); }); // three at once
    return Response.json(list);
  } });
  const room = ann.channel(channel);
  await ann.until(() => ann.values(`${channel} join`).length, 'the join');
  await room.presence(); // by now the other two have been told as well
  assert.deepEqual([ann.values(`${channel} join`), ann.values(`${channel} leave`)], [['bob'], []]);
});

test('where the browser gives no channel between tabs, each has a connection of its own', async () => {
  replace('BroadcastChannel', class { constructor() { throw new DOMException('The operation is insecure.', 'SecurityError'); } });
  const channel = fresh();
  const ann = listen({ user: 'ann', share: true });
  await ann.channel(channel).open();
  await post(channel, '1');
  assert.deepEqual(await ann.messages(channel, 1), ['1']);
});

test('over HTTP, too, what is large has time to go out', async (t) => {
  const ann = listen({ transports: ['longpoll'], timeout: 6000 });
  await ann.online();
  const timeout = t.mock.method(AbortSignal, 'timeout');
  await ann.g.channel(fresh()).publish('x'.repeat(50_000));
  assert.ok(timeout.mock.calls.some(({ arguments: [ms] }) => ms === 56_000));
});
