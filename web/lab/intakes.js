// SPDX-License-Identifier: MIT
// The five ways in a browser, each as little as it can be. An intake hears until its signal ends it or the connection is lost; it
// is given `url`, `channel`, `cursor` (undefined: begin anew) and tells `asked` (a request goes out), `up` (the server has answered;
// with the cursor that it named), `hear` (a message and its cursor) and `reached` (a cursor without a message).

const MAX_LINE = 1 << 20; // a stream of something else must not fill the page's memory
const WAIT_S = 30;

const after = (cursor) => (cursor ? `after=${encodeURIComponent(cursor)}` : '');

function addressOf({ url, channel }, ...parameters) {
  const query = parameters.filter(Boolean).join('&');
  return `${url}/channels/${encodeURIComponent(channel)}${query ? '?' : ''}${query}`;
}

async function ask(url, { signal, asked, up }, options) {
  asked();
  const answer = await fetch(url, { signal, cache: 'no-store', ...options });
  if (!answer.ok) throw new Error(`${answer.status}`);
  up(answer.headers.get('Godwit-Cursor'));
  return answer;
}

function hearAll({ cursor, publications }, given) {
  for (const publication of publications) given.hear(publication.text ?? '', publication.cursor);
  given.reached(cursor);
  return cursor;
}

async function poll(given) {
  for (let cursor = given.cursor; ; await given.rest(given.interval(), given.signal)) {
    const answer = await ask(addressOf(given, after(cursor)), given);
    cursor = hearAll(await answer.json(), given);
  }
}

async function longpoll(given) {
  for (let cursor = given.cursor; ;) {
    const answer = await ask(addressOf(given, `wait=${WAIT_S}`, after(cursor)), given);
    cursor = hearAll(await answer.json(), given);
  }
}

async function ndjson(given) {
  const answer = await ask(addressOf(given, after(given.cursor)), given, { headers: { Accept: 'application/x-ndjson' } });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = '', part; !(part = await reader.read()).done;) {
    const lines = (rest + part.value).split('\n');
    rest = lines.pop();
    if (rest.length > MAX_LINE) throw new Error('no line');
    for (const line of lines) {
      const said = line ? JSON.parse(line) : {};
      if (said.offset) given.hear(said.text ?? '', said.cursor);
    }
  }
}

function sse({ url, channel, cursor, signal, asked, up, back, hear }) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(addressOf({ url, channel }, after(cursor)));
    const end = () => {
      source.close();
      reject(signal.reason);
    };
    asked();
    source.onopen = () => up();
    source.onmessage = (event) => hear(event.data, event.lastEventId);
    // It comes back by itself, with the last id, unless the server has refused it.
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) {
        signal.removeEventListener('abort', end);
        reject(new Error('refused'));
        return;
      }
      back();
      asked();
    };
    signal.addEventListener('abort', end, { once: true });
  });
}

function websocket({ url, channel, cursor, signal, asked, up, hear }) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, 'godwit.v1');
    const end = () => {
      socket.close();
      reject(signal.reason);
    };
    asked();
    socket.onopen = () => socket.send(`sub ${encodeURIComponent(channel)} ${after(cursor)}`.trimEnd());
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') return;
      const split = data.indexOf('\n');
      const words = (split < 0 ? data : data.slice(0, split)).split(' ');
      if (words[0] === 'subscribed') up();
      else if (words[0] === 'msg') hear(data.slice(split + 1), words[2]);
    };
    socket.onclose = () => {
      signal.removeEventListener('abort', end);
      reject(new Error('closed'));
    };
    signal.addEventListener('abort', end, { once: true });
  });
}

export const INTAKES = { poll, longpoll, ndjson, sse, websocket };
