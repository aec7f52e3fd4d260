// SPDX-License-Identifier: MIT
// The subprotocol godwit.v1, verb by verb, and what becomes of a session whose connection is cut.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { Talker } from '../support/godwit.js';
import { startServer } from '../support/server.js';
import { parked } from '../support/talk.js';
import { Peer, frame, upgrade } from '../support/wire.js';

const LIMIT = 65536;
const FOREIGN = 'abcdefghijkl:0';
const CURSOR = /^[0-9A-Za-z]{12}:\d+$/;
let server;
let rooms = 0;
before(async () => {
  server = await startServer('serve', ['--workers', '4', '--channel', 'quiet:*=presence:off', '--channel', 'api:*=publish:api',
    '--channel', 'users:*=publish:users', '--channel', 'drop:*=slow:drop,history:1000', '--channel', 'last:*=slow:conflate',
    '--channel', 'long:*=history:20000']);
});
after(async () => { assert.deepEqual(await server.stop(), { code: 0, signal: null }); });

/** A channel, or user, of its own for each test. */
const fresh = (prefix = 'room') => `${prefix}${++rooms}`;
const url = (channel, query = '') => `/channels/${encodeURIComponent(channel)}${query}`;
const open = (query = '', options = {}) => Talker.open(server, `/ws${query}`, options);
const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

async function publish(channel, body) {
  const answer = await fetch(server.url + url(channel), { method: 'POST', body });
  assert.equal(answer.status, 201);
  return (await answer.json()).cursor;
}

/** Open, and in a channel. */
async function inside(channel, query, options) {
  const talker = await open(query, options);
  const answer = await talker.ask(`sub ${channel} id=in`, 'in');
  assert.equal(answer.words[0], 'subscribed');
  talker.cursor = answer.options.cursor;
  return talker;
}

const closeAll = (...talkers) => Promise.all(talkers.map((talker) => talker.close()));

// ---- opening

test('the first line is a welcome, with the subprotocol and without', async () => {
  const named = await open();
  assert.match(named.welcome.line, /^welcome session=[0-9A-Za-z_-]{24} version=1 ping=25$/);
  assert.equal(named.socket.protocol, 'godwit.v1');
  assert.equal(named.headers['godwit-session'], named.session);
  const plain = await open('?user=ann%20b', { protocol: null });
  assert.equal(plain.socket.protocol, '');
  assert.equal(plain.welcome.options.user, 'ann b');
  assert.match(plain.welcome.line, / user=ann%20b /);
  await closeAll(named, plain);
});

test('on a channel the subprotocol begins with the channel held', async () => {
  const channel = fresh();
  const cursors = [];
  for (const n of numbers(1, 3)) cursors.push(await publish(channel, n));
  const live = await Talker.open(server, url(channel));
  assert.equal(await live.line(), `subscribed ${channel} cursor=${cursors[2]} recovered=yes`);
  const late = await Talker.open(server, url(channel, `?after=${cursors[0]}`));
  assert.equal(await late.line(), `subscribed ${channel} cursor=${cursors[0]} recovered=yes`);
  assert.equal(await late.line(), `msg ${channel} ${cursors[1]}`);
  assert.equal(await late.line(), `msg ${channel} ${cursors[2]}`);
  const last = await publish(channel, 'x');
  for (const talker of [live, late]) assert.equal(await talker.line(), `msg ${channel} ${last}`);
  await closeAll(live, late);
});

test('a malformed opening is refused', async () => {
  for (const path of ['/ws?inbox=x', '/ws?user=', '/ws?user=a%0Ab', '/channels/a?after=nonsense', '/channels/%0A', '/channels/a/presence']) {
    const [error] = await once(new WebSocket(server.ws + path, ['godwit.v1']), 'error');
    assert.match(error.message, /400/, path);
  }
  const [error] = await once(new WebSocket(`${server.ws}/channels/inbox:ann?user=bob`, ['godwit.v1']), 'error');
  assert.match(error.message, /403/);
});

// ---- verbs

