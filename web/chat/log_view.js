// SPDX-License-Identifier: MIT
// The log on the page: messages under their authors' names, days, remarks; follows its end as long as that is in sight. What came
// from outside goes in as text; of it only plain http and https addresses become links.

import { byId, element, setText, toneOf } from '../design/dom.js';
import { followEnd } from '../design/follow.js';
import { shownName } from '../design/name.js';
import { count, describeBytes } from '../design/text.js';
import { keyed } from './keyed.js';
import { markOf } from './lists.js';
import { arrange } from './log.js';
import { addressOf, dayText, fateText, isEmoji, linked, listOf } from './words.js';

const LONG_TEXT = 2_000; // longer ones are folded: one message must not push the room off the screen
const LONG_LINES = 24;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** `actions`: { retry, discard } of an entry; `scrolled`: told when the end has come in sight. */
export function openLogView({ actions, scrolled }) {
  const log = byId('log'), list = byId('messages'), newer = byId('newer');
  const end = followEnd(log, newer, scrolled);
  let shown, firstNew, isOnline = false, user;

  /** What is read out: what comes to a place that is looked at, and neither its history nor another place. */
  function speak(isSettled) {
    const live = isSettled ? 'polite' : 'off';
    if (log.getAttribute('aria-live') !== live) log.setAttribute('aria-live', live);
  }

  function paint(place, state) {
    ({ isOnline, user } = state);
    const isOther = shown !== place;
    const isSettled = !isOther && state.isLoaded && log.dataset.loaded === 'yes';
    const entries = place.log.entries();
    if (isOther) list.replaceChildren();
    if (!isSettled) {
      shown = place;
      speak(false);
      firstNew = state.hasRead ? entries.find(({ isUnread }) => isUnread) : undefined;
      log.setAttribute('aria-label', `Messages ${place.isRoom ? 'in' : 'with'} ${place.shown || 'nobody in particular'}`);
    } else end.look();
    const last = list.lastElementChild;
    keyed(list, arrange(entries, firstNew), { make, update });
    if (!isSettled) begin();
    else if (end.isFollowing()) end.toEnd();
    else if (list.lastElementChild !== last) newer.hidden = false;
    setText(newer.firstElementChild, place.log.unread ? count(place.log.unread, 'new message') : 'New messages');
    log.dataset.loaded = state.isLoaded ? 'yes' : 'no';
    if (!isSettled && state.isLoaded) setTimeout(() => shown === place && speak(true), 100); // when that has been painted
    showEmpty(place, state, entries.length);
  }

  /** A place begins at its end, or where the unread begins if that is further up. */
  function begin() {
    end.toEnd();
    const line = list.querySelector('.new-line');
    if (line && line.offsetTop < log.scrollTop) {
      log.scrollTop = line.offsetTop - 8;
      end.look();
    }
  }

  function showEmpty({ isRoom, shown: name }, { isLoaded }, n) {
    byId('empty').hidden = n > 0 || (!isLoaded && isOnline);
    setText(byId('empty-title'), !isLoaded ? 'Not connected yet.' : 'It is quiet here.');
    setText(byId('empty-hint'), !isLoaded ? 'What was said here comes with the connection.'
      : isRoom ? 'Say something, open this page in a second window, or send a line from a terminal.'
        : name ? `What you write here goes to ${name} alone, and waits for them if they are away.` : '');
  }

  // ---- lines

  function make({ kind, entry }) {
    if (kind === 'day') return element('li', { className: 'day' }, element('span'));
    if (kind === 'new') return element('li', { className: 'new-line' }, element('span', {}, 'New'));
    if (kind === 'people') return element('li', { className: 'people-line' });
    if (kind === 'gap') return element('li', { className: 'notice', textContent: entry.text });
    const node = element('li', { className: 'message' });
    node.body = body(entry);
    return node;
  }

  function update(node, { kind, entry, isSame }) {
    if (kind === 'day') setText(node.firstChild, dayText(entry.time, Date.now()));
    if (kind === 'people') setText(node, peopleText(entry));
    if (kind !== 'message') return;
    const fate = entry.cursor ? '' : fateText(entry, isOnline);
    const look = JSON.stringify([isSame, entry.time, fate]);
    if (node.look === look) return;
    node.look = look;
    const tone = entry.from ? `tone-${toneOf(entry.from)}` : 'nameless';
    node.className = ['message', tone, isSame && 'same', entry.from === user && 'mine', fate && 'pending', entry.problem && 'failed'].filter(Boolean).join(' ');
    node.replaceChildren(...(isSame ? [under(entry)] : [markOf(entry.from), head(entry)]), node.body, ...(fate ? [foot(entry, fate)] : []));
  }

  const speaker = ({ from }) => (from ? shownName(from) : 'someone in a terminal');
  const timeOf = (time) => element('time', { dateTime: new Date(time).toISOString(), title: calendar.format(time) }, clock.format(time));

  function head(entry) {
    const isOther = entry.from && entry.from !== user;
    const name = isOther
      ? element('a', { className: 'name', href: addressOf(`@${entry.from}`), title: `Write to ${speaker(entry)} alone` }, speaker(entry))
      : element('span', { className: 'name' }, speaker(entry));
    return element('p', { className: 'who' }, name, entry.from === user ? element('span', { className: 'you' }, 'you') : null, timeOf(entry.time));
  }

  /** Under the name of the message before: seen by its place, but said to who does not see. */
  const under = (entry) => element('p', { className: 'who' }, element('span', { className: 'visually-hidden' }, speaker(entry)), timeOf(entry.time));

  function foot(entry, fate) {
    const button = (label, act) => {
      const made = element('button', { type: 'button', className: 'quiet' }, label);
      made.addEventListener('click', () => {
        act(entry);
        byId('message').focus();
      });
      return made;
    };
    return element('p', { className: 'fate' }, element('span', {}, fate),
      ...(entry.problem ? [button(entry.isSent ? 'Copy again' : 'Send again', actions.retry), button('Discard', actions.discard)] : []));
  }

  return { paint, toEnd: end.toEnd, isFollowing: end.isFollowing };
}

