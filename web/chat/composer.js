// SPDX-License-Identifier: MIT
// Where one writes: Enter sends, Shift and Enter make a line, and the Enter that ends an input method's word does neither. Each
// place has its own draft, which outlives a reload.

import { byId, setText } from '../design/dom.js';
import { keepDraft, keptDrafts } from './keep.js';
import { MAX_TEXT } from './words.js';

const TELL_FROM = 0.9; // of the longest text: from here on it is told how much is left

/** `send(text)`; `writing()`: the visitor types. Gives what turns it to another place. */
export function openComposer({ send, writing }) {
  const form = byId('composer'), message = byId('message'), hint = byId('composer-hint');
  const drafts = keptDrafts();
  let place;

  function fit() {
    message.style.height = 'auto';
    message.style.height = `${message.scrollHeight + message.offsetHeight - message.clientHeight}px`;
    const length = message.value.trim().length;
    const isLong = length > MAX_TEXT;
    hint.hidden = length < MAX_TEXT * TELL_FROM;
    hint.classList.toggle('bad', isLong);
    if (isLong) message.setAttribute('aria-invalid', 'true');
    else message.removeAttribute('aria-invalid');
    setText(hint, `${length.toLocaleString('en')} of ${MAX_TEXT.toLocaleString('en')} characters${isLong ? ': too long for one message' : ''}`);
  }

  function keep() {
    drafts[place.id] = message.value;
    keepDraft(place.id, message.value);
  }

  message.addEventListener('input', () => {
    keep();
    fit();
    if (message.value.trim()) writing();
  });
  message.addEventListener('keydown', (event) => {
    // 229: Safari ends the word before it tells of the key
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    message.focus();
    const text = message.value.trim();
    if (!text || text.length > MAX_TEXT) return;
    message.value = '';
    keep();
    fit();
    send(text);
  });

  return {
    turn(next) {
      const isOther = place?.id !== next.id;
      place = next;
      form.hidden = !place.name;
      if (!isOther) return;
      const to = place.isRoom ? `in ${place.name}` : `to ${place.name}`;
      setText(byId('message-label'), `Message ${to}`);
      message.placeholder = `Write ${to}`;
      message.value = drafts[place.id] ?? '';
      fit();
    },
    focus: () => message.focus(),
  };
}