test('what is published is answered with its cursor, and heard by all', async () => {
  const channel = fresh();
  const ann = await inside(channel, '?user=ann');
  const bob = await inside(channel);
  const ok = await ann.ask(`pub ${channel} event=news%20flash id=7\nhello\nworld`, '7');
  assert.equal(ok.words[0], 'ok');
  assert.match(ok.options.cursor, CURSOR);
  for (const talker of [bob, ann]) {
    const msg = await talker.until('msg');
    assert.equal(msg.line, `msg ${channel} ${ok.options.cursor} event=news%20flash from=ann`);
    assert.equal(msg.body, 'hello\nworld');
  }
  bob.say(`pub ${channel}`);
  assert.match((await bob.until('ok')).line, /^ok cursor=\S+:2$/);
  const empty = await ann.until('msg');
  assert.deepEqual([empty.line, empty.body], [`msg ${channel} ${ok.options.cursor.replace(/:1$/, ':2')}`, '']);
  await closeAll(ann, bob);
});

test('a publication with a key is published once, however often and wherever it is said', async () => {
  const channel = fresh();
  const ann = await inside(channel, '?user=ann');
  const first = await ann.ask(`pub ${channel} key=k-1 id=1\nonce`, '1');
  assert.equal(first.line, `ok id=1 cursor=${first.options.cursor}`);
  const bob = await open('?user=bob');
  const again = await bob.ask(`pub ${channel} key=k-1 id=2\nonce`, '2');
  assert.equal(again.line, `ok id=2 cursor=${first.options.cursor} duplicate=yes`);
  const posted = await fetch(server.url + url(channel), { method: 'POST', body: 'once', headers: { 'Idempotency-Key': 'k-1' } });
  assert.equal((await posted.json()).cursor, first.options.cursor);
  const sent = await ann.ask('to bob key=k-1 id=3\nhello', '3'); // another channel: another key
  assert.equal(sent.options.duplicate, undefined);
  assert.equal((await ann.ask('to bob key=k-1 id=4\nhello', '4')).line, `ok id=4 cursor=${sent.options.cursor} duplicate=yes`);
  await ann.ask(`pub ${channel} id=5\nlast`, '5');
  assert.equal((await ann.until('msg')).body, 'last'); // behind the answers: the first one has been passed over
  assert.equal((await bob.until('direct')).body, 'hello');
  bob.say('ping');
  assert.deepEqual((await bob.next()).words, ['pong']);
  await closeAll(ann, bob);
});

test('a binary message is a binary publication', async () => {
  const channel = fresh();
  const talker = await inside(channel);
  const bytes = Buffer.from([0, 255, 10, 128]);
  await talker.ask(Buffer.concat([Buffer.from(`pub ${channel} id=1\n`), bytes]), '1');
  assert.deepEqual((await talker.until('msg')).body, bytes);
  const page = await (await fetch(server.url + url(channel))).json();
  assert.equal(page.publications[0].base64, bytes.toString('base64'));
  await talker.close();
});

test('names that hold blanks and percent signs are encoded, others stay', async () => {
  const channel = `50% grüße an alle ${fresh()}`;
  const encoded = channel.replace(/%/g, '%25').replace(/ /g, '%20');
  const talker = await open();
  talker.say(`sub ${encoded}`);
  assert.match(await talker.line(), new RegExp(`^subscribed ${encoded} cursor=`));
  talker.say(`pub ${encodeURIComponent(channel)} event=%C3%BC%3D%20\nx`);
  assert.match((await talker.until('msg')).line, new RegExp(`^msg ${encoded} \\S+ event=ü=%20$`));
  await talker.close();
});

