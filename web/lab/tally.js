// SPDX-License-Identifier: MIT
// Counts what a subscriber hears of the lab's channel, by the number in each message (`SEQ EPOCH_MS FILL`): what is new, what
// came twice, what never came, what was published while it was away and came all the same. Pure.

const MESSAGE = /^(\d{1,15}) (\d{1,15}(?:\.\d{1,6})?)(?: |$)/;

export function newTally() {
  let last = 0, lastTime = 0, back = 0;
  const tally = {
    messages: 0, lost: 0, repeated: 0, recovered: 0, delay: null,

    /** It hears again from now on; what was published before comes late, or not at all. */
    back: (now) => { back = now; },

    /** @returns {boolean} whether it was a message of the lab */
    hear(text, now) {
      const [, number, time] = MESSAGE.exec(text) ?? [];
      if (number === undefined) return false;
      const [seq, at] = [Number(number), Number(time)];
      if (seq <= last && at <= lastTime) {
        tally.repeated++;
        return true;
      }
      // A lower number with a later time: the lab counts anew.
      if (last && seq > last + 1) tally.lost += seq - last - 1;
      last = seq;
      lastTime = at;
      tally.messages++;
      if (at < back) tally.recovered++;
      else tally.delay = Math.max(0, now - at);
      return true;
    },
  };
  return tally;
}
