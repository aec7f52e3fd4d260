// SPDX-License-Identifier: MIT
// Puts the page together: the drawn town, this window's place on the map's channel, the figures on it, and the list beside it.

import godwit from '../client/godwit.js';
import { byId, setText } from '../design/dom.js';
import { bindName, shownName } from '../design/name.js';
import { openShell } from '../design/shell.js';
import { count } from '../design/text.js';
import { drawTown } from './art.js';
import { makeFigures } from './figures.js';
import { BARE_MS, IDLE_MS } from './crowd.js';
import { bindHand } from './hand.js';
import { makeList, makeSpeaker } from './people.js';
import { DEFAULT_ROOM, openRoom, roomOf, terminalLine } from './room.js';
import { makeRiders } from './riders.js';
import { HEIGHT, PLACES, STREETS, WIDTH, whereIs } from './town.js';

const LIST_MS = 500;
const STEADY_MS = 600; // where the arrow keys have led is said when they rest
const OWN = 'own';

const shell = openShell({ here: 'map', keeps: false });
const roomName = roomOf(location.href);
const stage = byId('stage');
const turnTown = drawTown(byId('land'));
const figures = makeFigures(byId('figures'), byId('trails'));
const list = makeList(byId('people'), byId('rest'), figures.find);
const told = makeSpeaker(byId('said'));
const worker = new Worker('/map/worker.js', { type: 'module' });

let client, room, unwatch, isTurned = false, paintedAt = 0, later = 0, steady = 0;
const place = { ...startingPlace(), couriers: [] };

// Somewhere in the streets, so that not all begin at one spot.
function startingPlace() {
  const [x, y] = makeRiders(STREETS).begin();
  return { x: Math.max(0.04, Math.min(0.96, x / WIDTH)), y: Math.max(0.04, Math.min(0.96, y / HEIGHT)) };
}

// ---- the room

const name = bindName(byId('name'), () => {
  leave();
  enter();
});

function enter() {
  client = godwit('/', { user: name() });
  unwatch = shell.watch(client);
  const id = Math.random().toString(36).slice(2, 10);
  room = openRoom({ client, room: roomName, id, name: name(), tell: show });
  client.on('state', paintState);
  room.ride(place.couriers);
  move(place.x, place.y);
  paintState();
}

function leave(beacon) {
  room.leave(beacon);
  for (const key of room.crowd.markers.keys()) figures.drop(key);
  figures.drop(OWN);
  unwatch();
  client.close();
}

function show(what, value) {
  if (what === 'at') figures.put(value.key, { ...value, label: labelOf(value), isOutside: value.person.isOutside });
  else if (what === 'gone') figures.drop(value.key);
  else if (!isOwn(value)) {
    told(what, value.name);
    paintedAt = 0; // at the next beat
  }
}

// Whoever goes by another name than the one that the server knows is shown with both.
const labelOf = ({ name: given, person: { name: known } }) => (shownName(given) === known ? known : `${shownName(given)} (${known})`);
const isOwn = (person) => person.key === `user ${name()}`;

// ---- the own marker

function move(x, y) {
  Object.assign(place, { x, y });
  clearTimeout(later);
  const wait = room.move(x, y);
  if (wait) later = setTimeout(() => room.beat(), wait);
  showOwn();
}

function showOwn() {
  figures.put(OWN, { name: name(), label: `${name()} (you)`, ...place, isOwn: true });
}

bindHand(stage, () => isTurned, () => place, (x, y, how) => {
  move(x, y);
  clearTimeout(steady);
  if (how === 'keys') steady = setTimeout(() => setText(byId('here'), `You are ${whereIs(place)}.`), STEADY_MS);
});

// ---- couriers, and the clock

byId('couriers').addEventListener('change', (event) => worker.postMessage(Number(event.target.value)));
worker.onmessage = ({ data: flat }) => {
  if (flat.length || place.couriers.length) {
    place.couriers = [];
    for (let i = 0; i < flat.length; i += 2) place.couriers.push({ x: flat[i], y: flat[i + 1] });
    room.ride(flat);
    showOwn();
  }
  room.beat();
  if (performance.now() - paintedAt > LIST_MS) paintList();
};

// ---- the list and the figures

function paintList() {
  paintedAt = performance.now();
  const { people, markers, couriers } = room.crowd;
  const isLastKnown = client.state !== 'online';
  const own = { key: OWN, name: name(), isOwn: true, markers: new Set([{ key: OWN, ...place }]) };
  const others = [...people.values()].filter((person) => person.markers.size || (person.bare > BARE_MS && !isOwn(person)));
  list.paint([own, ...others.map((person) => ({ ...person, isLastKnown }))]);
  for (const { key, still } of markers.values()) figures.rest(key, still > IDLE_MS);
  setText(byId('count'), String(1 + others.filter((person) => !isOwn(person)).length));
  setText(byId('rate'), count(room.rate, 'update'));
  setText(byId('riders'), count(couriers + place.couriers.length, 'courier'));
}

function paintState() {
  document.documentElement.classList.toggle('stale', client.state !== 'online');
  paintList();
}

new ResizeObserver(() => {
  const { clientWidth: wide, clientHeight: high } = stage;
  isTurned = high > wide;
  turnTown(isTurned, Math.max(wide, high) / WIDTH);
  figures.resize({ wide, high, isTurned });
}).observe(stage);

if (roomName !== DEFAULT_ROOM) {
  byId('title').textContent = `Map: ${roomName}`;
  byId('title').classList.add('named');
  document.title = `${roomName} · Map · Godwit`;
}
byId('described').textContent = `An estuary town. The sea is in the west, the River Wade comes from the east. From west to east: ${
  [...PLACES].sort((a, b) => a.x - b.x).map(({ said }) => said).join(', ')}.`;
byId('line').textContent = terminalLine(location.origin, roomName);

// A page that is kept by the browser comes back as a new window. Heard before the client, which lets go of its connection then.
addEventListener('pagehide', () => leave((url, text) => navigator.sendBeacon(url, text)), { capture: true });
addEventListener('pageshow', ({ persisted }) => persisted && enter());
enter();