test('every request is answered with its id', async () => {
  const channel = fresh();
  const talker = await open();
  const dialogue = [
    ['ping', /^pong$/],
    ['ping id=1', /^pong id=1$/],
    ['ping id=1 surprise=yes', /^pong id=1$/],
    [`sub ${channel} id=2`, /^subscribed \S+ cursor=\S+:0 recovered=yes id=2$/],
    [`sub ${channel} id=3`, /^error 409 id=3 already-held$/],
    [`unsub ${channel} id=4`, /^ok id=4$/],
    [`unsub ${channel} id=5`, /^error 404 id=5 not-held$/],
    [`unsub ${channel}`, /^error 404 not-held$/],
    [`sub ${channel} after=x id=6`, /^error 400 id=6 /],
    ['sub a/ id=7', /^error 400 id=7 /],
    ['sub a%00 id=7', /^error 400 id=7 /],
    ['sub id=7', /^subscribed id=7 /], // a channel may be called so
    ['unsub id=7', /^ok$/],
    ['sub', /^error 400 /],
    ['shout id=8', /^error 400 id=8 /],
    ['sub  a id=9', /^error 400 id=9 /],
    [`history ${channel} limit=0 id=10`, /^error 400 id=10 /],
    [`pub ${channel} event=%0A id=11\nx`, /^error 400 id=11 /],
    [`pub /a id=12\nx`, /^error 400 id=12 /],
    [`pub ${channel} id=13\n${'x'.repeat(LIMIT + 1)}`, /^error 413 id=13 /],
    [`to a%0Ab id=14\nx`, /^error 400 id=14 /],
    [`pub api:x id=15 `, /^error 400 id=15 /],
    [`pub users:x id=16\nx`, /^error 403 id=16 /],
    ['who quiet:x id=17', /^error 404 id=17 /],
    [`who ${channel} id=18`, /^users \S+ id=18 sessions=0 users=0$/],
    ['auth a%0Ab id=19', /^error 401 id=19 /],
    ['auth ann inbox=x id=20', /^error 400 id=20 /],
    ['auth ann id=21', /^ok id=21 user=ann$/],
    ['pub users:x id=22\nx', /^ok id=22 cursor=\S+$/],
    ['pub api:x id=23\nx', /^error 403 id=23 /],
    ['pub inbox:bob id=24\nx', /^error 403 id=24 /],
    ['sub inbox:bob id=25', /^error 403 id=25 /],
    ['history inbox:bob id=26', /^error 403 id=26 /],
    ['who inbox:bob id=27', /^error 403 id=27 /],
  ];
  for (const [said, expected] of dialogue) assert.match(await talker.say(said).line(), expected, said.slice(0, 60));
  await talker.close();
});

test('a message of the largest size goes through, and one that no body can be is 1009', async () => {
  const channel = fresh();
  const talker = await inside(channel);
  await talker.ask(`pub ${channel} id=1\n${'x'.repeat(LIMIT)}`, '1');
  assert.equal((await talker.until('msg')).body.length, LIMIT);
  talker.say('x'.repeat(2 * LIMIT));
  assert.equal((await talker.closed).code, 1009);
});

test('malformed messages are errors, and nothing but malformed messages is 1008', async () => {
  const talker = await open();
  for (let n = 0; n < 1000; n++) talker.say('noise');
  for (let n = 0; n < 1000; n++) assert.match(await talker.line(), /^error 400 /);
  assert.equal((await talker.closed).code, 1008);
});

test('a connection holds 128 channels', async () => {
  const name = fresh();
  const talker = await open();
  for (const n of numbers(1, 129)) talker.say(`sub ${name}/${n} id=${n}`);
  const answers = new Map();
  while (answers.size < 129) {
    const answer = await talker.next();
    answers.set(answer.options.id, answer.line);
  }
  assert.deepEqual([...answers.values()].filter((line) => line.startsWith('error')), ['error 429 id=129 too-many-channels']);
  await talker.ask(`unsub ${name}/1 id=x`, 'x');
  assert.equal((await talker.ask(`sub ${name}/129 id=y`, 'y')).words[0], 'subscribed');
  for (const n of [2, 64, 129]) {
    await publish(`${name}/${n}`, String(n));
    assert.equal((await talker.until('msg')).body, String(n));
  }
  await talker.close();
});

