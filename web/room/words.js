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

/** A publication of a poll answer as what the same one is in a WebSocket frame: a string, or bytes. */
export function payloadOf(publication) {
  if (publication.text !== undefined) return publication.text;
  if (publication.base64 !== undefined) return Uint8Array.from(atob(publication.base64), (c) => c.charCodeAt(0));
  return JSON.stringify(publication.data);
}

/** `5 bytes: 00 ff 10 …`: the first sixteen. */
export function describeBytes(bytes) {
  const shown = [...bytes.subarray(0, 16)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  const count = `${bytes.length} ${bytes.length === 1 ? 'byte' : 'bytes'}`;
  return bytes.length === 0 ? count : `${count}: ${shown}${bytes.length > 16 ? ' …' : ''}`;
}
