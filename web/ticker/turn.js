// SPDX-License-Identifier: MIT
// Whose turn it is to be the market. Every window is ready to; the one that hears no board for a while begins, and whoever hears
// a better one stops: any feed from outside is better, and of two windows the one with the smaller name. Pure: it is told what
// was heard and what time it is.

export const PREFIX = 'market-';
export const EVERY_MS = 66; // fifteen boards a second
const QUIET_MS = 1500; // silence that means that nobody is the market; half as much again is chance
const FIRST_MS = 300; // for a window that has just been opened and heard nothing at all
const SETTLE_MS = 300; // connected, it listens for so long before it speaks
const ASLEEP_MS = 2000; // a market that has not been called for so long was asleep: another has taken over

/**
 * `resting`: somebody else is the market. `ready`: nobody seems to be, and it connects. `running`: it is.
 * @param {string} name  with PREFIX
 */
export function makeTurn(name, now, random = Math.random) {
  const patience = (ms) => ms * (1 + random() * 0.66);
  let state = 'resting', heard = now, ticked = now, since, limit = patience(FIRST_MS);

  function rest(when) {
    state = 'resting';
    heard = when;
    since = undefined;
    limit = patience(QUIET_MS);
  }

  return {
    get state() {
      return state;
    },
    /** A board came, published by this user. */
    hear(from, when) {
      if (from === name) return;
      if (state === 'running' && from?.startsWith(PREFIX) && from > name) return; // it will hear us, and stop
      rest(when);
    },
    /** @param {boolean} isUp whether the page has a connection   @param {boolean} isOnline whether the market's own has one */
    tick(when, isUp, isOnline) {
      const wasAsleep = when - ticked > ASLEEP_MS;
      ticked = when;
      if (wasAsleep && state !== 'resting') rest(when);
      if (!isUp && state !== 'running') rest(when); // what a window cannot hear is no silence
      else if (state === 'resting' && when - heard >= limit) state = 'ready';
      if (state === 'resting') return state;
      if (!isOnline) {
        if (state === 'running') rest(when);
        since = undefined;
      } else {
        since ??= when;
        if (when - since >= SETTLE_MS) state = 'running';
      }
      return state;
    },
  };
}
