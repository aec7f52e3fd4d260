// SPDX-License-Identifier: MIT
// The client against a real server: every transport, cut, blocked and restarted; nothing lost, nothing twice.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { between } from '../support/between.js';
import { Listener } from '../support/listener.js';
import { startServer } from '../support/server.js';

const TRANSPORTS = ['websocket', 'sse', 'longpoll'];
let server, rooms = 0, undo = [];
before(async () => { server = await startServer('serve', ['--workers', '2']); });
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });
afterEach(async () => { for (const step of undo.splice(0).reverse()) await step(); });

const fresh = (prefix = 'room') => `${prefix} ${++rooms}/ü%`;

function listen(url, options) {
  const listener = new Listener(url, options);
  undo.push(() => listener.close());
  return listener;
}

async function wireTo(target = server) {
  const wire = await between(target);
  undo.push(wire.close);
  return wire;
}

async function post(channel, body, at = server) {
  const answer = await fetch(`${at.url}/channels/${encodeURIComponent(channel)}`, { method: 'POST', body });
  assert.equal(answer.status, 201);
}

async function kept(channel, at = server) {
  const page = await (await fetch(`${at.url}/channels/${encodeURIComponent(channel)}`)).json();
  return page.publications.map(({ text }) => text);
}

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

for (const transport of TRANSPORTS) {
  test(`${transport}: text, JSON and bytes arrive as they were sent, with event and sender`, async () => {
    const channel = fresh();
    const ann = listen(server.url, { user: 'ann b', transports: [transport] });
    const room = ann.channel(channel);
    await ann.standing(channel);
    assert.match((await room.publish('line\r\nend\rof it', { event: 'a b' })).cursor, /^\w+:1$/);
    await room.publish({ price: 41.5, ü: [null] });
    await room.publish(new Uint8Array([0, 10, 255]));
    await room.publish(new Uint8Array([9, 1, 2, 9]).subarray(1, 3));
    await room.publish('');
    await ann.messages(channel, 5);
    const [text, json, bytes, part, empty] = ann.values(`${channel} message`);
    assert.deepEqual([text.data, text.event, text.from, text.channel], ['line\r\nend\rof it', 'a b', 'ann b', channel]);
    assert.deepEqual([json.json(), json.event], [{ price: 41.5, ü: [null] }, undefined]);
    assert.deepEqual([...bytes.data], [0, 10, 255]);
    assert.deepEqual([...part.data], [1, 2]);
    assert.equal(empty.data, '');
  });

  test(`${transport}: cut while others publish, it comes back for exactly what it missed`, async () => {
    const channel = fresh();
    const wire = await wireTo();
    const ann = listen(wire.url, { transports: [transport] });
    ann.channel(channel);
    await ann.standing(channel);
    for (let i = 1; i <= 40; i++) {
      if (i % 10 === 5) wire.cut();
      await post(channel, String(i));
    }
    assert.deepEqual(await ann.messages(channel, 40), numbers(1, 40));
    await ann.until(() => ann.values(`${channel} recovered`).length, 'recovered');
    assert.deepEqual(ann.values(`${channel} gap`), []);
  });

  test(`${transport}: what is published while it is cut goes out once, in order`, async () => {
    const channel = fresh();
    const wire = await wireTo();
    const ann = listen(wire.url, { transports: [transport] });
    const room = ann.channel(channel);
    await ann.standing(channel);
    const answers = [];
    for (let i = 1; i <= 40; i++) {
      if (i % 10 === 5) wire.cut();
      answers.push(room.publish(String(i)));
      if (i % 7 === 0) await answers.at(-1);
    }
    const offsets = (await Promise.all(answers)).map(({ cursor }) => Number(cursor.split(':')[1]));
    assert.deepEqual(offsets, numbers(1, 40).map(Number));
    assert.deepEqual(await kept(channel), numbers(1, 40));
    assert.deepEqual(await ann.messages(channel, 40), numbers(1, 40));
  });

  test(`${transport}: the server killed and started again: it comes back, and tells of the gap`, async () => {
    const channel = fresh();
    const own = { current: await startServer('serve') };
    const target = { get host() { return own.current.host; }, get port() { return own.current.port; } };
    const wire = await wireTo(target);
    const ann = listen(wire.url, { transports: [transport] });
    const room = ann.channel(channel);
    await ann.standing(channel);
    await post(channel, 'before', own.current);
    await ann.messages(channel, 1);
    await own.current.kill();
    await ann.until(() => ann.g.state !== 'online', 'the loss');
    const waiting = room.publish('meanwhile');
    own.current = await startServer('serve');
    undo.unshift(() => own.current.kill());
    await waiting;
    await ann.until(() => ann.values(`${channel} gap`).length, 'the gap');
    await post(channel, 'after', own.current);
    assert.deepEqual(await ann.messages(channel, 3), ['before', 'meanwhile', 'after']);
    assert.equal(ann.values(`${channel} gap`)[0].missed, undefined);
  });

  test(`${transport}: who is there, who comes and goes, and what is sent to one`, async () => {
    const channel = fresh();
    const ann = listen(server.url, { user: `ann${rooms}`, transports: [transport] });
    const room = ann.channel(channel);
    await ann.standing(channel);
    await ann.until(() => room.presence().then(({ users }) => users.length === 1));
    await new Promise((resolve) => { setTimeout(resolve, 250); }); // looked at once, where it is not told
    const bob = listen(server.url, { user: `bob${rooms}`, transports: [transport] });
    bob.channel(channel);
    await ann.until(() => ann.values(`${channel} join`).includes(`bob${rooms}`), 'the join');
    assert.deepEqual((await room.presence()).users.map(({ user }) => user), [`ann${rooms}`, `bob${rooms}`]);
    await ann.g.send(`bob${rooms}`, { hello: 'bob' }, { event: 'greeting' });
    const direct = await bob.until(() => bob.values('direct')[0], 'the direct message');
    assert.deepEqual([direct.from, direct.event, direct.json()], [`ann${rooms}`, 'greeting', { hello: 'bob' }]);
  });

  test(`${transport}: a channel with its history begins with it, and goes on`, async () => {
    const channel = fresh();
    for (const text of ['1', '2', '3']) await post(channel, text);
    const ann = listen(server.url, { transports: [transport] });
    const room = ann.channel(channel, { history: true });
    await Promise.all(['4', '5'].map((text) => post(channel, text)));
    assert.deepEqual((await ann.messages(channel, 5)).sort(), numbers(1, 5));
    const { messages, recovered } = await room.history({ limit: 2 });
    assert.deepEqual([messages.map(({ text }) => text), recovered], [['1', '2'], true]);
    room.close();
    await post(channel, '6');
    room.open(); // goes on from where it was closed
    assert.deepEqual((await ann.messages(channel, 6)).at(-1), '6');
  });
}

