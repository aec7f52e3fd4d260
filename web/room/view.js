// SPDX-License-Identifier: MIT
// The room on the screen: the log, the state, what is on its way, the composer. Knows nothing of the network. Everything that
// came from outside goes in as text, never as markup.

import { describeBytes, parse } from './words.js';

const MAX_ENTRIES = 500; // a flooded room must not fill the browser's memory
const LONG_TEXT = 2_000; // longer ones are folded: one message must not push the room off the screen
const TONES = 8;
const SAME_BREATH_MS = 120_000; // lines of one speaker within this stand under one name
const STATES = { connecting: 'Connecting', live: 'Connected', waiting: 'Disconnected', stopped: 'Closed' };
const OUTGOING = {
  queued: 'waits for the connection',
  sent: 'sending',
  unsure: 'not confirmed: the connection was lost',
  refused: 'not sent: longer than this server takes',
};

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const byId = (id) => document.getElementById(id);

export class View {
  #log = byId('log');
  #messages = byId('messages');
  #outbox = byId('outbox');
  #newer = byId('newer');
  #room = document.querySelector('.room');
  #countdown = 0;
  #last = null; // who spoke last, and when
  #isFollowing = true; // the end of the log is in sight, and is to stay so
  #actions;

  /** @param {{send(text: string): boolean, retry(): void, sendAgain(id: number): void, discard(id: number): void}} actions */
  constructor(actions) {
    this.#actions = actions;
    byId('retry').addEventListener('click', () => actions.retry());
    this.#newer.addEventListener('click', () => this.#scrollToEnd());
    this.#log.addEventListener('scroll', () => {
      this.#isFollowing = this.#isAtEnd();
      if (this.#isFollowing) this.#newer.hidden = true;
    });
    new ResizeObserver(() => this.#isFollowing && this.#scrollToEnd()).observe(this.#log);
    this.#wireComposer();
  }

  /** A publication, whoever sent it by whatever way. */
  showPublication(payload, time, mine) {
    const isText = typeof payload === 'string';
    const { name, text } = isText ? parse(payload) : { name: null, text: describeBytes(payload) };
    const speaker = name ?? (isText ? 'someone in a terminal' : 'someone, in binary');
    const key = `${name === null}:${speaker}:${mine}`;
    const isSame = this.#last?.key === key && time - this.#last.time < SAME_BREATH_MS;
    this.#last = { key, time };

    const entry = element('li', { className: 'message' });
    entry.classList.add(name === null ? 'from-terminal' : `tone-${toneOf(name)}`);
    entry.classList.toggle('same', isSame);
    entry.classList.toggle('mine', mine);
    entry.append(badge(name, isText), this.#header(speaker, time, mine), body(text || '(empty)'));
    this.#append(entry);
    this.#nod();
  }

  /** A remark of the page itself, between the messages. */
  showNotice(text) {
    this.#last = null;
    this.#append(element('li', { className: 'notice', textContent: text }));
  }

  /** Whether nothing was shown so far. */
  get isEmpty() {
    return this.#messages.childElementCount === 0;
  }

  /** @param {{is: string, until?: number, reason?: string}} state  as Connection tells it */
  showState({ is, until, reason }) {
    clearInterval(this.#countdown);
    // An attempt that follows a loss is still the loss to whoever looks or listens, until it succeeds.
    const isRetry = is === 'connecting' && this.#room.dataset.state === 'waiting';
    if (isRetry) return setText(byId('state-wait'), ', trying now');

    this.#room.dataset.state = is;
    setText(byId('state-text'), STATES[is]);
    setText(byId('state-wait'), '');
    byId('retry').hidden = is !== 'waiting' && is !== 'stopped';
    byId('empty').hidden = is !== 'live' || !this.isEmpty;
    if (is === 'waiting') {
      this.#showWait(until);
      this.#countdown = setInterval(() => this.#showWait(until), 250);
    }
    // What stood in the history is not read out, what is said from now on is.
    if (is === 'live') this.#log.setAttribute('aria-live', 'polite');
    if (is === 'stopped') this.showNotice(`Not connected: ${reason}.`);
  }

  /** What we sent and have not seen come back. */
  showOutbox(items) {
    this.#outbox.replaceChildren(...items.map((item) => this.#outgoing(item)));
  }

  #wireComposer() {
    const form = byId('composer');
    const message = byId('message');
    const fit = () => {
      message.style.height = 'auto';
      message.style.height = `${message.scrollHeight + message.offsetHeight - message.clientHeight}px`;
    };
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = message.value.trim();
      if (text === '') return message.focus();
      if (this.#actions.send(text)) message.value = '';
      else this.showNotice('Too many messages wait already; try again once the connection is back.');
      fit();
      this.#scrollToEnd();
      message.focus();
    });
    message.addEventListener('input', fit);
    message.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
  }

