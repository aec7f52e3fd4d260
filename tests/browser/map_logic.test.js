// SPDX-License-Identifier: MIT
// The map without a browser: who is on it by what the channel tells, when a window speaks, where couriers ride, places in words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ANSWER_MS, BARE_MS, MAX_ALL_COURIERS, MAX_COURIERS, MAX_MARKERS, MAX_OF_ONE, MAX_PEOPLE, SILENCE_MS, makeCrowd, readAt,
} from '../../web/map/crowd.js';
import { makeSpeaker } from '../../web/map/people.js';
import { makeRiders } from '../../web/map/riders.js';
import { DEFAULT_ROOM, openRoom, roomOf, terminalLine } from '../../web/map/room.js';
import { HEIGHT, PLACES, STREETS, WIDTH, whereIs } from '../../web/map/town.js';

function crowdWith(...users) {
  const told = [];
  const crowd = makeCrowd((what, { name }) => what === 'at' || told.push(`${what} ${name}`));
  crowd.present(users.map((user) => ({ user, sessions: 1 })));
  return { crowd, told, at: (from, said, event = 'at') => crowd.hear(event, from, JSON.stringify(said)), names: () => [...crowd.markers.values()].map(({ name }) => name) };
}
const ann = { id: 'a1', who: 'Ann', x: 0.1, y: 0.2 };

test('a position makes a marker, with couriers, under the name that the server knows', () => {
  const { crowd, told, at } = crowdWith('Ann');
  at('Ann', { ...ann, c: [0.3, 0.4, 0.5, 0.6] });
  const [marker] = crowd.markers.values();
  assert.deepEqual([marker.name, marker.x, marker.y, marker.couriers], ['Ann', 0.1, 0.2, [{ x: 0.3, y: 0.4 }, { x: 0.5, y: 0.6 }]]);
  assert.equal(marker.person.name, 'Ann');
  assert.equal(crowd.couriers, 2);
  assert.deepEqual(told, [], 'Ann was there before');
  at('Mallory', { ...ann, x: 0.9 });
  assert.equal(marker.x, 0.1, 'the same id under another name is another window');
  assert.deepEqual([...crowd.people.values()].map(({ name }) => name), ['Ann', 'Mallory']);
});

test('what is no position is passed over', () => {
  const { crowd } = crowdWith();
  const garbage = ['', 'hello', 'null', '[]', '7', '"x"', '{', '{}', '{"x":1}', '{"who":"A","x":"0.5","y":0.5}', '{"who":"A","x":0.5,"y":1.1}', '{"who":"A","x":-0.1,"y":0}',
    '{"who":"A","x":null,"y":null}', '{"who":"","x":0.5,"y":0.5}', '{"who":7,"x":0.5,"y":0.5}', '{"who":"<>","x":0.5,"y":0.5}', '{"who":"A","x":1e999,"y":0}',
    JSON.stringify({ who: 'A', x: 0.5, y: 0.5, pad: 'x'.repeat(3000) }), '\u0000'];
  for (const text of garbage) for (const event of [undefined, 'at', 'gone', 'nonsense', '__proto__']) for (const from of [undefined, 'Bo', '', '\n']) crowd.hear(event, from, text);
  const names = [...crowd.markers.values()].map(({ name, from }) => `${from} ${name}`);
  assert.ok(names.every((name) => name === 'Bo Bo'), `only those without a name of their own, from somebody: ${names}`);
  assert.deepEqual(readAt('{"x":0,"y":1,"c":[0.1,0.2,"x",0.3]}').couriers, [{ x: 0.1, y: 0.2 }]);
  assert.deepEqual(readAt('{"x":0,"y":1,"c":{"length":9}}').couriers, []);
  assert.equal(readAt(`{"x":0,"y":1,"c":[${Array(90).fill(0.5)}]}`).couriers.length, MAX_COURIERS);
  assert.equal(readAt('{"x":0,"y":1,"who":" <b>Eve\\u0000: "}').who, 'bEve');
  assert.equal(readAt('{"x":0,"y":1,"id":"../../x"}').id, '');
});

test('who stands still is idle; who is present and not on the map is known for some time before it counts', () => {
  const { crowd, at } = crowdWith('Ann', 'Bo');
  at('Ann', ann);
  crowd.pass(5000);
  at('Ann', ann);
  const [marker] = crowd.markers.values();
  assert.deepEqual([marker.still, marker.quiet], [5000, 0]);
  assert.deepEqual([...crowd.people.values()].map(({ bare }) => bare), [0, 5000]);
  at('Ann', { ...ann, x: 0.11 });
  assert.equal(marker.still, 0);
});

