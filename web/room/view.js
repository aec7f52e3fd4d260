// SPDX-License-Identifier: MIT
// The room on the screen: the log, what is on its way, the composer. Knows nothing of the network. Everything that came from
// outside goes in as text, never as markup.

import { badge, byId, element, toneOf } from '../design/dom.js';
import { followEnd } from '../design/follow.js';
import { count, describeBytes } from '../design/text.js';
import { bindMessage } from '../design/textarea.js';
import { fateOf, parse } from './words.js';

const MAX_ENTRIES = 500; // a flooded room must not fill the browser's memory
const LONG_TEXT = 2_000; // longer ones are folded: one message must not push the room off the screen
const SAME_BREATH_MS = 120_000; // lines of one speaker within this stand under one name

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** @param {{say(text: string): boolean, sayAgain(id: number): void, discard(id: number): void}} actions */
export function openView({ say, sayAgain, discard }) {
  const log = byId('log');
  const messages = byId('messages');
  const newer = byId('newer');
  const end = followEnd(log, newer);
  const entries = new Map(); // by their cursors
  const spoken = new WeakMap(); // who said an entry, and when
  const mine = new Set(); // cursors of what we said and have not seen yet
  const times = new Map(); // by cursors, of what is still to come

  bindComposer();

  function bindComposer() {
    const message = byId('message');
    const fit = bindMessage(message);
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      const text = message.value.trim();
      if (text === '') return message.focus();
      if (say(text)) message.value = '';
      else showNotice('Too many messages wait already; try again once the connection is back.');
      fit();
      end.toEnd();
      message.focus();
    });
  }

  // ---- the log

  function showMessage({ cursor, data, time }) {
    const isText = typeof data === 'string';
    const { name, text } = isText ? parse(data) : { name: null, text: describeBytes(data) };
    const speaker = name ?? (isText ? 'someone in a terminal' : 'someone, in binary');
    const stamp = element('time');
    const entry = element('li', { className: `message ${name === null ? 'from-terminal' : `tone-${toneOf(name)}`}` },
      name === null ? element('span', { className: 'badge', aria: { hidden: 'true' } }, isText ? '>_' : '01') : badge(name),
      element('p', { className: 'who' }, element('span', { className: 'name' }, speaker), stamp),
      body(text || '(empty)'));
    entries.set(cursor, entry);
    spoken.set(entry, { cursor, stamp, speaker, isNamed: name !== null, isMine: false });
    setTime(entry, time ?? times.get(cursor));
    append(entry);
    if (mine.delete(cursor)) setMine(entry);
    nod();
  }

  /** What stands there is ours. It may be on the screen already, or come a moment later. */
  function claim(cursor) {
    if (entries.has(cursor)) setMine(entries.get(cursor));
    else mine.add(cursor);
  }

  function setMine(entry) {
    spoken.get(entry).isMine = true;
    entry.classList.add('mine');
    spoken.get(entry).stamp.before(element('span', { className: 'you' }, 'you'));
    regroup(entry);
  }

  function setTime(entry, time) {
    const said = spoken.get(entry);
    said.time = time ? new Date(time) : new Date();
    said.stamp.dateTime = said.time.toISOString();
    said.stamp.textContent = clock.format(said.time);
  }

  /** When it was said, where we know better by now. */
  function showTimes(published) {
    times.clear();
    for (const { cursor, time } of published) {
      const entry = entries.get(cursor);
      if (!entry) times.set(cursor, time);
      else {
        setTime(entry, time);
        regroup(entry);
      }
    }
  }

  // An entry stands under the name of the one before it where the same speaker goes on.
  function regroup(entry) {
    for (const each of [entry, entry.nextElementSibling]) {
      const [one, before] = [spoken.get(each), spoken.get(each?.previousElementSibling)];
      each?.classList.toggle('same', Boolean(one && before) && one.speaker === before.speaker && one.isNamed === before.isNamed
        && one.isMine === before.isMine && one.time - before.time < SAME_BREATH_MS);
    }
  }

  /** A remark of the page itself, between the messages. */
  function showNotice(text) {
    append(element('li', { className: 'notice' }, text));
  }

  function append(entry) {
    const isAtEnd = end.look();
    messages.append(entry);
    if (messages.childElementCount > MAX_ENTRIES) {
      entries.delete(spoken.get(messages.firstElementChild)?.cursor);
      messages.firstElementChild.remove();
      regroup(messages.firstElementChild);
    }
    regroup(entry);
    byId('empty').hidden = true;
    if (isAtEnd) end.toEnd();
    else newer.hidden = false;
  }

  // The bird over the room dips its bill for a message.
  function nod() {
    const head = document.querySelector('.bird-head');
    head.classList.remove('nod');
    requestAnimationFrame(() => head.classList.add('nod'));
  }

  // ---- what is on its way

  function showOutbox(items, isOnline) {
    byId('outbox').replaceChildren(...items.map(({ id, text, problem }) => element('li',
      { className: `outgoing ${problem ? 'refused' : isOnline ? 'sending' : 'waiting'}` },
      element('span', { className: 'outgoing-text' }, parse(text).text),
      element('span', { className: 'outgoing-state' }, fateOf(problem, isOnline)),
      problem && button('Send again', () => sayAgain(id)),
      problem && button('Discard', () => discard(id)))));
  }

  return {
    showMessage,
    showNotice,
    showOutbox,
    showTimes,
    claim,
    /** What the room keeps is all here: what comes now is read out, and a room without words says so. */
    showRoom() {
      log.setAttribute('aria-live', 'polite');
      byId('empty').hidden = messages.childElementCount > 0;
    },
    /** Whether nothing was shown so far. */
    isEmpty: () => messages.childElementCount === 0,
  };
}

function button(label, action) {
  const made = element('button', { type: 'button', className: 'quiet' }, label);
  made.addEventListener('click', action);
  return made;
}

function body(text) {
  const made = element('div', { className: 'text', dir: 'auto' }, text);
  if (text.length <= LONG_TEXT) return made;
  made.textContent = `${text.slice(0, LONG_TEXT)}… `;
  made.append(button(`Show all ${count(text.length, 'character')}`, () => { made.textContent = text; }));
  return made;
}