test('more requests than may be under way are answered all the same', async () => {
  const channel = fresh();
  const hearer = await inside(channel);
  const talker = await open();
  for (let n = 1; n <= 5000; n++) talker.say(`pub ${channel} id=${n}\n${n}`);
  for (let n = 1; n <= 5000; n++) assert.match(await talker.line(), new RegExp(`^ok id=${n} cursor=\\S+:${n}$`));
  for (let n = 1; n <= 5000; n++) assert.equal((await hearer.until('msg')).body, String(n));
  await closeAll(talker, hearer);
});

// ---- recovery and history

test('sub after= brings what was missed, each once, and says what is lost', async () => {
  const channel = fresh();
  const talker = await inside(channel);
  const begin = talker.cursor;
  const cursors = [];
  for (const n of numbers(1, 130)) cursors.push(await publish(channel, n));
  const late = await open();
  late.say(`sub ${channel} after=${cursors[99]} id=1`);
  assert.equal(await late.line(), `subscribed ${channel} cursor=${cursors[99]} recovered=yes id=1`);
  for (const n of numbers(101, 130)) assert.equal((await late.next()).body, n);
  const later = await open();
  later.say(`sub ${channel} after=${begin} id=1`);
  assert.equal(await later.line(), `subscribed ${channel} cursor=${cursors[29]} recovered=no missed=30 id=1`);
  for (const n of numbers(31, 130)) assert.equal((await later.next()).body, n);
  const stranger = await open();
  stranger.say(`sub ${channel} after=${FOREIGN}`);
  assert.equal(await stranger.line(), `subscribed ${channel} cursor=${cursors[29]} recovered=no`);
  await closeAll(talker, late, later, stranger);
});

test('history is msg lines and then ok', async () => {
  const channel = fresh();
  const cursors = [];
  for (const n of numbers(1, 120)) cursors.push(await publish(channel, n));
  const talker = await open();
  talker.say(`history ${channel} id=1`);
  for (const n of numbers(21, 120)) assert.equal((await talker.next()).body, n);
  assert.equal(await talker.line(), `ok id=1 cursor=${cursors[119]} recovered=yes`);
  talker.say(`history ${channel} after=${cursors[49]} limit=2 id=2`);
  for (const n of [51, 52]) assert.equal(await talker.line(), `msg ${channel} ${cursors[n - 1]}`);
  assert.equal(await talker.line(), `ok id=2 cursor=${cursors[51]} recovered=yes`);
  talker.say(`history ${channel} after=${cursors[0]} limit=1`);
  assert.equal((await talker.next()).body, '21');
  assert.equal(await talker.line(), `ok cursor=${cursors[20]} recovered=no missed=19`);
  talker.say(`history ${channel} after=${cursors[119]}`);
  assert.equal(await talker.line(), `ok cursor=${cursors[119]} recovered=yes`);
  talker.say(`history ${fresh()} id=3`);
  assert.match(await talker.line(), /^ok id=3 cursor=\S+:0 recovered=yes$/);
  await talker.close();
});

test('a history of more than may wait comes as its reader reads', async () => {
  const channel = fresh();
  for (let n = 0; n < 100; n++) await publish(channel, String(n).padEnd(LIMIT, '.'));
  const talker = await open('', { perMessageDeflate: false });
  talker.socket.pause();
  for (let i = 0; i < 3; i++) talker.say(`history ${channel} id=${i}`);
  talker.socket.resume();
  const heard = { got: 0, ended: 0 };
  while (heard.ended < 3) {
    const message = await talker.next();
    if (message.words[0] === 'msg') heard.got++;
    else assert.match(message.line, /^ok id=\d cursor=\S+:100 recovered=yes$/, heard.ended++);
  }
  assert.equal(heard.got, 300);
  await talker.close();
});

// ---- presence

test('who lists users with their sessions, and the others as a number', async () => {
  const channel = fresh();
  const [ann, tab, bob, nobody] = await Promise.all(['?user=ann%20b', '?user=ann%20b', '?user=bob', ''].map((query) => inside(channel, query)));
  const users = await nobody.ask(`who ${channel} id=1`, '1');
  assert.equal(users.line, `users ${channel} id=1 sessions=4 users=2`);
  assert.deepEqual(users.body.split('\n').sort(), ['ann%20b 2', 'bob 1']);
  await closeAll(ann, tab, bob, nobody);
});