test('goodbye removes at once, and what was under way raises nobody', () => {
  const { crowd, told, at, names } = crowdWith('Ann', 'Bo');
  at('Ann', ann);
  crowd.hear('gone', 'Bo', 'a1');
  assert.deepEqual(names(), ['Ann'], 'nobody says goodbye for another');
  crowd.hear('gone', 'Ann', 'a1');
  assert.deepEqual(told, ['gone Ann', 'leave Ann']);
  at('Ann', ann);
  assert.deepEqual(names(), []);
  crowd.leave('Ann');
  assert.deepEqual(told, ['gone Ann', 'leave Ann'], 'presence comes later, and it is not told twice');
  at('Ann', { ...ann, id: 'a2' });
  assert.deepEqual(told.slice(2), ['join Ann'], 'a new window');
});

test('goodbye of one of two windows leaves the other', () => {
  const { crowd, told, at, names } = crowdWith('Ann');
  at('Ann', ann);
  at('Ann', { ...ann, id: 'a2' });
  crowd.hear('gone', 'Ann', 'a1');
  assert.deepEqual(names(), ['Ann']);
  assert.deepEqual(told, ['gone Ann']);
});

test('a list that still has whoever said goodbye raises nobody; who comes back is there', () => {
  const { crowd, told, at } = crowdWith('Ann');
  at('Ann', ann);
  crowd.hear('gone', 'Ann', 'a1');
  assert.deepEqual(told, ['gone Ann', 'leave Ann']);
  crowd.present([{ user: 'Ann', sessions: 1 }]); // presence waits for those who may come back
  assert.deepEqual([told.length, crowd.people.size], [2, 0]);
  at('Ann', { ...ann, id: 'a2' });
  crowd.present([{ user: 'Ann', sessions: 1 }]);
  assert.deepEqual(told.slice(2), ['join Ann']);
  crowd.hear('gone', 'Ann', 'a2');
  crowd.pass(BARE_MS + 1);
  crowd.present([{ user: 'Ann', sessions: 1 }]);
  assert.deepEqual(told.slice(3), ['gone Ann', 'leave Ann', 'join Ann'], 'by now it is true');
});

test('presence removes all that a user has; silence whoever gives no sign', () => {
  const { crowd, told, at, names } = crowdWith('Ann');
  at('Ann', { ...ann, c: [0.5, 0.5] });
  at(undefined, { who: 'Van 7', x: 0.4, y: 0.6 });
  crowd.leave('Ann');
  assert.deepEqual(told, ['join Van 7', 'gone Ann', 'leave Ann']);
  assert.equal(crowd.couriers, 0);
  crowd.pass(SILENCE_MS - 1);
  at(undefined, { who: 'Van 7', x: 0.4, y: 0.6 });
  crowd.pass(SILENCE_MS - 1);
  assert.deepEqual(names(), ['Van 7']);
  crowd.pass(1);
  assert.deepEqual(told.slice(3), ['gone Van 7', 'leave Van 7']);
  assert.equal(crowd.people.size, 0);
});

test('what was placed from outside can be taken away by its name, and placed again', () => {
  const { crowd, at, names } = crowdWith();
  at(undefined, { who: 'Van 7', x: 0.4, y: 0.6 }, undefined);
  assert.deepEqual(names(), ['Van 7']);
  crowd.hear('gone', undefined, 'Van 7');
  assert.deepEqual(names(), []);
  at(undefined, { who: 'Van 7', x: 0.4, y: 0.6 });
  assert.deepEqual(names(), ['Van 7']);
});

test('after we were away, whoever does not answer is gone soon', () => {
  const { crowd, at, names } = crowdWith('Ann', 'Bo');
  at('Ann', ann);
  at('Bo', { id: 'b1', who: 'Bo', x: 0, y: 0 });
  crowd.doubt();
  crowd.present([{ user: 'Bo', sessions: 1 }]);
  assert.deepEqual(names(), ['Ann', 'Bo'], 'the list of a server that has just begun is not complete');
  at('Bo', { id: 'b1', who: 'Bo', x: 0, y: 0 });
  crowd.pass(ANSWER_MS);
  assert.deepEqual(names(), ['Bo']);
  assert.deepEqual([...crowd.people.values()].map(({ name }) => name), ['Bo']);
});

test('floods stay within the caps and leave room for others', () => {
  const { crowd, at } = crowdWith('Ann');
  for (let i = 0; i < 5000; i++) at(undefined, { who: `bot ${i}`, x: 0.5, y: 0.5, c: Array(40).fill(0.5) });
  assert.equal(crowd.markers.size, MAX_OF_ONE);
  assert.equal(crowd.people.size, MAX_OF_ONE + 1);
  assert.equal(crowd.couriers, MAX_ALL_COURIERS);
  for (let i = 0; i < 5000; i++) at('Mallory', { id: `m${i}`, x: 0.5, y: 0.5 });
  assert.equal(crowd.markers.size, 2 * MAX_OF_ONE);
  at('Ann', ann);
  assert.equal(crowd.markers.size, 2 * MAX_OF_ONE + 1);
  for (let i = 0; i < 5000; i++) at(`user ${i}`, { id: 'x', x: 0.5, y: 0.5 });
  assert.equal(crowd.markers.size, MAX_MARKERS);
  for (let i = 0; i < 5000; i++) crowd.join(`listener ${i}`);
  assert.equal(crowd.people.size, MAX_PEOPLE);
  crowd.pass(SILENCE_MS);
  assert.equal(crowd.markers.size, 0);
  assert.equal(crowd.couriers, 0);
});