test('an answer that was lost does not publish twice, by WebSocket or POST', async () => {
  for (const transport of ['websocket', 'sse']) {
    const channel = fresh();
    const wire = await wireTo();
    const ann = listen(wire.url, { transports: [transport] });
    const room = ann.channel(channel);
    await ann.standing(channel);
    if (transport === 'sse') wire.rules.post = 'once';
    const waiting = room.publish('once');
    if (transport === 'websocket') await new Promise((resolve) => { setImmediate(() => resolve(wire.cut())); });
    await waiting;
    await room.publish('next');
    assert.deepEqual(await kept(channel), ['once', 'next']);
    assert.deepEqual(await ann.messages(channel, 2), ['once', 'next']);
  }
});

test('where WebSockets are refused it takes SSE, and climbs when they are let through', async () => {
  const channel = fresh();
  const wire = await wireTo();
  wire.rules.websocket = 'refuse';
  const ann = listen(wire.url);
  ann.channel(channel);
  await ann.online('sse');
  await ann.standing(channel);
  await post(channel, '1');
  await ann.messages(channel, 1);
  wire.rules = {};
  await ann.online('websocket');
  await post(channel, '2');
  assert.deepEqual(await ann.messages(channel, 2), ['1', '2']);
  assert.deepEqual(ann.values(`${channel} gap`), []);
});

test('where a WebSocket is never welcomed and a stream never begins it polls', async () => {
  const channel = fresh();
  const wire = await wireTo();
  wire.rules = { websocket: 'hang', sse: 'hang' };
  const ann = listen(wire.url, { timeout: 300 });
  const room = ann.channel(channel);
  await ann.online('longpoll');
  await ann.standing(channel);
  await room.publish('1');
  assert.deepEqual(await ann.messages(channel, 1), ['1']);
});

