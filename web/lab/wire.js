// SPDX-License-Identifier: MIT
// What goes over the wire, byte for byte as a capture shows it between the lab's clients and the server, with these placeholders:
// {host}, {now} (its Date), {session}. tests/client/lab_wire.test.js holds it against the real thing.

const CURSOR = '04MDg26Y0LMm';
const MESSAGE = '8 1795291435125.208 abcdefghijklmnopqrstuvwxyzabc'; // 48 bytes and one: number, time, letters
const OF_IT = `{"offset":8,"cursor":"${CURSOR}:8","time":"2026-11-21T20:03:55.125Z","text":"${MESSAGE}"}`;
const ANSWER = `{"channel":"lab","cursor":"${CURSOR}:8","recovered":true,"publications":[${OF_IT}]}\n`;
const NONE = `{"channel":"lab","cursor":"${CURSOR}:7","recovered":true,"publications":[]}\n`;

const head = (...lines) => `${lines.join('\r\n')}\r\n\r\n`;
const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;
const json = (body, ...more) => head('HTTP/1.1 200 OK', 'Date: {now}', 'X-Content-Type-Options: nosniff', 'Content-Type: application/json', 'Cache-Control: no-store', ...more, `Content-Length: ${body.length}`) + body;
const stream = (type) => head('HTTP/1.1 200 OK', 'Date: {now}', 'X-Content-Type-Options: nosniff', `Content-Type: ${type}`, 'Cache-Control: no-store', 'X-Accel-Buffering: no',
  'Godwit-Session: {session}', `Godwit-Cursor: ${CURSOR}:7`, 'Transfer-Encoding: chunked');
const get = (path, ...more) => head(`GET ${path} HTTP/1.1`, 'Host: {host}', ...more);
const AFTER = `/channels/lab?after=${CURSOR}%3A7`;

/** A frame from the server, its two to four bytes of header as hexadecimal digits (RFC 6455, section 5.2). */
function frame(text) {
  const length = text.length < 126 ? [text.length] : [126, text.length >> 8, text.length & 255];
  return { header: [0x81, ...length].map((byte) => byte.toString(16).padStart(2, '0')).join(' '), text };
}

/** In the order in which it is said: `from` the client or the server, `text`, and of a frame its `header`. */
export const WIRE = {
  poll: [{ from: 'client', text: get(AFTER) }, { from: 'server', text: json(NONE) }, { from: 'client', text: get(AFTER) }, { from: 'server', text: json(ANSWER) }],
  longpoll: [{ from: 'client', text: get(AFTER, 'Prefer: wait=30') }, { from: 'server', text: json(ANSWER, 'Preference-Applied: wait=30', 'Godwit-Session: {session}') }],
  ndjson: [
    { from: 'client', text: get(AFTER, 'Accept: application/x-ndjson') },
    { from: 'server', text: stream('application/x-ndjson') },
    { from: 'server', text: chunk(`${OF_IT}\n`) },
  ],
  sse: [
    { from: 'client', text: get('/channels/lab', 'Accept: text/event-stream', `Last-Event-ID: ${CURSOR}:7`) },
    { from: 'server', text: stream('text/event-stream') },
    { from: 'server', text: chunk(`retry: 2000\nid: ${CURSOR}:7\n\n`) },
    { from: 'server', text: chunk(`id: ${CURSOR}:8\ndata: ${MESSAGE}\n\n`) },
  ],
  websocket: [
    {
      from: 'client',
      text: get('/ws', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: egciCVokdUce8hkW4DpDWA==', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: godwit.v1'),
    },
    {
      from: 'server',
      text: head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: QtzrHhoA0xj9DAn6hgc71wDOd6k=',
        'Sec-WebSocket-Protocol: godwit.v1', 'Godwit-Session: {session}'),
    },
    { from: 'server', ...frame(`msg lab ${CURSOR}:8\n${MESSAGE}`) },
  ],
};
