// SPDX-License-Identifier: MIT
// The market of a window, in a Worker: the timers of a window that nobody looks at are held up, a Worker's are not. It rests, at the
// cost of a timer, as long as boards come; when it is its turn (turn.js) it connects and publishes them.
//
// The page tells it: { up } whether it is connected, { text, from } each board that it heard, { text, isKept } the one kept from before.
// It tells the page whether it is the market: { isMarket }.

import godwit from '/client/godwit.js';
import { readBoard, writeBoard } from './board.js';
import { learn, walk } from './instruments.js';
import { EVERY_MS, makeTurn, PREFIX } from './turn.js';

const LIVE = 'ticker:live';
const TAPE = 'ticker:tape';
const MINUTE = 'ticker:minute';
const TRANSPORTS = ['websocket', 'longpoll']; // no stream where WebSockets are blocked: browsers open six connections to a site
const MINUTE_EVERY = 15; // one board in so many is kept for the lines of those who come later

const name = PREFIX + crypto.getRandomValues(new Uint32Array(2)).reduce((text, n) => text + n.toString(36), '');
const turn = makeTurn(name, performance.now());
let last = new Map(), isUp = false, client, count = 0, was;

onmessage = ({ data: { up, text, from, isKept } }) => {
  if (up !== undefined) isUp = up;
  if (text !== undefined) hear(text, from, isKept);
};

function hear(text, from, isKept) {
  const board = from === name ? null : readBoard(text);
  if (!board) return;
  if (!isKept) turn.hear(from, performance.now());
  if (turn.state === 'running') return; // of one that will stop
  learn(last, board.prices);
}

function connect() {
  client = godwit('/', { user: name, share: false, transports: TRANSPORTS, ceiling: 2000 });
  client.channel(LIVE).on('message', (m) => hear(m.text, m.from));
}

setInterval(() => {
  const state = turn.tick(performance.now(), isUp, client?.state === 'online');
  if (state === 'resting') {
    client?.close();
    client = undefined;
  } else if (!client) connect();
  if (state === 'running') publish();
  if (was !== (state === 'running')) postMessage({ isMarket: was = state === 'running' });
}, EVERY_MS);

function publish() {
  last = walk(last);
  const text = writeBoard(last);
  const now = { volatile: true };
  client.channel(LIVE).publish(text, now);
  client.channel(TAPE).publish(text, now);
  if (count++ % MINUTE_EVERY === 0) client.channel(MINUTE).publish(text, now);
}