  #showWait(until) {
    const seconds = Math.max(1, Math.ceil((until - Date.now()) / 1000));
    setText(byId('state-wait'), `, trying again in ${seconds} s`);
  }

  #header(speaker, time, mine) {
    const header = element('p', { className: 'who' });
    header.append(element('span', { className: 'name', textContent: speaker }));
    if (mine) header.append(element('span', { className: 'you', textContent: 'you' }));
    header.append(element('time', { dateTime: time.toISOString(), textContent: clock.format(time) }));
    return header;
  }

  #outgoing(item) {
    const entry = element('li', { className: `outgoing ${item.is}` });
    entry.append(
      element('span', { className: 'outgoing-text', textContent: parse(item.text).text }),
      element('span', { className: 'outgoing-state', textContent: OUTGOING[item.is] }),
    );
    if (item.is === 'unsure')
      entry.append(button('Send again', () => this.#actions.sendAgain(item.id)));
    if (item.is === 'unsure' || item.is === 'refused')
      entry.append(button('Discard', () => this.#actions.discard(item.id)));
    return entry;
  }

  #append(entry) {
    this.#isFollowing = this.#isAtEnd(); // a scroll is told of only with the next frame
    byId('empty').hidden = true;
    this.#messages.append(entry);
    if (this.#messages.childElementCount > MAX_ENTRIES) {
      this.#messages.firstElementChild.remove();
      this.#messages.firstElementChild.classList.remove('same');
    }
    if (this.#isFollowing) this.#scrollToEnd();
    else this.#newer.hidden = false;
  }

  #isAtEnd() {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 40;
  }

  #scrollToEnd() {
    this.#isFollowing = true;
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#newer.hidden = true;
  }

  // The bird over the room dips its bill for a message.
  #nod() {
    const head = document.querySelector('.bird-head');
    head.classList.remove('nod');
    requestAnimationFrame(() => head.classList.add('nod'));
  }
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

function button(label, action) {
  const made = element('button', { type: 'button', className: 'quiet', textContent: label });
  made.addEventListener('click', action);
  return made;
}

// A live region speaks whenever it is written to; so it is written to only when the words change.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function badge(name, isText) {
  const mark = name === null ? (isText ? '>_' : '01') : [...name][0].toUpperCase();
  const made = element('span', { className: 'badge', textContent: mark });
  made.setAttribute('aria-hidden', 'true');
  return made;
}

function body(text) {
  const made = element('div', { className: 'text', dir: 'auto', textContent: text });
  if (text.length <= LONG_TEXT) return made;
  made.textContent = `${text.slice(0, LONG_TEXT)}… `;
  made.append(button(`Show all ${text.length.toLocaleString('en')} characters`, () => (made.textContent = text)));
  return made;
}

function toneOf(name) {
  let sum = 0;
  for (const c of name) sum = (sum * 31 + c.codePointAt(0)) % 65521;
  return sum % TONES;
}