test('a user with two tabs joins once, and nobody hears their own coming', async () => {
  const channel = fresh();
  const witness = await inside(channel, '?user=ann');
  const first = await inside(channel, '?user=bob%20c');
  const second = await inside(channel, '?user=bob%20c');
  const carol = await inside(channel, '?user=carol');
  assert.equal(await witness.line(), `join ${channel} bob%20c`);
  assert.equal(await witness.line(), `join ${channel} carol`);
  assert.equal(await second.line(), `join ${channel} carol`);
  assert.equal(await first.line(), `join ${channel} carol`);
  await closeAll(first, second, carol);
  const lines = [await witness.line(), await witness.line()].sort();
  assert.deepEqual(lines, [`leave ${channel} bob%20c`, `leave ${channel} carol`]);
  await witness.close();
});

// ---- users

test('what is sent to a user waits in the inbox, and reaches every tab', async () => {
  const user = fresh('user ');
  const encoded = user.replace(' ', '%20');
  const sender = await open('?user=ann');
  const ok = await sender.ask(`to ${encoded} event=note id=1\nfirst`, '1');
  await sender.ask(`to ${encoded} id=2\nsecond`, '2');
  const tab = await open(`?user=${encoded}`);
  assert.equal(await tab.line(), `direct ${ok.options.cursor} event=note from=ann`);
  const second = await tab.next();
  assert.equal(second.body, 'second');
  const other = await open(`?user=${encoded}&inbox=${second.words[1]}`);
  const third = await open();
  assert.equal(await third.say(`auth ${encoded} inbox=${ok.options.cursor} id=3`).line(), `ok id=3 user=${encoded}`);
  assert.equal((await third.next()).body, 'second');
  sender.say(`to ${encoded}\nthird`);
  for (const talker of [tab, other, third]) {
    const direct = await talker.next();
    assert.match(direct.line, /^direct \S+:3 from=ann$/);
    assert.equal(direct.body, 'third');
  }
  await closeAll(sender, tab, other, third);
});

test('an inbox that cannot be gone on with is told', async () => {
  const user = fresh('user');
  const talker = await open(`?user=${user}&inbox=${FOREIGN}`);
  assert.match(await talker.line(), new RegExp(`^subscribed inbox:${user} cursor=\\S+:0 recovered=no$`));
  await talker.close();
});

// ---- sessions

test('a stream that is cut again and again is heard whole and in order', async () => {
  const channel = fresh('long:');
  let talker = await inside(channel);
  const { session } = talker.welcome.options;
  let after = talker.cursor;
  const total = 6000;
  const publisher = await open();
  for (let n = 1; n <= total; n++) publisher.say(`pub ${channel}\n${n}`);
  for (let n = 1; n <= total;) {
    const cut = Math.min(total, n + 1 + Math.floor(Math.random() * 500));
    for (; n <= cut; n++) {
      const msg = await talker.until('msg');
      assert.equal(msg.body, String(n));
      after = msg.words[2];
    }
    await talker.cut();
    talker = await open(`?session=${session}`);
    assert.deepEqual([talker.session, talker.welcome.options.resumed], [session, 'yes']);
    const answer = await talker.ask(`sub ${channel} after=${after} id=1`, '1');
    assert.deepEqual([answer.options.recovered, answer.options.cursor], ['yes', after]);
  }
  await closeAll(talker, publisher);
});

test('a resumed session goes on in its channels, under its name, where it is asked for them', async () => {
  const channel = fresh(), other = fresh();
  const talker = await inside(channel, '?user=ann');
  await talker.ask(`sub ${other} id=2`, '2');
  await publish(channel, 'heard');
  await talker.until('msg');
  await talker.cut();
  await parked(server, talker.session);
  await publish(channel, 'missed');
  const again = await open(`?session=${talker.session}`);
  assert.equal(again.welcome.options.user, 'ann');
  await publish(channel, 'still parked');
  again.say(`sub ${channel} id=1`);
  assert.match(await again.line(), /^subscribed \S+ cursor=\S+:1 recovered=yes id=1$/);
  assert.equal((await again.next()).body, 'missed');
  assert.equal((await again.next()).body, 'still parked');
  assert.equal(await again.say(`unsub ${other} id=2`).line(), 'ok id=2');
  await again.close();
});

