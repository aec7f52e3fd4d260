// SPDX-License-Identifier: MIT
// The client over WebSockets that say what the test wants.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Listener } from '../support/listener.js';
import { sockets } from '../support/socket.js';

let undo = [];
const clock = Date.now;
afterEach(() => {
  Date.now = clock;
  for (const step of undo.splice(0)) step();
});

/** A client over such WebSockets alone. */
function start(options = {}) {
  const server = sockets();
  const ann = new Listener('http://x.test/base/', { transports: ['websocket'], WebSocket: server.WebSocket, ...options });
  undo.push(() => ann.close());
  return { ...server, ann };
}

/** … in a channel that stands at e:5. */
async function inside(options) {
  const all = start(options);
  const room = all.ann.channel('a b');
  const socket = (await all.nth(1)).welcome();
  const [, id] = await socket.hears(/^sub a%20b id=(\S+)$/);
  socket.tell(`subscribed a%20b cursor=e:5 recovered=yes id=${id}`);
  return { ...all, room, socket };
}

const put = (ms) => { Date.now = () => clock() + ms; };

test('it asks for godwit.v1 below its url, as the user', async () => {
  const { nth } = start({ user: 'ann & co' });
  const { url, protocol } = await nth(1);
  assert.equal(`${url.protocol}//${url.host}${url.pathname}`, 'ws://x.test/base/ws');
  assert.deepEqual([...url.searchParams], [['user', 'ann & co']]);
  assert.equal(protocol, 'godwit.v1');
});

test('a token is said behind the welcome, not in the url', async () => {
  const { nth, ann } = start({ user: 'ann', token: async () => 'a.b=' });
  const socket = (await nth(1)).welcome();
  assert.equal(socket.url.search, '');
  await socket.hears(/^auth a\.b%3D id=auth$/);
  assert.equal(ann.g.state, 'connecting');
  socket.tell('ok id=auth user=ann');
  assert.equal(ann.g.state, 'online');
  assert.equal(ann.g.user, 'ann');
});

test('a token that is refused ends it', async () => {
  const { nth, ann } = start({ token: 'no' });
  const socket = (await nth(1)).welcome();
  await socket.hears(/^auth/);
  socket.tell('error 401 id=auth not-a-token');
  assert.deepEqual([ann.g.state, ann.g.code], ['closed', 4401]);
});

test('what is behind the cursor is not delivered', async () => {
  const { ann, socket } = await inside();
  socket.tell('msg a%20b e:5\nold', 'msg a%20b e:6\nnew', 'msg a%20b e:6\nagain', 'msg a%20b e:7 event=x%20y from=bob\ntwo\nlines', 'msg b e:9\nother');
  assert.deepEqual(ann.texts('a b'), ['new', 'two\nlines']);
  const [, { event, from, cursor }] = ann.values('a b message');
  assert.deepEqual({ event, from, cursor }, { event: 'x y', from: 'bob', cursor: 'e:7' });
});

test('a channel whose history was dropped goes on in its new epoch', async () => {
  const { ann, socket } = await inside();
  socket.tell('msg a%20b f:1\nfirst', 'msg a%20b f:1\nagain');
  assert.deepEqual(ann.texts('a b'), ['first']);
});

test('a gap that is told unasked is a gap', async () => {
  const { ann, socket } = await inside();
  socket.tell('subscribed a%20b cursor=e:9 recovered=no missed=4', 'msg a%20b e:10\nnext');
  assert.deepEqual(ann.values('a b gap'), [{ missed: 4, cursor: 'e:9' }]);
  assert.deepEqual(ann.texts('a b'), ['next']);
});

test('words, options and verbs that it does not know are passed over', async () => {
  const { ann, socket } = await inside();
  socket.tell('news of=version-2', 'msg a%20b e:6 mood=good\nx', 'pong', '');
  assert.deepEqual(ann.texts('a b'), ['x']);
  assert.deepEqual(ann.values('error'), []);
});

