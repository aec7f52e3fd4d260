// SPDX-License-Identifier: MIT
// What the lab's program publishes once a second, and what follows from it: rates, what a message costs, what a cut did. Pure.
// The figures come from a channel that anybody may publish in, so every one is looked at before it is believed.

export const TRANSPORTS = ['poll', 'longpoll', 'ndjson', 'sse', 'websocket'];
const PHASES = ['resting', 'connecting', 'running', 'cut'];
export const KEEP = 300; // seconds of figures that the charts hold
const RATE_OVER = 5; // seconds that a rate is taken over: one alone jumps
const COST_OVER = 30; // and what a message costs: at one in five seconds it takes some to tell
const COUNTS = ['connections', 'requests', 'bytes_in', 'bytes_out', 'cpu', 'messages', 'lost', 'repeated', 'recovered'];
const LIMITS = { rate: [0.2, 200], payload: [48, 16384], interval: [100, 10_000], clients: [1, 200] };

const MOST = 1e18; // nothing is counted beyond, and what charts make of it stays a number
const LATEST = 8.64e15; // a Date knows none later

const isCount = (value) => typeof value === 'number' && value >= 0 && value <= MOST;
const orNull = (value) => (isCount(value) ? value : null);
const isTime = (value) => isCount(value) && value <= LATEST;
const PORT = /^http:\/\/127\.0\.0\.1:([1-9]\d{0,4})$/;
const isPort = (url) => typeof url === 'string' && Number(PORT.exec(url)?.[1]) <= 65_535;

function readSettings(settings) {
  if (typeof settings !== 'object' || !settings) return null;
  const read = { cursor: settings.cursor === true };
  for (const [name, [least, most]] of Object.entries(LIMITS)) {
    if (!Number.isFinite(settings[name]) || settings[name] < 0) return null;
    read[name] = Math.min(Math.max(settings[name], least), most);
  }
  return read;
}

function readTransport(found, name) {
  const one = Array.isArray(found) ? found.find((each) => each?.name === name) : undefined;
  if (!one || !COUNTS.every((count) => isCount(one[count]))) return null;
  const read = { url: isPort(one.url) ? one.url : null };
  for (const count of COUNTS) read[count] = one[count];
  for (const measure of ['memory', 'p50', 'p99']) read[measure] = orNull(one[measure]);
  return read;
}

/** The figures in a message; null where it holds none. `transports` are by name. */
export function readFigures(text) {
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    return null;
  }
  const settings = readSettings(said?.settings);
  if (!settings || !PHASES.includes(said.phase) || !isCount(said.run) || !isTime(said.at)) return null;
  const transports = {};
  for (const name of TRANSPORTS) {
    transports[name] = readTransport(said.transports, name);
    if (!transports[name] && said.phase !== 'resting') return null;
  }
  return {
    run: said.run, at: said.at, phase: said.phase, until: isTime(said.until) ? said.until : null, isBehind: said.behind === true, sent: orNull(said.sent) ?? 0, settings, transports,
    channel: typeof said.channel === 'string' && said.channel.length <= 255 ? said.channel : 'lab',
  };
}

const sameSettings = (one, other) => Object.keys(one).every((key) => one[key] === other[key]);

/** The earliest figures, at most so many seconds before the last, from which on nothing but time has changed. */
function since(samples, seconds) {
  const last = samples.at(-1);
  let first = last;
  for (let i = samples.length - 2; i >= 0; i--) {
    const { run, at, settings, phase } = samples[i];
    if (run !== last.run || phase !== last.phase || last.at - at > seconds * 1000 + 500 || !sameSettings(settings, last.settings)) break;
    first = samples[i];
  }
  return first;
}

/**
 * Of how many clients the server's figures are, for each that the lab's program counts the messages of: pages take part too, one
 * connection each, and what they are sent is in the server's bytes but not in the program's messages.
 */
const shareOf = ({ connections }, clients) => Math.max(1, connections / clients);

/** What happened between two figures of one transport, a second: requests, bytes, messages, share of a core. */
export function between(first, last, seconds, share = 1) {
  const each = (name) => Math.max(0, last[name] - first[name]) / seconds;
  return { requests: each('requests'), in: each('bytes_in'), out: each('bytes_out'), messages: each('messages') * share, cpu: each('cpu') * 100 };
}

/** What a delivered message costs: bytes both ways, times its payload, microseconds of the server. Null before there is one. */
export function costOf(first, last, payload, share = 1) {
  const messages = (last.messages - first.messages) * share;
  if (messages <= 0) return { bytes: null, overhead: null, micros: null };
  const bytes = (last.bytes_in - first.bytes_in + last.bytes_out - first.bytes_out) / messages;
  return { bytes, overhead: bytes / payload, micros: ((last.cpu - first.cpu) * 1e6) / messages };
}

/** All that the page shows of each transport, from the figures so far; null while there are not two to compare. */
export function compare(samples) {
  const last = samples.at(-1);
  if (!last || !last.transports.poll) return null;
  const [near, far] = [since(samples, RATE_OVER), since(samples, COST_OVER)];
  const seconds = (last.at - near.at) / 1000;
  const all = {};
  for (const name of TRANSPORTS) {
    const now = last.transports[name];
    const share = shareOf(now, last.settings.clients);
    const rates = seconds > 0 ? between(near.transports[name], now, seconds, share) : { requests: null, in: null, out: null, messages: null, cpu: null };
    const { bytes, overhead, micros } = costOf(far.transports[name], now, last.settings.payload, share);
    all[name] = {
      ...rates, bytes, overhead, micros, p50: now.p50 ?? lastKnown(samples, name, 'p50'), p99: now.p99 ?? lastKnown(samples, name, 'p99'),
      total: now.requests, delivered: now.messages, connections: now.connections, memory: now.memory,
      lost: now.lost, repeated: now.repeated, recovered: now.recovered,
    };
  }
  return all;
}

/** The delay of the last second that had messages, as far back as a rate goes for slow channels. */
function lastKnown(samples, name, measure) {
  const last = samples.at(-1);
  if (last.phase !== 'running') return null;
  for (let i = samples.length - 1; i >= 0 && last.at - samples[i].at <= COST_OVER * 1000; i--) {
    const { run, transports } = samples[i];
    if (run !== last.run) break;
    if (transports[name][measure] !== null) return transports[name][measure];
  }
  return null;
}

/** What has been lost, repeated and recovered since the figures `before`, by transport; null where that was another run. */
export function sinceCut(before, now) {
  if (!before?.transports.poll || !now?.transports.poll || before.run !== now.run) return null;
  const all = {};
  for (const name of TRANSPORTS) {
    const [was, is] = [before.transports[name], now.transports[name]];
    all[name] = {};
    for (const count of ['lost', 'repeated', 'recovered']) all[name][count] = Math.max(0, is[count] - was[count]);
  }
  return all;
}

/** Adds figures to those kept; what is not newer is passed over. */
export function keep(samples, figures) {
  const last = samples.at(-1);
  if (last && figures.at <= last.at) {
    // A program that was started anew, on a clock that was set back: what came before is of no use.
    if (figures.run === last.run || last.at - figures.at < 60_000) return false;
    samples.length = 0;
  }
  samples.push(figures);
  if (samples.length > KEEP) samples.splice(0, samples.length - KEEP);
  return true;
}