test('a session is over when its client says so, and a stranger\'s is not found', async () => {
  const talker = await open();
  const { session } = talker.welcome.options;
  await talker.close();
  for (const id of [session, 'x', `${session}x`, 'new']) {
    const again = await open(`?session=${id}`);
    assert.notEqual(again.session, session);
    assert.equal(again.welcome.options.resumed, undefined);
    await again.close();
  }
  const careless = await open();
  await careless.close(4000);
  const back = await open(`?session=${careless.session}`);
  assert.equal(back.welcome.options.resumed, 'yes');
  await back.close();
});

test('who claims a session replaces its connection', async () => {
  const first = await open();
  const second = await open(`?session=${first.session}`);
  assert.equal(await first.line(), 'bye 4409 retry=0 replaced-by-a-newer-connection');
  assert.equal((await first.closed).code, 4409);
  assert.equal(await second.say('ping').line(), 'pong');
  await second.close();
});

test('a session ended by the API hears bye and is closed', async () => {
  const talker = await open();
  const answer = await fetch(`${server.url}/sessions/${talker.session}`, { method: 'DELETE' });
  assert.ok(answer.ok, String(answer.status));
  assert.equal(await talker.line(), 'bye 4403 retry=0 ended-by-the-API');
  assert.equal((await talker.closed).code, 4403);
});

test('a stop says bye, and when to come back', async () => {
  const other = await startServer('serve', ['--workers', '2']);
  const talkers = await Promise.all(numbers(1, 6).map(() => Talker.open(other)));
  const stopped = other.stop();
  for (const talker of talkers) {
    const bye = await talker.next();
    assert.match(bye.line, /^bye 4501 retry=\d+ the-server-is-stopping$/);
    assert.ok(bye.options.retry >= 1000 && bye.options.retry < 5000);
    assert.equal((await talker.closed).code, 4501);
  }
  assert.deepEqual(await stopped, { code: 0, signal: null });
});

// ---- compression

test('every form of compression gives the same messages', async () => {
  const channel = fresh();
  const page = JSON.stringify(numbers(1, 3000));
  const talkers = await Promise.all([
    false,
    true,
    { serverNoContextTakeover: true, clientNoContextTakeover: true },
    { serverNoContextTakeover: false, threshold: 0 },
    { serverMaxWindowBits: 9, clientMaxWindowBits: 9, threshold: 0 },
  ].map((perMessageDeflate) => inside(channel, '', { perMessageDeflate })));
  assert.deepEqual(talkers.map((t) => /permessage-deflate/.test(t.socket.extensions)), [false, true, true, true, true]);
  for (const [i, talker] of talkers.entries()) {
    talker.say(`pub ${channel}\n${i} ${page}`);
    for (const hearer of talkers) assert.equal((await hearer.until('msg')).body, `${i} ${page}`);
  }
  await closeAll(...talkers);
});

test('what is large enough goes out compressed once for all, what is small goes out plain', async () => {
  const channel = fresh();
  const fields = { 'Sec-WebSocket-Protocol': 'godwit.v1', 'Sec-WebSocket-Extensions': 'permessage-deflate' };
  const peers = await Promise.all([1, 2].map(() => Peer.open(server, { path: url(channel), fields })));
  for (const peer of peers) for (let n = 0; n < 2; n++) await peer.readFrame(); // welcome, subscribed
  await publish(channel, 'x'.repeat(5000));
  const [a, b] = await Promise.all(peers.map((peer) => peer.readFrame()));
  assert.deepEqual([a.rsv, b.rsv], [4, 4]);
  assert.ok(a.payload.length < 500);
  assert.deepEqual(a.payload, b.payload);
  await publish(channel, 'x');
  for (const peer of peers) assert.equal((await peer.readFrame()).rsv, 0);
  peers.forEach((peer) => peer.destroy());
});

