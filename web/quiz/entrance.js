// SPDX-License-Identifier: MIT
// The way in: by code and name, or with a quiz of one's own.

import { byId, element } from '../design/dom.js';
import { bindName } from '../design/name.js';
import { count } from '../design/text.js';
import { newGame } from './game.js';
import * as memory from './memory.js';
import { cleanCode, makeId, nameOf } from './names.js';
import { SAMPLES } from './samples.js';

/** `code`: the quiz that one is invited to; `isInvited`: then hosting is not in question; `play(code, me)` begins. */
export function openEntrance({ code = '', isInvited = false, notice = '', play }) {
  const typed = byId('join-code'), wrong = byId('join-error');
  byId('entrance-notice').textContent = notice;
  byId('entrance-notice').hidden = !notice;
  byId('host-card').hidden = isInvited;
  typed.value = code;
  if (isInvited) {
    byId('code-field').hidden = true;
    byId('join-title').textContent = `Join quiz ${code}`;
  }
  const name = bindName(byId('join-name'));

  byId('join-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const wanted = cleanCode(typed.value);
    typed.setAttribute('aria-invalid', String(!wanted));
    wrong.textContent = wanted ? '' : 'The code has five letters. It is shown where the quiz is hosted.';
    if (!wanted) return typed.focus();
    const before = await memory.whoAmI(wanted);
    return play(wanted, before && nameOf(before.user) === name() ? before : memory.becomePlayer(wanted, name()));
  });

  byId('new-quiz').addEventListener('click', () => {
    const questions = memory.questionsOf();
    const quiz = newGame(makeId(), questions.length ? questions : structuredClone(SAMPLES));
    memory.keeper(quiz);
    location.assign(`?host=${quiz.code}`);
  });
  byId('kept').replaceChildren(...memory.allHosted().map(({ code: each, questions, kept }) =>
    element('li', {}, element('a', { href: `?host=${each}` }, `Go on with ${each}`),
      element('span', { className: 'hint' }, `${count(questions.length, 'question')}, ${new Date(kept).toLocaleString()}`))));
}
