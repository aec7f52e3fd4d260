// SPDX-License-Identifier: MIT
// Where a room is: its channel's URLs, and the lines that reach it from elsewhere. Pure text, no network.

import { segment } from '../design/text.js';

const DEFAULT_ROOM = 'lobby';
const MAX_BYTES = 255;

/** The room that the page's own address asks for (`?room=NAME`); the lobby where that is no channel name. */
export function roomOf(location) {
  const name = new URL(location).searchParams.get('room');
  return name !== null && isChannelName(name) ? name : DEFAULT_ROOM;
}

// Dot segments are fine in a channel's name, but no browser leaves them in an address.
function isChannelName(name) {
  const bytes = new TextEncoder().encode(name).length;
  const isReachable = !name.split('/').some((each) => each === '.' || each === '..');
  return bytes >= 1 && bytes <= MAX_BYTES && isReachable && !/[\u0000-\u001f\u007f]|^\/|\/$/.test(name);
}

/** @returns {{http: string, ws: string}} the channel's address for requests and for WebSocket */
export function channelUrls(location, room) {
  const path = '/channels/' + room.split('/').map(segment).join('/');
  const http = new URL(location).origin + path;
  return { http, ws: http.replace(/^http/, 'ws') };
}

/** The lines that say, read and talk in the room: three for a terminal, and one for the console of a page of this server. */
export function linesOf({ http, ws }, room) {
  return {
    say: `curl -d 'hello' ${http}`,
    read: `curl ${http}`,
    talk: `godwit connect ${ws}`,
    page: `const { default: godwit } = await import("/client/godwit.js");\n`
      + `godwit("/").channel(${JSON.stringify(room)}).publish("hello from a console");`,
  };
}
