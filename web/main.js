// SPDX-License-Identifier: MIT
// Puts the page together: the room of this address, its connection, its view, and the lines for a terminal.

import { bindCopyButtons } from './copy.js';
import { channelUrls, roomOf, terminalLines } from './room/address.js';
import { Connection } from './room/connection.js';
import { bindName } from './design/name.js';
import { View } from './room/view.js';
import { compose } from './room/words.js';

const AWAY_MS = 20_000; // a window that was hidden for so long may have lost its connection unawares

const byId = (id) => document.getElementById(id);
const room = roomOf(location.href);
const urls = channelUrls(location.href, room);

byId('room-name').textContent = room;
for (const [id, line] of Object.entries(terminalLines(urls))) byId(`line-${id}`).textContent = line;
bindCopyButtons(byId('announce'));

const name = bindName(byId('name'));
const view = new View({
  send: (text) => connection.send(compose(name(), text)),
  retry: () => connection.open(),
  sendAgain: (id) => connection.sendAgain(id),
  discard: (id) => connection.discard(id),
});
const connection = new Connection(urls, {
  publication: (payload, time, mine) => view.showPublication(payload, time, mine),
  state: (state) => view.showState(state),
  outbox: (items) => view.showOutbox(items),
  gap: (missed) => (missed === null && view.isEmpty) || view.showNotice(gapText(missed)),
});

function gapText(missed) {
  if (missed === null)
    return 'The server has forgotten what was said before: it was restarted, or nobody was here for long. The lines above are '
      + 'only on your screen.';
  return `${missed} ${missed === 1 ? 'message' : 'messages'} came by while you were away that the server no longer keeps.`;
}

connection.open();

addEventListener('online', () => connection.check());
addEventListener('offline', () => connection.check());
addEventListener('pageshow', (event) => event.persisted && connection.check());
let hiddenAt = 0;
document.addEventListener('visibilitychange', () => {
  if (document.hidden) hiddenAt = Date.now();
  else if (Date.now() - hiddenAt > AWAY_MS) connection.check();
});