test('a lost connection is taken up: the session, the channel from its cursor, and what has no answer', async () => {
  const { ann, socket, nth, room } = await inside();
  socket.tell('msg a%20b e:6\nx');
  const first = room.publish('one');
  const second = room.publish({ two: 2 }, { event: 'n o' });
  const [, key, again] = await socket.hears(/^pub a%20b key=(\S+) id=(\S+)\none$/);
  assert.equal(key, again);
  socket.end();
  const next = (await nth(2)).welcome(' resumed=yes');
  assert.equal(next.url.searchParams.get('session'), 'S');
  const [, id] = await next.hears(/^sub a%20b after=e%3A6 id=(\S+)$/);
  await next.hears(new RegExp(`^pub a%20b key=${key} id=${key}\none$`));
  const [, other] = await next.hears(/^pub a%20b event=n%20o key=(\S+) id=\S+\n\{"two":2\}$/);
  next.tell(`subscribed a%20b cursor=e:6 recovered=yes id=${id}`, `ok id=${key} cursor=e:7 duplicate=yes`, `error 403 id=${other} takes-nothing`);
  assert.deepEqual(await first, { cursor: 'e:7' });
  await assert.rejects(second, { code: 403, reason: 'takes-nothing' });
  assert.equal(ann.values('a b recovered').length, 1);
  socket.tell('msg a%20b e:7\nlate'); // of the old one: nobody listens
  assert.deepEqual(ann.texts('a b'), ['x']);
});

test('a channel that is opened when the connection is told of is asked for once', async () => {
  const { ann, nth } = start();
  ann.g.on('state', ({ state }) => state === 'online' && ann.channel('late'));
  const socket = (await nth(1)).welcome();
  await socket.hears(/^sub late/);
  assert.deepEqual(socket.said, []);
});

test('what is published when the connection is told of comes after what waited for it', async () => {
  const { socket, nth, room, ann } = await inside();
  room.publish('1').catch(() => {});
  await socket.hears(/^pub/); // and is not answered
  ann.g.on('state', ({ state }) => state === 'online' && room.publish('3').catch(() => {}));
  socket.end();
  room.publish('2').catch(() => {});
  const next = (await nth(2)).welcome(' resumed=yes');
  await next.hears(/^sub/);
  assert.deepEqual(next.said.map((each) => each.split('\n')[1]), ['1', '2', '3']);
});

test('a publication that may be there already, and whose key is forgotten, is not said again', async () => {
  const { socket, nth, room } = await inside();
  const waiting = room.publish('one');
  await socket.hears(/^pub/);
  put(5 * 60_000);
  socket.end();
  const next = (await nth(2)).welcome();
  await assert.rejects(waiting, { reason: 'in-doubt' });
  assert.deepEqual(next.said.filter((each) => each.startsWith('pub')), []);
});

test('bye and close codes are obeyed', async () => {
  for (const [bye, code, isBack] of [['bye 4500 retry=30 slow-consumer', 4500, true], ['bye 4403 retry=1 ended', 4403, false],
    [undefined, 4404, false], [undefined, 4501, true], [undefined, 1013, true], [undefined, 1006, true]]) {
    const { socket, ann, nth } = await inside();
    if (bye) socket.tell(bye);
    socket.end(code);
    assert.equal(ann.g.state, isBack ? 'connecting' : 'closed', String(code));
    if (bye && isBack) assert.equal(ann.values('state').at(-1).retry, 30);
    if (!isBack) assert.equal(ann.g.code, code);
    else await nth(2);
  }
});

test('tries to come back follow each other ever slower, none like the other', async () => {
  const { nth, ann } = start({ backoff: 8, ceiling: 64 });
  for (let i = 1; i <= 6; i++) (await nth(i)).end();
  const waits = ann.values('state').map(({ retry }) => retry).filter(Boolean);
  waits.forEach((wait, i) => assert.ok(wait >= Math.min(64, 8 * 2 ** i) / 2 && wait <= Math.min(64, 8 * 2 ** i), String(waits)));
  assert.equal(new Set(waits).size, waits.length);
});