test('where WebSockets die early it steps down, and loses nothing', async () => {
  const channel = fresh();
  const wire = await wireTo();
  wire.rules.websocket = 'end';
  const ann = listen(wire.url, { early: 60_000, climb: 600_000 }); // it may die late, where the machine stands still
  ann.channel(channel);
  await ann.standing(channel);
  for (let i = 1; i <= 20; i++) {
    await post(channel, String(i));
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  await ann.online('sse');
  assert.deepEqual(await ann.messages(channel, 20), numbers(1, 20));
  assert.equal(wire.count('websocket'), 3);
});

test('a session goes on over a cut: nobody leaves, and the id is the same', async () => {
  const channel = fresh();
  const wire = await wireTo();
  const ann = listen(wire.url, { user: 'ann', transports: ['websocket'] });
  const bob = listen(server.url, { user: 'bob' });
  bob.channel(channel);
  await bob.standing(channel);
  ann.channel(channel);
  await ann.standing(channel);
  const { session } = ann.g;
  wire.cut();
  await ann.until(() => ann.values(`${channel} recovered`).length, 'recovered');
  assert.equal(ann.g.session, session);
  assert.deepEqual(bob.values(`${channel} leave`), []);
});

test('a session that the API ends does not come back', async () => {
  const ann = listen(server.url, { user: 'ended' });
  await ann.online();
  assert.equal((await fetch(`${server.url}/users/ended`, { method: 'DELETE' })).status, 204);
  await ann.until(() => ann.g.state === 'closed', 'closed');
  assert.equal(ann.g.code, 4403);
  await assert.rejects(ann.g.channel('x').publish('y'), { code: 4403 });
});

test('a token says who it is, over each transport', async () => {
  for (const transport of TRANSPORTS) {
    const channel = fresh();
    const ann = listen(server.url, { token: () => 'ann', transports: [transport] });
    const room = ann.channel(channel);
    await ann.standing(channel);
    await room.publish('x');
    const message = await ann.until(() => ann.values(`${channel} message`)[0]);
    assert.equal(message.from, 'ann');
  }
});

test('a gap tells how many were missed', async () => {
  const own = await startServer('serve', ['--channel', 'short=history:2']);
  undo.push(own.kill);
  for (const transport of TRANSPORTS) {
    const wire = await wireTo(own);
    const ann = listen(wire.url, { transports: [transport] });
    ann.channel('short');
    await ann.standing('short');
    wire.isDown = true;
    wire.cut();
    for (const text of ['1', '2', '3', '4', '5']) await post('short', text, own);
    wire.isDown = false;
    assert.deepEqual(await ann.messages('short', 2), ['4', '5']);
    assert.deepEqual(ann.values('short gap').map(({ missed }) => missed), [3]);
  }
});

test('what is refused is told, and concerns nothing else', async () => {
  const own = await startServer('serve', ['--channel', 'api:*=publish:api']);
  undo.push(own.kill);
  const ann = listen(own.url, { user: 'ann' });
  ann.channel('inbox:bob');
  assert.equal((await ann.until(() => ann.values('inbox:bob error')[0])).code, 403);
  await assert.rejects(ann.g.channel('/bad/').publish('x'), { code: 400 });
  await ann.g.channel('good').publish('x');
});

/** Whom a proxy tells to come from somewhere else. */
const outsider = { fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, 'X-Forwarded-For': '203.0.113.9' } }) };

for (const transport of TRANSPORTS)
  test(`${transport}: a client from elsewhere sends to a user, by name or by token`, async () => {
    const to = `to-${transport}`;
    const bob = listen(server.url, { user: to });
    await bob.online();
    const senders = [[{ user: 'ann' }, 'ann'], [{ token: () => 'cy' }, 'cy']];
    for (const [who, from] of senders) {
      const sender = listen(server.url, { ...outsider, ...who, transports: [transport] });
      const { cursor } = await sender.g.send(to, { hello: from }, { event: 'call' });
      const message = await bob.until(() => bob.values('direct').find((each) => each.cursor === cursor));
      assert.deepEqual([message.from, message.event, message.json()], [from, 'call', { hello: from }]);
    }
    const nobody = listen(server.url, { ...outsider, transports: ['longpoll'] });
    await assert.rejects(nobody.g.send(to, 'x'), { code: 403 });
  });

for (const transport of TRANSPORTS)
  test(`${transport}: whoever gives the token fails, or takes too long; it asks again`, async () => {
    const channel = fresh(), user = `late-${transport}`;
    let asked = 0;
    const token = async () => {
      asked += 1;
      if (asked <= 2) throw new Error('no token to be had');
      if (asked === 3) await new Promise(() => {});
      return user;
    };
    const ann = listen(server.url, { token, transports: [transport], timeout: 300 });
    ann.channel(channel);
    await ann.standing(channel);
    assert.ok(asked > 2);
    await ann.g.channel(channel).publish('x');
    assert.deepEqual(await ann.messages(channel, 1), ['x']);
    assert.equal(ann.values(`${channel} message`)[0].from, user);
  });

test('many channels over HTTP take turns', async () => {
  const names = Array.from({ length: 6 }, () => fresh());
  const ann = listen(server.url, { transports: ['sse', 'longpoll'] });
  for (const name of names) ann.channel(name);
  await ann.online('longpoll');
  for (const name of names) await ann.standing(name);
  for (const name of names) await post(name, 'x');
  for (const name of names) assert.deepEqual(await ann.messages(name, 1), ['x']);
});

test('more than the queue holds is refused at once; the volatile is not kept', async () => {
  const wire = await wireTo();
  wire.isDown = true;
  const ann = listen(wire.url, { queue: 2 });
  const channel = fresh();
  const room = ann.g.channel(channel);
  const kept1 = [room.publish('1'), room.publish('2')];
  await assert.rejects(room.publish('3'), { reason: 'full' });
  await room.publish('never', { volatile: true });
  wire.isDown = false;
  await Promise.all(kept1);
  await room.publish('now', { volatile: true });
  await room.publish('4');
  assert.deepEqual(await kept(channel), ['1', '2', 'now', '4']);
});
