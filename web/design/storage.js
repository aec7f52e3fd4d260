// SPDX-License-Identifier: MIT
// What a browser keeps for the pages. It may refuse, and anything may stand there: then nothing is kept, and what is asked for
// is as if it had never been.

/** `storage()` gives the browser's, or throws. */
export function keptIn(storage) {
  const attempt = (step, otherwise = null) => {
    try {
      return step(storage());
    } catch {
      return otherwise;
    }
  };
  return {
    /** null: nothing. */
    text: (key) => attempt((at) => at.getItem(key)),
    json: (key) => attempt((at) => JSON.parse(at.getItem(key))),
    keepText: (key, text) => attempt((at) => at.setItem(key, text)),
    keepJson: (key, value) => attempt((at) => at.setItem(key, JSON.stringify(value))),
    drop: (key) => attempt((at) => at.removeItem(key)),
    keys: () => attempt((at) => Object.keys(at), []),
  };
}

export const ofWindow = keptIn(() => sessionStorage); // until it is closed
export const ofBrowser = keptIn(() => localStorage); // for all windows on this site
