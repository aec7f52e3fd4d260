// SPDX-License-Identifier: MIT
// Puts the entrance together: the room of this address over the client, its view, and the lines that reach it from elsewhere.

import godwit from '/client/godwit.js';
import { bindCopyButtons } from './copy.js';
import { byId } from './design/dom.js';
import { bindName } from './design/name.js';
import { openShell } from './design/shell.js';
import { ofWindow } from './design/storage.js';
import { count } from './design/text.js';
import { channelUrls, roomOf, linesOf } from './room/address.js';
import { openOutbox } from './room/outbox.js';
import { openView } from './room/view.js';
import { compose } from './room/words.js';

const name = roomOf(location.href);
byId('room-name').textContent = name;
for (const [id, line] of Object.entries(linesOf(channelUrls(location.href, name), name))) byId(`line-${id}`).textContent = line;
bindCopyButtons(byId('announce'));

const g = godwit('/');
const room = g.channel(name, { history: true });
openShell().watch(g);

const myName = bindName(byId('name'));
const view = openView({
  say: (text) => outbox.say(compose(myName(), text)),
  sayAgain: (id) => outbox.sayAgain(id),
  discard: (id) => outbox.discard(id),
});
let waiting = [];
const showOutbox = (items = waiting) => view.showOutbox(waiting = items, g.state === 'online');
const outbox = openOutbox({
  publish: (text) => room.publish(text),
  kept: ofWindow,
  key: `godwit.outbox ${name}`,
  changed: showOutbox,
  settled: view.claim,
});

g.on('state', () => showOutbox());
room.on('message', view.showMessage);
room.on('gap', ({ missed, cursor }) => {
  if (missed || !view.isEmpty()) view.showNotice(gapText(missed));
  askTimes(cursor);
});
room.on('recovered', ({ cursor }) => askTimes(cursor));
room.on('error', ({ code, reason }) => {
  // Without a code it is no refusal: the connection was lost while the history was read.
  view.showNotice(code ? `This room cannot be heard: ${reason.replaceAll('-', ' ')} (${code}).`
    : 'What was said before could not be read. Load the page again to see it.');
});

// Its history has been read then, unless it may not be heard.
room.open().then(() => room.cursor && view.showRoom());

// What was missed comes without the time when it was said.
function askTimes(after) {
  room.history({ after }).then(({ messages }) => view.showTimes(messages), () => {});
}

function gapText(missed) {
  if (!missed)
    return 'The server has forgotten what was said before: it was restarted, or nobody was here for long. The lines above are '
      + 'only on your screen.';
  return `${count(missed, 'message')} came by while you were away that the server no longer keeps.`;
}
