// SPDX-License-Identifier: MIT
// Which of its three faces the page shows: the entrance, `?host=CODE` where this browser hosts that quiz, `?join=CODE`. (`?taken=CODE`:
// hosted in another window now.)

import godwit from '/client/godwit.js';
import { byId } from '../design/dom.js';
import { openShell } from '../design/shell.js';
import { openEntrance } from './entrance.js';
import { openHosting } from './hosting.js';
import { hostView } from './host-view.js';
import * as memory from './memory.js';
import { cleanCode, hostUser, nameOf } from './names.js';
import { openPlaying } from './playing.js';
import { playerView } from './player-view.js';

const shell = openShell({ here: 'quiz' });
const asked = new URLSearchParams(location.search);

/** What is called often is done once, with the next frame. */
function eachFrame(step) {
  let isComing = false;
  return () => {
    if (isComing) return;
    isComing = true;
    requestAnimationFrame(() => {
      isComing = false;
      step();
    });
  };
}

/** One face for the page; the others stay away. */
function face(name, title) {
  document.title = `${title} · Godwit`;
  for (const each of ['entrance', 'host', 'play']) byId(each).hidden = each !== name;
}

function lead(quiz) {
  const g = godwit('/', { user: hostUser(quiz.id) });
  shell.watch(g);
  let view;
  const paint = eachFrame(() => view.paint());
  const hosting = openHosting(g, quiz, {
    save: memory.keeper(quiz),
    changed: paint,
    overtaken: () => location.replace(`?taken=${quiz.code}`),
  });
  view = hostView(g, quiz, hosting);
  face('host', `Hosting ${quiz.code}`);
  paint();
}

function play(code, me) {
  const g = godwit('/', { user: me.user });
  shell.watch(g);
  let view;
  const paint = eachFrame(() => view.paint());
  const playing = openPlaying(g, code, me.user, {
    changed() {
      view?.entitle();
      paint();
    },
    kept: me.answer ?? null,
    keep: (answer) => memory.remember(code, { user: me.user, answer }),
  });
  view = playerView(g, code, nameOf(me.user), playing);
  face('play', `Quiz ${code}`);
  paint();
}

async function begin() {
  const hosts = cleanCode(asked.get('host') ?? ''), joins = cleanCode(asked.get('join') ?? '');
  if (hosts) {
    const quiz = memory.hosted(hosts);
    if (!quiz) return entrance({ code: hosts, notice: `This browser does not host the quiz ${hosts}: only the one that opened it can. You may join it.` });
    // Read again when it is our turn: the other window has gone on with it.
    return memory.alone(hosts, () => lead(memory.hosted(hosts) ?? quiz), () =>
      entrance({ notice: `The quiz ${hosts} is open in another window of this browser. It goes on here when that one is closed.` }));
  }
  const taken = cleanCode(asked.get('taken') ?? '');
  if (taken) return entrance({ notice: `The quiz ${taken} is hosted in another window of this browser now. To have it here again, go on with it below.` });
  if (!joins) return entrance({ notice: asked.has('join') ? 'That is no code of a quiz: it has five letters.' : '' });
  const me = await memory.whoAmI(joins);
  return me ? play(joins, me) : entrance({ code: joins, isInvited: true });
}

function entrance(how) {
  face('entrance', how.code ? `Join quiz ${how.code}` : 'Live quiz');
  openEntrance({ ...how, play: (code, me) => {
    history.replaceState(null, '', `?join=${code}`);
    play(code, me);
  } });
}

begin();