// ---- when a window speaks

function roomWith({ transport = 'websocket', lists = [[]] } = {}) {
  const heard = {}, sent = [], timers = [];
  const clock = { now: 1000 };
  const channel = {
    on(event, hear) {
      const before = heard[event];
      heard[event] = (value) => { before?.(value); hear(value); };
      return () => { delete heard[event]; };
    },
    publish: async (data, { event }) => { sent.push({ event, data }); },
    presence: async () => ({ users: lists.length > 1 ? lists.shift() : lists[0], count: 0 }),
  };
  const client = { state: 'online', transport, channel: () => channel, on: channel.on };
  const room = openRoom({ client, room: 'town', id: 'me', name: 'Ann', tell: () => {}, now: () => clock.now, random: () => 0.5, wait: (step, ms) => { timers.push([step, ms]); return () => {}; } });
  const said = () => sent.splice(0).map(({ event }) => event);
  const echo = () => heard.message({ event: 'at', from: 'Ann', text: '{"id":"me","who":"Ann","x":0,"y":0}' });
  return { room, client, heard, sent, said, echo, clock, timers };
}

test('a window asks who is there, and says where it is at most 15 times a second', () => {
  const { room, sent, said, echo, clock } = roomWith();
  assert.deepEqual(said(), ['hello', 'at']);
  for (let ms = 0; ms < 1000; ms += 5, clock.now += 5) {
    room.move(ms / 1000, 0.5);
    echo();
  }
  const count = said().length;
  assert.ok(count >= 12 && count <= 16, `${count} in a second`);
  clock.now += 100;
  room.beat();
  assert.deepEqual(sent.at(-1).data, { id: 'me', who: 'Ann', x: 0.995, y: 0.5 });
});

test('nothing moved: a sign every two seconds; asked: soon, but not at each question', () => {
  const { room, said, heard, echo, clock } = roomWith();
  const run = (ms) => { for (let i = 0; i < ms; i += 50) { clock.now += 50; room.beat(); echo(); } };
  said();
  run(6000);
  assert.equal(said().length, 3);
  for (let i = 0; i < 5000; i++) heard.message({ event: 'hello', text: '' });
  run(500);
  assert.equal(said().length, 1);
});

test('couriers go along in the same publication, five times a second', () => {
  const { room, sent, echo, clock } = roomWith();
  sent.length = 0;
  for (let i = 0; i < 20; i++) {
    clock.now += 50;
    room.ride([0.123456, i / 100]);
    room.beat();
    echo();
  }
  assert.ok(sent.length >= 4 && sent.length <= 6, `${sent.length} in a second`);
  assert.equal(sent[0].data.c[0], 0.1235);
});

test('over HTTP one is under way at a time; one that is lost holds up nothing for long', () => {
  const { room, said, echo, clock } = roomWith({ transport: 'sse' });
  said();
  const move = (ms) => { clock.now += ms; room.move(clock.now % 997 / 997, 0.5); };
  for (let i = 0; i < 10; i++) move(100);
  assert.equal(said().length, 0, 'the first has not come back');
  echo();
  move(100);
  assert.equal(said().length, 1);
  move(2000);
  assert.equal(said().length, 1);
});

test('while it is cut off a window says nothing and forgets nobody', () => {
  const { room, client, said, heard, clock } = roomWith();
  said();
  heard.message({ event: 'at', from: 'Bo', text: '{"id":"b","who":"Bo","x":0.5,"y":0.5}' });
  client.state = 'connecting';
  for (let i = 0; i < 300; i++) {
    clock.now += 250;
    room.move(i / 300, 0);
  }
  assert.deepEqual(said(), []);
  assert.equal(room.crowd.markers.size, 1);
  client.state = 'online';
  heard.state({ state: 'online' });
  assert.deepEqual(said(), ['hello', 'at']);
  for (let i = 0; i < 20; i++) { clock.now += 250; room.beat(); }
  assert.equal(room.crowd.markers.size, 0, 'Bo has not answered');
});

test('who left before we could be told of it does not stay', async () => {
  const { room, timers } = roomWith({ lists: [[{ user: 'Bo', sessions: 1 }], [{ user: 'Ann', sessions: 1 }]] });
  const names = () => [...room.crowd.people.values()].map(({ name }) => name).join();
  const settled = () => new Promise((resolve) => { setImmediate(resolve); });
  await settled();
  assert.equal(names(), 'Bo');
  timers.at(-1)[0]();
  await settled();
  assert.equal(names(), 'Ann');
});

