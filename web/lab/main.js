// SPDX-License-Identifier: MIT
// The lab's page put together: one experiment that all windows see, this browser's own clients, and what is painted of both.

import godwit from '/client/godwit.js';
import { byId, element, setText } from '../design/dom.js';
import { myName } from '../design/name.js';
import { openShell } from '../design/shell.js';
import { buildCharts } from './charts.js';
import { bindControls } from './controls.js';
import { buildExplanation } from './explain.js';
import { openExperiment } from './experiment.js';
import { compare, sinceCut } from './figures.js';
import { firstLanguage, keepLanguage, keptLanguage, speaker } from './format.js';
import { isHere, openOwn } from './own.js';
import { buildCutReport, buildOwn, buildTable } from './table.js';

const HIDDEN_MS = 60_000; // so long a hidden window keeps its own clients
const OWN_MS = 300; // how often what they hear is painted
const CHANGE_MS = 50; // and so soon what has changed

let speak = speaker(firstLanguage(location.search, keptLanguage(), navigator.languages));
const g = godwit('/', { user: myName() });
const shell = openShell({ here: 'lab', lang: speak.lang, keeps: false });
const experiment = openExperiment(g);
const own = openOwn({ settings: () => experiment.figures.settings, changed: () => { ownTimer ||= setTimeout(paintOwn, OWN_MS); } });
const paintControls = bindControls(experiment).paint;
const [paintTable, paintCut, paintClients, paintCharts, paintExplanation] = [buildTable(), buildCutReport(), buildOwn(), buildCharts(), buildExplanation()];
let ownTimer = 0, changeTimer = 0, hiddenTimer = 0, isAsleep = false;

const follow = () => own.follow(runs() && !isAsleep && byId('own-takes').checked ? experiment.figures : null);
byId('own-takes').addEventListener('change', follow);
byId('own-takes').checked = isHere(location.hostname);
byId('own-takes').disabled = !isHere(location.hostname);
byId('own-away').hidden = isHere(location.hostname);

const runs = () => ['running', 'cut'].includes(experiment.phase);

function sayPhase() {
  const { phase, refusal, figures } = experiment;
  setText(byId('phase'), speak.say(g.state !== 'online' && runs() ? 'phase.lost' : `phase.${phase}`));
  byId('phase').dataset.is = phase;
  byId('sent').hidden = !runs();
  if (runs()) setText(byId('sent'), speak.say('sent', { count: speak.count(figures.sent) }));
  byId('behind').hidden = !(runs() && figures.isBehind);
  byId('refusal').hidden = !refusal;
  if (!refusal) return;
  const known = [403, 501].includes(refusal.status) ? refusal.status : refusal.status ? 'other' : 'none';
  setText(byId('refusal-text'), speak.say(`refusal.${known}`, { status: refusal.status }));
  setText(byId('refusal-line'), `godwit lab ${location.origin}`);
}

function paint() {
  const { figures, samples } = experiment;
  const all = runs() ? compare(samples) : null;
  sayPhase();
  paintControls(experiment, g.state === 'online', speak);
  paintTable(all, speak);
  paintCut(runs() ? sinceCut(experiment.before, figures) : null, speak);
  paintExplanation(experiment, all, speak);
  byId('charts-empty').hidden = samples.length > 0;
  byId('charts').hidden = samples.length === 0;
  paintCharts(samples, speak);
}

function paintOwn() {
  ownTimer = 0;
  if (!document.hidden) paintClients(own.clients, speak);
}

function paintAll() {
  document.title = speak.say('title');
  paint();
  paintOwn();
}

// Once in a while, however many figures come: anybody may publish them.
function changed() {
  changeTimer ||= setTimeout(() => {
    changeTimer = 0;
    follow();
    if (!document.hidden) paint();
  }, CHANGE_MS);
}

experiment.on('change', changed);
experiment.on('cut', own.cut);
g.on('state', paint);

document.addEventListener('visibilitychange', () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = setTimeout(() => {
      isAsleep = true;
      own.follow(null);
    }, HIDDEN_MS);
    return;
  }
  isAsleep = false;
  follow();
  paintAll();
});

const languages = Object.entries({ en: 'English', ko: '한국어' }).map(([lang, name]) => {
  const button = element('button', { type: 'button', className: 'quiet', lang }, name);
  button.addEventListener('click', () => {
    keepLanguage(lang);
    choose(lang);
  });
  byId('languages').append(button);
  return { lang, button };
});

function choose(lang) {
  speak = speaker(lang);
  shell.speak(lang);
  for (const { lang: each, button } of languages) button.setAttribute('aria-pressed', String(each === lang));
  paintAll();
}

choose(speak.lang);
shell.watch(g);