test('a connection that is silent is asked, and given up where it does not answer', async () => {
  const { socket, nth, ann } = await inside({ timeout: 150 });
  put(26_000); // as long as the welcome says; it looks asleep, too
  await socket.hears(/^ping$/);
  socket.tell('pong');
  put(60_000);
  await socket.hears(/^ping$/);
  const next = (await nth(2)).welcome(' resumed=yes');
  assert.equal(socket.closed, 4000); // not 1000: that would end the session
  await next.hears(/^sub a%20b after=e%3A5/);
  assert.equal(ann.g.state, 'online');
});

test('where the browser says that it is offline, an answer is waited for 2 s at most', async () => {
  const { socket, nth, ann } = await inside({ timeout: 6000 });
  const { setTimeout } = globalThis;
  const own = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  undo.push(() => {
    globalThis.setTimeout = setTimeout;
    Object.defineProperty(globalThis, 'navigator', own ?? { value: undefined, configurable: true });
  });
  const waits = [];
  globalThis.setTimeout = (call, ms) => {
    waits.push(ms);
    return setTimeout(call, ms / 100);
  };
  Object.defineProperty(globalThis, 'navigator', { value: { onLine: false }, configurable: true });
  put(26_000);
  await socket.hears(/^ping$/);
  await ann.until(() => ann.g.state === 'offline');
  assert.deepEqual([waits.includes(2000), waits.includes(6000)], [true, false]);
  (await nth(2)).welcome(' resumed=yes');
  assert.equal(ann.g.state, 'online'); // a server on this machine answers all the same
});

test('without a welcome in time it tries another one', async () => {
  const { nth } = start({ timeout: 50 });
  const first = await nth(1);
  await nth(2);
  assert.equal(first.closed, 4000);
});

test('the inbox is heard from its cursor, and from where it was', async () => {
  const { nth, ann } = start({ user: 'ann', inbox: 'i:3' });
  const socket = await nth(1);
  assert.equal(socket.url.searchParams.get('inbox'), 'i:3');
  socket.welcome(' user=ann');
  assert.equal(ann.g.user, 'ann');
  socket.tell('direct i:4 from=bob\nhello');
  assert.deepEqual(ann.values('direct').map(({ text, from }) => [text, from]), [['hello', 'bob']]);
  socket.end();
  const next = await nth(2);
  assert.equal(next.url.searchParams.get('inbox'), 'i:4');
  next.welcome(' user=ann').tell('subscribed inbox:ann cursor=i:9 recovered=no missed=5', 'direct i:10\nnext');
  assert.deepEqual(ann.values('direct').map(({ text }) => text), ['hello', 'next']);
});

test('an inbox that is listened to late costs no connection', async () => {
  const server = sockets();
  const { default: godwit } = await import('../../web/client/godwit.js');
  const fetched = [];
  const page = { cursor: 'i:1', recovered: true, publications: [{ cursor: 'i:1', from: 'bob', text: 'kept' }] };
  const g = godwit('http://x.test', { user: 'ann', WebSocket: server.WebSocket, fetch: async (url) => { fetched.push(url); return Response.json(page); } });
  undo.push(() => g.close());
  const socket = (await server.nth(1)).welcome(' user=ann').tell('direct i:1 from=bob\nkept');
  const heard = [];
  const both = new Promise((resolve) => { g.on('direct', ({ text }) => heard.push(text) === 2 && resolve()); });
  socket.tell('direct i:2 from=bob\nnew');
  await both;
  assert.deepEqual(heard, ['kept', 'new']);
  assert.deepEqual(fetched, ['http://x.test/channels/inbox%3Aann?user=ann']);
  assert.deepEqual([socket.closed, server.all.length], [undefined, 1]);
});

test('a channel that is too much to hold is told, one that the server has no time for is asked for again', async () => {
  const { ann, socket } = await inside();
  ann.channel('full');
  const [, full] = await socket.hears(/^sub full id=(\S+)$/);
  socket.tell(`error 429 id=${full} too-many-channels`);
  assert.equal(ann.values('full error')[0].code, 429);
  ann.channel('busy');
  const [, busy] = await socket.hears(/^sub busy id=(\S+)$/);
  socket.tell(`error 503 id=${busy} too-busy`);
  assert.deepEqual(ann.values('busy error'), []);
  await socket.hears(/^sub busy id=\S+$/);
});

