// SPDX-License-Identifier: MIT
// The experiment as this window knows it: figures come in on `lab:figures`, what is wanted goes out on `lab:control`, and a lab
// that does not run is started. Knows the network and nothing of the page.

import { keep, readFigures } from './figures.js';

const STALE_MS = 4500; // figures come once a second
const START_MS = 15_000; // a program that was started has said something by then
const CUT = [500, 10_000];

/**
 * @param {object} g  the client
 * @param {object} [given]  `fetch`, `now`: others to use
 * @returns {Experiment}
 *
 * @typedef {object} Experiment
 * @property {'absent'|'gone'|'starting'|'resting'|'connecting'|'running'|'cut'} phase  absent: never seen here; gone: its figures have ended
 * @property {object|null} figures  the newest   @property {object[]} samples  those of the last minutes
 * @property {object|null} before  the figures when the last cut began
 * @property {{status: number}|null} refusal  why it could not be started: HTTP's status, 0 where nothing was heard
 */
export function openExperiment(g, { fetch: ask = (...request) => fetch(...request), now = () => Date.now() } = {}) {
  const control = g.channel('lab:control');
  const channel = g.channel('lab:figures', { history: true });
  const listeners = { change: new Set(), cut: new Set() };
  const tell = (event, value) => listeners[event].forEach((listener) => listener(value));
  let heardAt = -Infinity, startedAt = -Infinity, hasBegun = false;

  const experiment = {
    phase: 'absent', figures: null, samples: [], before: null, refusal: null,
    on(event, listener) {
      listeners[event].add(listener);
    },
    set: (settings) => control.publish({ set: settings }),
    cut: (ms) => control.publish({ cut: ms }),
    stop: () => control.publish({ stop: true }),
    start,
    close,
  };

  function become(phase) {
    if (experiment.phase === phase) return;
    experiment.phase = phase;
    tell('change');
  }

  function take(text) {
    const figures = readFigures(text);
    // What the channel kept may be of a lab that has gone: only what is new counts. One that has not been seen yet says so by its time.
    if (!figures || (!experiment.figures && Math.abs(now() - figures.at) > STALE_MS && !isNewer(figures))) return;
    const before = experiment.figures;
    if (!keep(experiment.samples, figures)) return;
    experiment.figures = figures;
    heardAt = now();
    if (before?.run !== figures.run) experiment.before = null;
    if (figures.phase === 'cut' && before && before.phase !== 'cut') experiment.before = before;
    if (figures.phase !== 'resting') hasBegun = false;
    if (!hasBegun) experiment.refusal = null;
    experiment.phase = hasBegun ? 'starting' : figures.phase;
    tell('change');
  }

  // A lab whose clock is not ours is known by its second message.
  let firstSeen = null;
  function isNewer(figures) {
    const is = firstSeen !== null && figures.at > firstSeen;
    firstSeen = figures.at;
    return is;
  }

  /** Whether a lab is there: it speaks, or holds the channel that it hears us on. */
  async function isThere() {
    if (now() - heardAt < STALE_MS) return true;
    const { users } = await control.presence();
    return users.some(({ user }) => user === 'lab');
  }

  async function start() {
    if (hasBegun) return;
    hasBegun = true;
    startedAt = now();
    experiment.refusal = null;
    become('starting');
    try {
      if (!(await isThere())) {
        const answer = await ask('/lab/start', { method: 'POST' });
        if (!answer.ok) return fail(answer.status);
        await comes();
      }
      await control.publish({ start: true });
    } catch {
      fail(0);
    }
  }

  /** Until the lab that was started holds the channel that it hears us on. */
  function comes() {
    return new Promise((resolve, reject) => {
      const off = control.on('join', (user) => user === 'lab' && done(resolve));
      // Over HTTP joins are heard late; and it may have come before we listened.
      const again = setInterval(async () => {
        if (!hasBegun) done(reject);
        else if (await isThere().catch(() => false)) done(resolve);
      }, 500);
      const done = (settle) => {
        clearInterval(again);
        off();
        settle();
      };
    });
  }

  function fail(status) {
    if (!hasBegun) return;
    hasBegun = false;
    experiment.refusal = { status };
    experiment.phase = resting();
    tell('change');
  }

  const resting = () => (now() - heardAt < STALE_MS ? experiment.figures.phase : experiment.figures ? 'gone' : 'absent');

  function look() {
    if (hasBegun && now() - startedAt > START_MS) fail(0);
    else if (!hasBegun && g.state === 'online' && now() - heardAt > STALE_MS) become(resting());
  }

  const clock = setInterval(look, 1000);
  const off = [
    channel.on('message', (message) => take(message.text)),
    control.on('message', (message) => {
      let said;
      try {
        said = message.json();
      } catch {
        return;
      }
      if (Number.isFinite(said?.cut)) tell('cut', Math.min(Math.max(said.cut, CUT[0]), CUT[1]));
    }),
  ];

  function close() {
    clearInterval(clock);
    off.forEach((step) => step());
  }

  return experiment;
}
