// SPDX-License-Identifier: MIT
// What stands beside the log: the rooms, the conversations and the people of the place, each a link to where it leads. On a phone
// both columns are drawers behind buttons (popovers: Escape and a touch beside them close them).

import { badge, byId, element, setText } from '../design/dom.js';
import { shownName } from '../design/name.js';
import { count } from '../design/text.js';
import { keyed } from './keyed.js';
import { GIVEN, addressOf, listOf } from './words.js';

const MAX_PEOPLE = 100; // shown; the rest is a number

/** The round mark of a person, or of a program that gave no name. */
export const markOf = (name) => (name ? badge(name) : element('span', { className: 'badge nameless', aria: { hidden: 'true' } }, '>_'));

/** A link to a place, with what is unread there. */
function makePlace({ id, name, isRoom }) {
  const title = element('span', { className: 'title' }, shownName(name) || 'Someone in a terminal');
  const mark = isRoom ? element('span', { className: 'hash', aria: { hidden: 'true' } }, '#') : markOf(name);
  const link = element('a', { className: 'place', href: addressOf(id) }, mark, title, element('span', { className: 'unread' }));
  return element('li', {}, link);
}

function updatePlace(node, { unread, isShown, isIn }) {
  const link = node.firstChild;
  if (isShown) link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
  link.classList.toggle('away', isIn === false);
  link.classList.toggle('has-unread', unread > 0);
  paintCount(link.lastChild, unread);
}

/** How much is unread; nothing where nothing is. */
export function paintCount(node, unread) {
  if (node.n === unread) return;
  node.n = unread;
  node.replaceChildren(...(unread ? [unread > 99 ? '99+' : String(unread), element('span', { className: 'visually-hidden' }, ' unread')] : []));
}

function makePerson({ name, isMe }) {
  const title = element('span', { className: 'title' }, shownName(name));
  if (isMe) return element('li', { className: 'place' }, badge(name), title, element('span', { className: 'you' }, 'you'));
  return element('li', {}, element('a', { className: 'place', href: addressOf(`@${name}`), title: `Write to ${shownName(name)} alone` }, badge(name), title));
}

const lineOf = (place, shown) => ({ id: place.id, name: place.name, isRoom: place.isRoom, isIn: place.isIn, unread: place.log.unread, isShown: place === shown });

export function paintPlaces(chat, shown) {
  const rooms = chat.rooms().sort((a, b) => a.name.localeCompare(b.name));
  const others = GIVEN.filter((name) => !rooms.some((room) => room.name === name));
  const lines = [...rooms.map((room) => lineOf(room, shown)), ...others.map((name) => ({ id: `#${name}`, name, isRoom: true, isIn: false, unread: 0 }))];
  keyed(byId('rooms'), lines, { make: makePlace, update: updatePlace });
  const talks = chat.talks().map((talk) => ({ ...lineOf(talk, shown), isIn: true }));
  keyed(byId('talks'), talks, { make: makePlace, update: updatePlace });
  byId('no-talks').hidden = talks.length > 0;
}

export function paintPeople(chat, place) {
  const { user } = chat;
  const names = place.isRoom ? [...place.people] : [user, place.name].filter((name, i, all) => name && all.indexOf(name) === i);
  names.sort((a, b) => (b === user) - (a === user) || a.localeCompare(b));
  const shown = names.slice(0, MAX_PEOPLE);
  keyed(byId('people'), shown.map((name) => ({ id: name, name, isMe: name === user })), { make: makePerson });
  const total = place.isRoom ? place.count : shown.length;
  byId('more-people').hidden = total <= shown.length;
  setText(byId('more-people'), `and ${(total - shown.length).toLocaleString('en')} more`);
  setText(byId('people-title'), place.isRoom ? `In this room (${total.toLocaleString('en')})` : 'Between you');
  setText(byId('people-count'), total.toLocaleString('en'));
}

/** The line under the place's name. */
export function aboutText(chat, place) {
  const isKnown = chat.isOnline();
  if (place.isRoom) return `${count(place.count, 'person', 'people')} ${isKnown ? 'here' : 'here when the connection was lost'}`;
  if (!place.name) return 'From programs that gave no name: there is nobody to answer.';
  if (place.name === chat.user) return 'Notes to yourself.';
  const rooms = chat.whereIs(place.name).map(({ shown }) => shown);
  if (!isKnown) return 'Whether they are here is not known while disconnected.';
  return rooms.length ? `Is in ${listOf(rooms)} now.` : 'Not in your rooms just now: what you write waits in their inbox.';
}

/** The drawers close when one goes somewhere, and when the window grows so that they are columns again. */
export function bindDrawers() {
  const drawers = [...document.querySelectorAll('[popover]')];
  const close = () => drawers.filter((each) => each.matches(':popover-open')).map((each) => each.hidePopover()).length > 0;
  matchMedia('(max-width: 56rem)').addEventListener('change', close);
  return { close };
}
