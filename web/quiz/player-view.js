// SPDX-License-Identifier: MIT
// A player's face, made for a phone: wait, choose and send, see what was right, and at the end one's place.

import { byId, element, setText } from '../design/dom.js';
import { count } from '../design/text.js';
import { marker, paintBars, paintClock, paintRanking, say } from './parts.js';

export function playerView(g, code, name, playing) {
  const form = byId('answer-form'), list = byId('options'), submit = byId('submit'), verdict = byId('verdict');
  let built = ''; // which question, and how far it is: what is chosen is not to be built anew under one's finger
  let told = '', warned = '', ranked = '';
  setText(byId('play-me'), `${name} · quiz ${code}`);

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (playing.mine?.said === 'failed') return playing.tryAgain();
    const chosen = list.querySelector('input:checked');
    if (chosen) return playing.answer(Number(chosen.value));
    setText(byId('play-said'), 'Choose an answer first.');
    say('Choose an answer first.');
    return list.querySelector('input')?.focus();
  });
  form.addEventListener('change', () => setText(byId('play-said'), saidWords()));

  // Number keys choose, Enter sends.
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches('textarea, input:not([type=radio])')) return;
    const option = list.querySelectorAll('input')[Number(event.key) - 1];
    if (!/^[1-6]$/.test(event.key) || !option || option.disabled) return;
    option.checked = true;
    option.focus();
    setText(byId('play-said'), saidWords());
  });

  const canAnswer = () => playing.state?.phase === 'open' && playing.mine.choice === undefined && playing.left > 0;

  function saidWords() {
    const { state, mine } = playing;
    if (state?.phase !== 'open') return '';
    if (mine.said === 'failed') return 'Your answer could not be sent.';
    if (mine.said === 'sending') return g.state === 'online' ? 'Sending your answer …' : 'Your answer waits here, and goes out when the connection is back.';
    if (mine.choice !== undefined) return 'Your answer is in. Now the others …';
    return playing.left > 0 ? '' : 'Time is up.';
  }

  function tell(key, words) {
    if (told === key) return;
    told = key;
    say(words);
  }

  function buildOptions({ options }, mine, isLocked) {
    delete list.dataset.key;
    list.setAttribute('role', 'radiogroup');
    list.replaceChildren(...options.map((option, i) => element('li', { aria: { role: 'presentation' } }, element('label', { className: `option tone-${i}` },
      element('input', { type: 'radio', name: 'answer', value: String(i), checked: mine.choice === i, disabled: isLocked }), marker(i), element('span', { className: 'option-text' }, option)))));
  }

  function paintOptions({ phase, round, options, counts, right }, mine) {
    const hadFocus = form.contains(document.activeElement);
    if (phase === 'open') {
      if (built !== round) buildOptions(playing.state, mine, false);
      built = round;
      const isLocked = !canAnswer();
      list.querySelectorAll('input').forEach((input) => {
        if (input.disabled !== isLocked) input.disabled = isLocked;
        if (mine.choice !== undefined) input.checked = Number(input.value) === mine.choice;
      });
    } else if (built !== `${round} closed`) {
      built = `${round} closed`;
      list.removeAttribute('role');
      paintBars(list, { key: built, options, counts, right, own: playing.mine.choice ?? ownRow()?.choice });
    }
    // What had the focus may be gone or locked: a keyboard goes on from the question.
    if (hadFocus && (document.activeElement === document.body || document.activeElement.disabled)) byId('play-asked').focus({ preventScroll: true });
  }

  const ownRow = () => playing.ranking.own;

  /** What became of one's answer, by what the host says that it counted. */
  function outcome({ right }) {
    const { all, own } = playing.ranking;
    const words = own ? `You are number ${own.place} of ${all.length}.` : '';
    if (own?.choice === right) return { is: 'right', title: `Right: +${own.gained}`, words };
    if (own && own.choice >= 0) return { is: 'wrong', title: 'Not right', words };
    if (playing.mine?.choice !== undefined) return { is: 'late', title: 'Too late', words: 'Your answer came after the question was closed, so it does not count.' };
    return { is: 'none', title: 'You did not answer', words };
  }

  function paintVerdict(state) {
    verdict.hidden = state?.phase !== 'closed';
    if (verdict.hidden) return;
    const { is, title, words } = outcome(state);
    verdict.dataset.is = is;
    verdict.replaceChildren(element('strong', {}, title), element('span', {}, words));
    tell(`${state.round} closed`, `Closed. The right answer is ${state.right + 1}: ${state.options[state.right]}. ${title}. ${words}`);
  }

  function paintWaiting(state) {
    const { isHostHere } = playing;
    const isKnown = Boolean(state);
    setText(byId('play-step'), isKnown ? count(state.of, 'question') : `Quiz ${code}`);
    setText(byId('play-asked'), isKnown ? 'You are in.' : isHostHere === false ? 'Nobody hosts this quiz now.' : 'Waiting for the host');
    setText(byId('play-hint'), isKnown ? 'The first question comes up here by itself.' : isHostHere === false ? 'Look at the code again, or stay: this page goes on when the host comes.' : '');
    const words = byId('play-asked').textContent;
    tell(`wait ${words}`, words);
  }

  function paintAsked(state) {
    setText(byId('play-step'), `Question ${state.number} of ${state.of}${state.phase === 'closed' ? ': closed' : ''}`);
    setText(byId('play-asked'), state.text);
    setText(byId('play-hint'), '');
    paintOptions(state, playing.mine);
    if (state.phase !== 'open') return;
    const time = state.limit ? ` ${count(Math.ceil(playing.left / 1000), 'second')}.` : '';
    if (told !== state.round) tell(state.round, `Question ${state.number} of ${state.of}: ${state.text} ${count(state.options.length, 'answer')}.${time}`);
  }

  function paintEnd() {
    const { all, own } = playing.ranking;
    setText(byId('play-step'), 'Results');
    setText(byId('play-asked'), own ? `You are number ${own.place} of ${all.length}.` : 'The quiz is over.');
    setText(byId('play-hint'), own ? `${count(own.points, 'point')}, ${count(own.rights, 'right answer')}` : '');
    tell('end', `Results. ${byId('play-asked').textContent} ${byId('play-hint').textContent}`);
  }

  function paintRanks(state) {
    const ranks = byId('play-ranking');
    const key = `${state?.phase} ${state?.round} ${state?.seq}`;
    ranks.hidden = state?.phase !== 'end' && state?.phase !== 'closed';
    if (key === ranked) return;
    ranked = key;
    if (ranks.hidden) ranks.replaceChildren();
    else paintRanking(ranks, playing.ranking, { hasGains: state.phase === 'closed', isShort: state.phase === 'closed' });
  }

  function paintAway(state) {
    const away = byId('away');
    const isAway = Boolean(state) && playing.isHostHere === false && g.state === 'online';
    if (away.hidden !== isAway) return;
    away.hidden = !isAway;
    setText(away, isAway ? 'The host is away. The quiz goes on by itself when they are back.' : '');
    say(isAway ? 'The host is away.' : 'The host is back.');
  }

  function paintTime() {
    const { state, left } = playing;
    paintClock('play', left, state?.limit);
    if (state?.phase === 'open' && left > 4000 && left <= 5000 && state.limit > 10 && canAnswer() && warned !== state.round) {
      warned = state.round;
      say('5 seconds left.');
    }
  }
  setInterval(() => playing.state?.phase === 'open' && paint(), 200);

  function paint() {
    const { state, mine } = playing;
    const isAsked = state?.phase === 'open' || state?.phase === 'closed';
    byId('play').dataset.phase = state?.phase ?? 'unknown';
    list.hidden = !isAsked;
    setText(byId('play-keys'), canAnswer() ? `Keys 1 to ${state.options.length} choose, Enter sends.` : '');
    if (isAsked) paintAsked(state);
    else if (state?.phase === 'end') paintEnd();
    else paintWaiting(state);
    paintVerdict(state);
    paintRanks(state);
    paintAway(state);
    paintTime();
    if (state?.players || state?.phase === 'lobby') setText(byId('play-points'), ownRow() ? count(ownRow().points, 'point') : '');
    const canRepeat = state?.phase === 'open' && mine.said === 'failed';
    submit.disabled = !canAnswer() && !canRepeat;
    const words = { sending: 'Sending …', sent: 'Answer sent', failed: 'Send again' };
    setText(submit, (state?.phase === 'open' && words[mine.said]) || 'Send answer');
    byId('play').classList.toggle('answered', state?.phase === 'open' && mine?.choice !== undefined);
    if (byId('play-said').textContent !== 'Choose an answer first.' || !canAnswer()) setText(byId('play-said'), saidWords());
  }

  /** Seen in the tab of a window that is not: the browser paints nothing there. */
  function entitle() {
    const { state } = playing;
    const what = { open: state?.number && `● Question ${state.number}`, closed: state?.number && `Question ${state.number} is closed`, end: 'Results' }[state?.phase];
    document.title = `${what ?? `Quiz ${code}`} · Godwit`;
  }
  return { paint, entitle };
}