// ---- slow readers

/** Publishes pages until this reader, who does not read, is far behind. */
async function flood(channel, pages) {
  const publisher = await open('', { perMessageDeflate: false });
  for (let n = 1; n <= pages; n++) {
    publisher.say(`pub ${channel} id=${n}\n${String(n).padEnd(LIMIT, '.')}`);
    if (n % 20 === 0) for (let k = 0; k < 20; k++) await publisher.until('ok');
  }
  await publisher.close();
}

const slowly = async (channel) => {
  const talker = await inside(channel, '', { perMessageDeflate: false });
  talker.socket.pause();
  return talker;
};

test('a slow reader is closed with 4500, and comes back without loss', async () => {
  const channel = fresh();
  const slow = await slowly(channel);
  await flood(channel, 300);
  slow.socket.resume();
  let after = slow.cursor, n = 0;
  for (const message of await all(slow)) {
    if (message.words[0] !== 'msg') continue;
    assert.equal(parseInt(message.body, 10), ++n);
    after = message.words[2];
  }
  assert.equal((await slow.closed).code, 4500);
  assert.ok(n < 300);
  const again = await open(`?session=${slow.session}`);
  const answer = await again.ask(`sub ${channel} after=${after} id=1`, '1');
  assert.equal(answer.options.recovered, 'no'); // of 300 pages 100 are kept
  assert.equal(Number(answer.options.missed), 200 - n);
  assert.equal(parseInt((await again.next()).body, 10), 201);
  await again.close();
});

async function all(talker) {
  await talker.closed;
  return talker.rest();
}

test('in a channel that drops, a slow reader is told of the gap', async () => {
  const channel = fresh('drop:');
  const slow = await slowly(channel);
  await flood(channel, 300);
  slow.socket.resume();
  let offset = 0, missed = 0;
  while (offset < 300) {
    const message = await slow.until('msg', 'subscribed');
    if (message.words[0] === 'subscribed') {
      assert.equal(message.options.recovered, 'no');
      missed += Number(message.options.missed);
      offset += Number(message.options.missed);
      assert.equal(Number(message.options.cursor.split(':')[1]), offset);
    } else {
      assert.equal(Number(message.words[2].split(':')[1]), ++offset);
    }
  }
  await publish(channel, 'last');
  assert.equal((await slow.next()).body, 'last');
  assert.ok(missed > 100, `${missed} were left out`);
  await slow.close();
});

test('in a channel that conflates, a slow reader gets the newest', async () => {
  const channel = fresh('last:');
  const slow = await slowly(channel);
  await flood(channel, 300);
  slow.socket.resume();
  let offset = 0, got = 0;
  while (offset < 300) {
    const message = await slow.until('msg');
    const next = Number(message.words[2].split(':')[1]);
    assert.ok(next > offset);
    offset = next;
    got++;
  }
  assert.ok(got < 150, `${got} of 300 came`);
  await slow.close();
});

test('a client that never reads its answers is not read from, and loses none', async () => {
  const talker = await open('', { perMessageDeflate: false });
  talker.socket.pause();
  const id = 'x'.repeat(60);
  for (let n = 0; n < 40_000; n++) talker.say(`ping id=${id}`);
  talker.socket.resume();
  for (let n = 0; n < 40_000; n++) assert.equal(await talker.line(), `pong id=${id}`);
  await talker.close();
});

test('frames that come right behind the handshake are answered after the welcome', async () => {
  const peer = await Peer.connect(server);
  peer.send(Buffer.concat([Buffer.from(upgrade({ path: '/ws' })), frame(1, 'ping id=1'), frame(1, 'ping id=2')]));
  await peer.readHead();
  const lines = [];
  for (let n = 0; n < 3; n++) lines.push((await peer.readFrame()).payload.toString());
  assert.match(lines[0], /^welcome /);
  assert.deepEqual(lines.slice(1), ['pong id=1', 'pong id=2']);
  peer.destroy();
});
