// SPDX-License-Identifier: MIT
// How a message of this page is written in the channel: as plain text, `name: message`. So whoever reads the channel
// with curl or a console sees a readable line, and whoever writes such a line there has a name here. Text without a name is
// somebody in a terminal; what is not text is shown as bytes.

import { MAX_NAME, NAME_CHAR, cleanName } from '../design/name.js';

const SPOKEN = new RegExp(`^(${NAME_CHAR}{1,${MAX_NAME}}): ([^]*)$`, 'u');

/** The text to publish. `name` comes from cleanName. */
export function compose(name, message) {
  return `${name}: ${message}`;
}

/** @returns {{name: string|null, text: string}} who says what; name is null for text that does not say */
export function parse(text) {
  const spoken = SPOKEN.exec(text);
  const name = spoken && cleanName(spoken[1]);
  return name ? { name, text: spoken[2] } : { name: null, text };
}

/** What became of a text that we sent; `problem` is the client's, if there is one. */
export function fateOf(problem, isOnline) {
  if (!problem) return isOnline ? 'sending' : 'waits for the connection';
  const { code, reason } = problem;
  if (code === 413) return 'not sent: longer than this server takes';
  if (reason === 'loaded-again') return 'not confirmed: the page was loaded again meanwhile';
  if (reason === 'in-doubt') return 'not confirmed: the connection was away for too long';
  return `not sent: ${reason.replaceAll('-', ' ')}${code ? ` (${code})` : ''}`;
}