function peopleText({ joined, left }) {
  const tell = (names) => listOf(names.map(shownName), 5);
  return [joined.length && `${tell(joined)} joined`, left.length && `${tell(left)} left`].filter(Boolean).join(' · ');
}

function body({ data, event }) {
  const isText = typeof data === 'string';
  const text = isText ? data : describeBytes(data);
  const made = element('div', { className: 'text', dir: 'auto' });
  if (event && event !== 'say') made.append(element('span', { className: 'event', title: 'The name of this event' }, shownName(event)), ' ');
  if (!isText) made.classList.add('bytes');
  if (!text) made.append(element('span', { className: 'nothing' }, '(empty)'));
  if (isEmoji(text)) made.classList.add('emoji');
  const start = short(text);
  if (start === text) return withLinks(made, text);
  const rest = element('button', { type: 'button', className: 'quiet' }, `Show all ${count(text.length, 'character')}`);
  const cut = withLinks(element('span'), `${start}… `);
  rest.addEventListener('click', () => {
    cut.remove();
    rest.remove();
    withLinks(made, text);
  });
  made.append(cut, rest);
  return made;
}

function short(text) {
  const lines = text.split('\n', LONG_LINES + 1);
  const few = lines.length > LONG_LINES ? lines.slice(0, LONG_LINES).join('\n') : text;
  return few.length > LONG_TEXT ? few.slice(0, LONG_TEXT).replace(/[\ud800-\udbff]$/, '') : few;
}

function withLinks(node, text) {
  for (const { text: part, href } of linked(text))
    node.append(href ? element('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, part) : part);
  return node;
}