test('a machine that slept does not take the others for gone', () => {
  const { room, heard, clock } = roomWith();
  heard.message({ event: 'at', from: 'Bo', text: '{"id":"b","who":"Bo","x":0.5,"y":0.5}' });
  clock.now += 3_600_000;
  room.beat();
  assert.equal(room.crowd.markers.size, 1);
});

test('goodbye goes over the WebSocket, else by a beacon', () => {
  const a = roomWith();
  a.said();
  a.room.leave(() => assert.fail('no beacon'));
  assert.deepEqual(a.sent, [{ event: 'gone', data: 'me' }]);
  const b = roomWith({ transport: 'longpoll' });
  b.said();
  const beacons = [];
  b.room.leave((...what) => beacons.push(what));
  assert.deepEqual(beacons, [['/channels/map%3Atown?event=gone&user=Ann', 'me']]);
});

test('the room is the one of the address, where that can be a channel', () => {
  const room = (query) => roomOf(`http://localhost:8000/map/${query}`);
  assert.equal(room('?room=mud%20flat'), 'mud flat');
  for (const query of ['', '?room=', '?room=%00', '?room=a/', `?room=${'x'.repeat(201)}`]) assert.equal(room(query), DEFAULT_ROOM);
});

test('the line for a terminal holds nothing that a shell reads as its own', () => {
  const [, path] = terminalLine('http://x.test', "Ann's (~) quay!").split('http://x.test');
  assert.match(path, /^\/channels\/map:[\w%.-]+$/);
  assert.equal(decodeURIComponent(path), "/channels/map:Ann's (~) quay!");
});

// ---- the town

test('couriers ride along the streets, and never jump', () => {
  const riders = makeRiders(STREETS);
  const isOnStreet = (x, y) => STREETS.edges.some(([a, b]) => {
    const [ax, ay] = STREETS.nodes[a], [bx, by] = STREETS.nodes[b];
    return Math.abs(Math.hypot(x - ax, y - ay) + Math.hypot(bx - x, by - y) - Math.hypot(bx - ax, by - ay)) < 1e-6;
  });
  riders.count = 20;
  let last = riders.ride(0);
  for (let i = 0; i < 2000; i++) {
    const places = riders.ride(100);
    assert.equal(places.length, 40);
    for (let n = 0; n < 40; n += 2) {
      assert.ok(isOnStreet(places[n], places[n + 1]));
      assert.ok(places[n] >= 0 && places[n] <= WIDTH && places[n + 1] >= 0 && places[n + 1] <= HEIGHT);
      assert.ok(Math.hypot(places[n] - last[n], places[n + 1] - last[n + 1]) < 10);
    }
    last = places;
  }
  riders.count = 5;
  assert.deepEqual(riders.ride(0), last.slice(0, 10), 'those who stay go on where they are');
  riders.count = 0;
  assert.deepEqual(riders.ride(100), []);
});

test('all streets hang together, and every place has words', () => {
  const reached = new Set(['h1']);
  for (let n = 0; n < STREETS.edges.length; n++)
    for (const [a, b] of STREETS.edges) if (reached.has(a) || reached.has(b)) reached.add(a).add(b);
  assert.deepEqual(Object.keys(STREETS.nodes).filter((node) => !reached.has(node)), []);
  for (const { said, x, y } of PLACES) assert.equal(whereIs({ x, y }), `at ${said}`);
  assert.equal(whereIs({ x: 548 / WIDTH, y: 530 / HEIGHT }), 'near the harbour');
  assert.equal(whereIs({ x: 0, y: 1 }), 'south-west of Godwit Sands');
  assert.equal(whereIs({ x: 1, y: 0.1 }), 'east of the station');
});

test('who came and went is said in one go, also who did both; who only loads the page again is not worth a word', (t) => {
  const timers = [];
  const { setTimeout: given } = globalThis;
  t.after(() => { globalThis.setTimeout = given; });
  globalThis.setTimeout = (action) => timers.push(action);
  const node = { textContent: '' };
  const told = makeSpeaker(node);
  told('leave', 'Ann');
  told('join', 'Bo');
  told('leave', 'Cy');
  told('join', 'Cy');
  told('join', 'Dee');
  told('leave', 'Dee');
  assert.deepEqual([timers.length, node.textContent], [1, '']);
  timers.pop()();
  assert.equal(node.textContent, 'Ann has left. Bo is here. Dee was here, and has left.');
  for (let i = 0; i < 7; i++) told('join', `p${i}`);
  timers.pop()();
  assert.match(node.textContent, /p4 is here\. And 2 more\.$/);
});