test('closed for good it ends its session, and what waits is told', async () => {
  const { ann, socket, room } = await inside();
  const waiting = room.publish('x');
  await socket.hears(/^pub/);
  ann.close();
  assert.equal(socket.closed, 1000);
  await assert.rejects(waiting, { reason: 'closed' });
  await assert.rejects(room.publish('y'), { reason: 'closed' });
});

test("a listener's fault is not the connection's", async (t) => {
  const { ann, socket, room } = await inside();
  const later = [];
  const end = room.on('message', () => { throw new Error('mine'); });
  const { mock } = t.mock.method(globalThis, 'setTimeout', (call) => later.push(call));
  socket.tell('msg a%20b e:6\nx');
  mock.restore();
  assert.throws(later[0], { message: 'mine' });
  end();
  socket.tell('msg a%20b e:7\ny');
  assert.deepEqual(ann.texts('a b'), ['x', 'y']);
});

test('whose session is resumed by another connection comes back with one of its own, and leaves the other alone', async () => {
  const { ann, socket, nth, all } = await inside({ user: 'ann' });
  socket.end(4409); // an earlier try of its own, that the server found late; or a copy
  const next = await nth(2);
  assert.equal(next.url.searchParams.get('session'), null);
  next.tell('welcome session=T version=1 ping=25 user=ann');
  await next.hears(/^sub a%20b after=e%3A5/);
  assert.deepEqual([ann.g.state, ann.g.session], ['online', 'T']);
  next.end();
  assert.equal((await nth(3)).url.searchParams.get('session'), 'T');
  assert.equal(all.length, 3);
});

test('what is large has time to go out on a slow way, also when it is looked after', async (t) => {
  const { all, socket, room, ann } = await inside({ timeout: 100, tick: 20 });
  const waits = [];
  const { setTimeout } = globalThis;
  t.mock.method(globalThis, 'setTimeout', (call, ms) => {
    waits.push(ms);
    return setTimeout(call, ms);
  });
  const small = room.publish('small');
  const large = room.publish('x'.repeat(1 << 20));
  const [, first] = await socket.hears(/^pub a%20b key=(\S+) id=\S+\nsmall$/);
  const [, key] = await socket.hears(/^pub a%20b key=(\S+) id=\S+\nx/);
  assert.ok(waits.some((ms) => ms >= 100 && ms < 101));
  socket.tell(`ok id=${first} cursor=e:6`);
  await small;
  put(26_000); // nothing is heard while it goes out: the question is behind it
  await socket.hears(/^ping$/);
  assert.ok(waits.includes(100 + (1 << 17)), String(waits)); // at 64 kbit/s
  await new Promise((resolve) => { setTimeout(resolve, 150); });
  assert.deepEqual([ann.g.state, all.length], ['online', 1]);
  socket.tell('pong', `ok id=${key} cursor=e:7`);
  assert.deepEqual(await large, { cursor: 'e:7' });
  put(60_000);
  await socket.hears(/^ping$/);
  await ann.until(() => ann.g.state !== 'online'); // and with nothing on its way, as soon as ever
});

test('a WebSocket that may not even be made is a transport that does not get through', async () => {
  class WebSocket {
    constructor() { throw new DOMException('The operation is insecure.', 'SecurityError'); }
  }
  const fetch = async (url) => (url.includes('/healthz') ? new Response('ok\n') : Response.json({}, { status: 404 }));
  const ann = new Listener('http://x.test', { WebSocket, fetch, transports: ['websocket', 'longpoll'], timeout: 60_000, climb: 1 });
  undo.push(() => ann.close());
  await ann.online('longpoll');
  await new Promise((resolve) => { setTimeout(resolve, 20); }); // it is tried again meanwhile
  assert.equal(ann.g.transport, 'longpoll');
});
