// SPDX-License-Identifier: MIT
// Puts the chat together: the client under one's name, the place that the address asks for, and the page around it.

import godwit from '../client/godwit.js';
import { byId, element, setText } from '../design/dom.js';
import { bindName, shownName } from '../design/name.js';
import { openShell } from '../design/shell.js';
import { openChat } from './chat.js';
import { openComposer } from './composer.js';
import { MAX_ROOMS, dropRoom, keepRead, keepRoom, keepUnsent, keptRead, keptRooms, keptUnsent, onKept } from './keep.js';
import { aboutText, bindDrawers, paintCount, paintPeople, paintPlaces } from './lists.js';
import { openLogView } from './log_view.js';
import { GIVEN, addressOf, cleanRoom, listOf, placeOf, terminalLine } from './words.js';

const HIDDEN_MS = 200; // a window that nobody sees is painted more rarely
const isPhone = matchMedia('(max-width: 56rem)');

const shell = openShell({ here: 'chat' });
const drawers = bindDrawers();
let chat, place, reads, unwatch = () => {}, isDue = false, hadUnsent = true, renaming = Promise.resolve();

// ---- under a name

function begin(user, unsent, reason) {
  const g = godwit('/', { user });
  unwatch();
  unwatch = shell.watch(g);
  reads = keptRead(user);
  chat = openChat(g, { user, reads, changed });
  for (const name of keptRooms()) chat.open(`#${name}`);
  chat.bringBack(unsent, reason);
}

/** What is on its way goes out under the old name, with its answer; what waits, under the new one. */
function rename(user) {
  renaming = renaming.then(async () => {
    await chat.answered();
    const unsent = chat.unsent();
    chat.close();
    begin(user, unsent, 'renamed');
    show(place.id);
  });
}

// ---- where one is

function show(id) {
  place = chat.show(id);
  if (place.isRoom) keepRoom(place.name).forEach(giveUp);
  composer.turn(place);
  setText(byId('place-name'), place.shown || 'Someone in a terminal');
  byId('place-hash').hidden = !place.isRoom;
  const [command, path] = terminalLine(location.origin, id);
  byId('terminal-line').replaceChildren(command, element('wbr'), path);
  byId('terminal').hidden = !place.name;
  paint();
}

function go(id) {
  if (addressOf(id) !== addressOf(place.id)) history.pushState(null, '', addressOf(id));
  show(id);
  drawers.close();
  if (isPhone.matches) byId('place-title').focus(); // no keyboard over the messages that one came to read
  else composer.focus();
}

/** One is in so many rooms and no more. */
function giveUp(name) {
  const room = chat.place(`#${name}`);
  if (!room?.isIn) return;
  chat.leave(room);
  place.log.note('gap', `You have left ${room.shown}: ${MAX_ROOMS} rooms at a time, and you were there longest ago.`);
}

function leave() {
  dropRoom(place.name);
  chat.leave(place);
  go(chat.rooms()[0]?.id ?? `#${GIVEN[0]}`);
}

// ---- on the page

function changed() {
  if (isDue) return;
  isDue = true;
  if (document.hidden) setTimeout(paint, HIDDEN_MS);
  else requestAnimationFrame(paint);
}

function paint() {
  isDue = false;
  if (!place) return;
  const isSeen = !document.hidden;
  logView.paint(place, { isOnline: chat.isOnline(), isLoaded: chat.isLoaded(place), user: chat.user, hasRead: reads[place.id] !== undefined });
  if (isSeen && logView.isFollowing() && chat.isLoaded(place)) read();
  paintPlaces(chat, place);
  paintPeople(chat, place);
  setText(byId('about'), aboutText(chat, place));
  byId('leave').hidden = !place.isRoom || chat.rooms().length < 2;
  const writers = chat.typing.writers();
  setText(byId('writing'), writers.length ? `${listOf(writers.map(shownName))} ${writers.length === 1 ? 'is' : 'are'} writing…` : '');
  paintUnread();
  const unsent = chat.unsent();
  if (unsent.length || hadUnsent) keepUnsent(unsent);
  hadUnsent = unsent.length > 0;
}

/** What stands here has been seen: in the other windows of this browser too. */
function read() {
  if (!place.log.readAll()) return;
  reads[place.id] = place.log.read;
  keepRead(chat.user, place.id, place.log.read);
}

function paintUnread() {
  const unread = chat.all().reduce((sum, { log, isIn }) => sum + (isIn === false ? 0 : log.unread), 0);
  const elsewhere = unread - place.log.unread;
  paintCount(byId('unread-places'), elsewhere);
  const title = `${unread ? `(${unread}) ` : ''}${place.shown || 'Terminal'} · Chat · Godwit`;
  if (document.title !== title) document.title = title;
}

const logView = openLogView({
  actions: { retry: (entry) => chat.retry(place, entry), discard: (entry) => chat.discard(place, entry) },
  scrolled: changed,
});
const composer = openComposer({
  send(text) {
    chat.say(place, text);
    paint();
    logView.toEnd();
  },
  writing: () => chat.typing.tell(),
});

// ---- what the visitor does

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href^="?"]');
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(placeOf(link.href));
});
byId('enter').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = cleanRoom(byId('room').value);
  if (!name) return byId('room').focus();
  byId('room').value = '';
  go(`#${name}`);
});
byId('leave').addEventListener('click', leave);
addEventListener('popstate', () => show(placeOf(location.href)));
document.addEventListener('visibilitychange', changed);
onKept(() => {
  reads = keptRead(chat.user);
  for (const [id, cursor] of Object.entries(reads)) chat.place(id)?.log.readTo(cursor);
  changed();
});

const name = bindName(byId('name'), rename);
begin(name(), keptUnsent(), 'left');
show(placeOf(location.href));
