// SPDX-License-Identifier: MIT
// Where one writes. Each place has its own draft, which outlives a reload.

import { byId, setText } from '../design/dom.js';
import { bindMessage } from '../design/textarea.js';
import { keepDraft, keptDrafts } from './keep.js';
import { MAX_TEXT } from './words.js';

const TELL_FROM = 0.9; // of the longest text: from here on it is told how much is left

/** `send(text)`; `writing()`: the visitor types. Gives what turns it to another place. */
export function openComposer({ send, writing }) {
  const form = byId('composer'), message = byId('message'), hint = byId('composer-hint');
  const drafts = keptDrafts();
  const fit = bindMessage(message);
  let place;

  function tellLength() {
    const length = message.value.trim().length;
    const isLong = length > MAX_TEXT;
    hint.hidden = length < MAX_TEXT * TELL_FROM;
    hint.classList.toggle('bad', isLong);
    if (isLong) message.setAttribute('aria-invalid', 'true');
    else message.removeAttribute('aria-invalid');
    setText(hint, `${length.toLocaleString('en')} of ${MAX_TEXT.toLocaleString('en')} characters${isLong ? ': too long for one message' : ''}`);
  }

  function fill(text) {
    message.value = text;
    fit();
    tellLength();
  }

  function keep() {
    drafts[place.id] = message.value;
    keepDraft(place.id, message.value);
  }

  message.addEventListener('input', () => {
    keep();
    tellLength();
    if (message.value.trim()) writing();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    message.focus();
    const text = message.value.trim();
    if (!text || text.length > MAX_TEXT) return;
    fill('');
    keep();
    send(text);
  });

  return {
    turn(next) {
      const isOther = place?.id !== next.id;
      place = next;
      form.hidden = !place.name;
      if (!isOther) return;
      const to = `${place.isRoom ? 'in' : 'to'} ${place.shown}`;
      setText(byId('message-label'), `Message ${to}`);
      message.placeholder = `Write ${to}`;
      fill(drafts[place.id] ?? '');
    },
    focus: () => message.focus(),
  };
}
