// SPDX-License-Identifier: MIT
// The sentences that react: what one sees now, computed from the figures. Pure: gives keys of words and what to fill in.

const round = (value) => Math.max(0, Math.round(value));

/** At least so many of a hundred requests brought nothing: each message came in one of them. */
export const emptyShare = (requests, messages) => (requests > 0 ? round(Math.max(0, 1 - messages / requests) * 100) : 0);

function facts(now, settings, speak) {
  return {
    requests: speak.rate(now.requests), messages: speak.rate(now.messages), bytes: speak.bytes(now.bytes), payload: speak.bytes(settings.payload),
    around: speak.bytes(now.bytes === null ? null : Math.max(0, now.bytes - settings.payload)), p50: speak.ms(now.p50), clients: speak.count(now.connections),
    interval: speak.ms(settings.interval), connections: speak.count(now.connections), empty: speak.count(emptyShare(now.requests, now.messages)),
    repeated: speak.count(now.repeated), batch: speak.rate(now.requests > 0 ? now.messages / now.requests : null),
  };
}

/** What to say of one transport as it stands: `[key, values]`. */
export function sayNow(name, all, settings, phase, speak) {
  const now = all?.[name];
  if (!now || phase === 'resting' || now.requests === null) return ['now.none', {}];
  if (phase === 'cut') return ['now.cut', {}];
  const values = facts(now, settings, speak);
  if (name === 'poll') {
    if (now.bytes === null) return ['now.poll.nothing', values];
    if (!settings.cursor && now.repeated > 0) return ['now.poll.naive', values];
    return [now.messages >= now.requests ? 'now.poll.full' : 'now.poll.empty', values];
  }
  if (now.bytes === null || now.messages === 0) return ['now.quiet', values];
  if (name === 'longpoll') return [now.messages > now.requests * 1.2 ? 'now.longpoll.batch' : 'now.longpoll.each', values];
  return [`now.${name}`, values];
}

/** The page's headline: what this setting makes of the five. A list of `[key, values]`. */
export function sayAll(all, settings, phase, speak) {
  const { poll, sse, websocket } = all ?? {};
  if (phase !== 'running' || !poll || [poll, sse, websocket].some((one) => one.requests === null || one.bytes === null || one.p50 === null)) return [];
  const said = [['all.facts', {
    interval: speak.ms(settings.interval), requests: speak.rate(poll.requests), messages: speak.rate(poll.messages), pollDelay: speak.ms(poll.p50),
    delay: speak.ms(websocket.p50), connections: speak.count(websocket.connections),
  }]];
  const times = poll.bytes / websocket.bytes;
  if (settings.payload >= 4096) said.push(['all.large', { payload: speak.bytes(settings.payload), overhead: speak.times(poll.overhead) }]);
  else if (settings.cursor && times >= 1.5 && emptyShare(poll.requests, poll.messages) >= 50) said.push(['all.waste', { times: speak.times(times) }]);
  else if (settings.cursor && poll.messages >= poll.requests) said.push(['all.bulk', { batch: speak.rate(poll.messages / poll.requests), delay: speak.ms(poll.p50) }]);
  if (settings.interval >= 5000) said.push(['all.patience', { interval: speak.ms(settings.interval) }]);
  said.push(['all.sse', { sse: speak.bytes(sse.bytes), websocket: speak.bytes(websocket.bytes), delay: speak.ms(sse.p50), other: speak.ms(websocket.p50) }]);
  return said;
}

/** What a cut did to one transport. */
export function sayCut({ lost, repeated, recovered }, speak) {
  const values = { lost: speak.count(lost), repeated: speak.count(repeated), recovered: speak.count(recovered) };
  if (lost > 0 && recovered + repeated > 0) return ['cut.some', values];
  if (lost > 0) return ['cut.lost', values];
  if (repeated > 0) return ['cut.repeated', values];
  if (recovered > 0) return ['cut.recovered', values];
  return ['cut.nothing', values];
}
