// SPDX-License-Identifier: MIT
// The host's face, made for a projector: the question and its bars, what comes next on one button, and who is there.

import { badge, byId, element, setText } from '../design/dom.js';
import { count } from '../design/text.js';
import { openEditor } from './editor.js';
import { wantsOf } from './format.js';
import * as game from './game.js';
import { byName, nameOf } from './names.js';
import { paintBars, paintClock, paintRanking, say } from './parts.js';

const SHOWN_PEOPLE = 300;
const LONG = 240; // letters of a question and its answers: more do not fit on a projector in the largest type

export function hostView(g, quiz, hosting) {
  const go = byId('go'), bars = byId('bars'), wrong = byId('host-error'), again = byId('host-again');
  const link = `${location.origin}/quiz/?join=${quiz.code}`;
  byId('host-code').replaceChildren(element('span', { className: 'visually-hidden' }, [...quiz.code].join(' ')), element('span', { aria: { hidden: 'true' } }, quiz.code));
  byId('host-link').href = link;
  byId('host-link').textContent = link.replace(/^https?:\/\//, '');
  const editor = openEditor(quiz, () => {
    wrong.textContent = '';
    hosting.edited();
    paint();
  });
  let told = '', people = '', ranked = '';
  let phase = '', isSure = false;

  byId('copy-link').addEventListener('click', async ({ target }) => {
    let isDone = true;
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      isDone = false; // refused, or no secure page: marked for copying by hand
      getSelection().selectAllChildren(byId('host-link'));
    }
    setText(target, isDone ? 'Copied' : 'Press Ctrl+C to copy');
    say(target.textContent);
    setTimeout(setText, 2000, target, 'Copy the link');
  });

  // Another button by its second click, or while a key is held: neither is meant.
  go.addEventListener('keydown', (event) => event.repeat && event.preventDefault());
  go.addEventListener('click', ({ detail }) => {
    if (detail > 1) return;
    if (quiz.phase === 'open') hosting.close();
    else if (quiz.phase === 'closed' && game.isLast(quiz)) hosting.finish();
    else begin();
  });

  function begin() {
    const at = quiz.questions.findIndex((each) => wantsOf(each));
    if (!quiz.questions.length) wrong.textContent = 'There is no question yet.';
    else if (at >= 0) {
      wrong.textContent = `Question ${at + 1} cannot be asked: ${wantsOf(quiz.questions[at])}.`;
      editor.show(at);
    } else hosting.put();
  }

  // In the middle of a quiz it takes two presses: the points are gone then.
  again.addEventListener('click', () => {
    isSure = isSure || quiz.phase === 'end';
    if (isSure) hosting.restart();
    isSure = !isSure;
    paintGo();
  });
  again.addEventListener('blur', () => {
    isSure = false;
    paintGo();
  });

  function tell(key, words) {
    if (told === key) return;
    told = key;
    say(words);
  }

  const person = (user) => element('li', { className: 'person', dataset: { user } }, badge(nameOf(user)), element('span', { className: 'person-name' }, nameOf(user)),
    element('span', { className: 'tick', hidden: true }, element('span', { className: 'visually-hidden' }, 'has answered'), element('span', { aria: { hidden: 'true' } }, '✓')));

  function paintPeople() {
    const list = byId('people');
    const users = [...hosting.present].sort((a, b) => byName(nameOf(a), nameOf(b)) || (a < b ? -1 : 1));
    setText(byId('people-count'), String(users.length));
    const key = JSON.stringify(users);
    if (key !== people) {
      people = key;
      list.replaceChildren(...users.slice(0, SHOWN_PEOPLE).map(person));
      if (!users.length) list.append(element('li', { className: 'empty' }, 'Nobody yet. Those who join appear here.'));
      else if (users.length > SHOWN_PEOPLE) list.append(element('li', { className: 'hint' }, `and ${users.length - SHOWN_PEOPLE} more`));
    }
    for (const item of list.querySelectorAll('.person')) {
      const isWaited = !(quiz.phase === 'open' && quiz.answers.has(item.dataset.user));
      if (item.lastChild.hidden !== isWaited) item.lastChild.hidden = isWaited;
    }
  }

  function paintAsked() {
    const { phase } = quiz;
    const asked = game.question(quiz), step = `Question ${quiz.at + 1} of ${quiz.questions.length}`;
    const isAsking = phase === 'open' || phase === 'closed';
    byId('host').dataset.phase = phase;
    byId('editor').hidden = phase !== 'lobby';
    bars.hidden = !isAsking;
    setText(byId('host-step'), isAsking ? `${step}${phase === 'closed' ? ': closed' : ''}` : count(quiz.questions.length, 'question'));
    setText(byId('host-asked'), isAsking ? asked.text : phase === 'lobby' ? 'Your questions' : 'Results');
    byId('stage').classList.toggle('long', isAsking && asked.text.length + asked.options.join('').length > LONG);
    if (isAsking) paintBars(bars, { key: quiz.round, options: asked.options, counts: game.countsOf(quiz), right: phase === 'closed' ? asked.right : undefined });
    const tally = `${quiz.answers.size} of ${hosting.of} answered`;
    setText(byId('tally'), isAsking ? tally : phase === 'end' ? `${count(quiz.players.size, 'player')}, ${count(quiz.questions.length, 'question')}` : count(hosting.present.size, 'player') + ' here');
    if (phase === 'open') {
      tell(`${quiz.round} put`, `${step}: ${asked.text}`);
      if (hosting.of > 0 && quiz.answers.size === hosting.of && told === `${quiz.round} put`) tell(`${quiz.round} all`, `All ${hosting.of} have answered.`);
    } else if (phase === 'closed') tell(`${quiz.round} closed`, `Closed. Right is ${asked.right + 1}, ${asked.options[asked.right]}: ${count(game.countsOf(quiz)[asked.right], 'answer')} of ${quiz.answers.size}.`);
    else if (phase === 'end') tell('end', 'Results.');
  }

  function paintRanks() {
    const list = byId('host-ranking');
    list.hidden = quiz.phase !== 'end' && quiz.phase !== 'closed';
    const key = `${quiz.phase} ${quiz.round}`;
    if (key === ranked) return;
    ranked = key;
    if (list.hidden) list.replaceChildren();
    else paintRanking(list, { all: game.places(game.rows(quiz)) }, { hasGains: quiz.phase === 'closed', isShort: quiz.phase === 'closed' });
  }

  function paintGo() {
    const isOnline = g.state === 'online';
    const words = {
      lobby: 'Ask the first question',
      open: !hosting.isClosing ? 'Close the question' : isOnline ? 'Closing …' : 'Closing when the connection is back …',
      closed: game.isLast(quiz) ? 'Show the results' : 'Next question',
      end: '',
    };
    if (phase !== quiz.phase) {
      phase = quiz.phase;
      isSure = false;
    }
    const hadFocus = document.activeElement === go || document.activeElement === again;
    // What is put without a connection would reach nobody, and its time would run all the same. Closing waits by itself.
    go.disabled = hosting.isClosing || (phase !== 'open' && !isOnline);
    setText(go, go.disabled && !hosting.isClosing ? 'Waiting for the connection …' : words[phase]);
    go.hidden = phase === 'end';
    again.hidden = phase !== 'end' && (phase !== 'closed' || game.isLast(quiz));
    setText(again, phase === 'end' ? 'Play again' : isSure ? 'Really? All points will be gone' : 'Start over');
    again.disabled = !isOnline;
    if (hadFocus && document.activeElement !== go && document.activeElement !== again) (go.hidden ? byId('host-asked') : go).focus();
  }

  function paintTime() {
    const left = quiz.phase === 'open' ? game.timeLeft(quiz, Date.now()) : Infinity;
    paintClock('host', Math.max(0, left), game.question(quiz)?.limit);
  }
  setInterval(paintTime, 200);

  function paint() {
    paintAsked();
    paintRanks();
    paintGo();
    paintPeople();
    paintTime();
  }
  return { paint };
}
