// SPDX-License-Identifier: MIT
// The chat's plain text, no network and no page: which place an address means, what of a message is a link, how bytes, people,
// days and failures are told.

import { count, segment } from '../design/text.js';

export const GIVEN = ['lobby', 'help', 'off-topic']; // rooms that are offered to everybody
const MAX_ROOM = 40;
const MAX_USER = 128; // bytes of a user's name
export const MAX_TEXT = 8_000; // characters in one message: far below what a server takes, in any script

/** A room's name out of what was typed: '' where none remains. */
export function cleanRoom(typed) {
  const name = typed.replace(/[\p{C}\s]+/gu, ' ').replace(/^[\s#/]+|[\s/]+$/g, '');
  return [...name].slice(0, MAX_ROOM).join('').replace(/[\s/]+$/, '');
}

/** The place that an address asks for: `?with=PERSON` or `?room=ROOM`, else the lobby. */
export function placeOf(address) {
  const query = new URL(address, 'http://localhost/').searchParams;
  const person = query.get('with');
  if (person !== null && !/\p{Cc}/u.test(person) && new TextEncoder().encode(person).length <= MAX_USER) return `@${person}`;
  return `#${cleanRoom(query.get('room') ?? '') || GIVEN[0]}`;
}

/** `#lobby` is the room of that name, `@Ann` the conversation with that person; `@` alone, what came from nobody that is named. */
export const isRoom = (place) => place[0] === '#';
export const nameOf = (place) => place.slice(1);
export const addressOf = (place) => `?${isRoom(place) ? 'room' : 'with'}=${encodeURIComponent(nameOf(place))}`;

/** The command that says something at this place from a terminal, up to the path, and the path. */
export function terminalLine(origin, place) {
  return [`curl -d 'hello' ${origin}`, `${isRoom(place) ? '/channels/chat:' : '/users/'}${segment(nameOf(place))}`];
}

// Not in an address: blanks, quotes and brackets of markup, and what turns the direction of the text round, which shows another one.
const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u0000-\u001f\u007f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi;

/** A text in parts, [{ text, href? }]: what is plainly an http or https address has a `href`. */
export function linked(text) {
  const parts = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = trimmed(found);
    const href = hrefOf(address);
    if (!href) continue;
    if (index > from) parts.push({ text: text.slice(from, index) });
    parts.push({ text: address, href });
    from = index + address.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

// The sentence's own marks behind an address are not of it, nor is a bracket that was opened before it. Each character is looked at
// twice at most: a message may be one long row of brackets.
const OPENED_BY = { ')': '(', ']': '[', '}': '{' };

function trimmed(found) {
  const open = { '(': 0, '[': 0, '{': 0 }; // those without their partner, less the partners without them
  for (const c of found) {
    if (c in open) open[c] += 1;
    else if (OPENED_BY[c]) open[OPENED_BY[c]] -= 1;
  }
  let end = found.length;
  for (; end > 0; end--) {
    const last = found[end - 1];
    const isUnpaired = open[OPENED_BY[last]] < 0;
    if (isUnpaired) open[OPENED_BY[last]] += 1;
    else if (!/[.,;:!?…*_~|]/.test(last)) break;
  }
  return found.slice(0, end);
}

function hrefOf(address) {
  try {
    const { protocol, username, password, hostname, href } = new URL(address);
    const isPlain = !username && !password; // in `https://bank.example@evil.example/` the first name is nobody's
    return /^https?:$/.test(protocol) && hostname && isPlain ? href : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a text is a few emoji and nothing else. */
export const isEmoji = (text) => text.length <= 40 && /^(?:[\p{Extended_Pictographic}\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f3ff}\u200d\ufe0f\u20e3]|\s)+$/u.test(text)
  && /[\p{Extended_Pictographic}\u{1f1e6}-\u{1f1ff}]/u.test(text);

/** `Ann`, `Ann and Ben`, `Ann, Ben and 3 others` */
export function listOf(names, most = 3) {
  const shown = names.length > most ? names.slice(0, most - 1) : names;
  const rest = names.length - shown.length;
  const parts = rest ? [...shown, `${rest} others`] : shown;
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** What the log says where messages are lost; nobody knows how many after the server has begun anew. */
export const gapText = (missed) => (missed === undefined
  ? 'The server has begun anew and has forgotten what was said before. What stands above is only on this screen.'
  : `${count(missed, 'message is', 'messages are')} missing here: the server no longer keeps ${missed === 1 ? 'it' : 'them'}.`);

/** What has become of a message that is not at its place yet. */
export function fateText({ problem, isSent }, isOnline) {
  if (!problem) return isOnline ? 'sending' : 'waits for the connection';
  const { code, reason } = problem;
  if (isSent) return `sent, but without a copy for your other windows (${reason})`;
  if (reason === 'in-doubt') return 'not confirmed for so long that it may be there or not';
  if (reason === 'left') return 'not confirmed when this page was left: it may be there or not';
  if (reason === 'renamed') return 'not confirmed under your old name: it may be there or not';
  if (reason === 'full') return 'not sent: too much waits already';
  if (code === 413) return 'not sent: longer than this server takes';
  return `not sent: ${reason}${code ? ` (${code})` : ''}`;
}

/** Today, Yesterday, or the date. */
export function dayText(time, now, locale) {
  const day = new Date(time), today = new Date(now), yesterday = new Date(now);
  yesterday.setDate(today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return 'Today';
  if (day.toDateString() === yesterday.toDateString()) return 'Yesterday';
  const year = day.getFullYear() === today.getFullYear() ? undefined : 'numeric';
  return new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', year }).format(day);
}
