// SPDX-License-Identifier: MIT
// What was said at one place: messages in the order of their cursors, each once, however often and by whatever way it is told;
// between them remarks of the page; behind them what waits. Also what of it is unread, and how it stands on a page.
//
// Invariant: within one epoch the cursors ascend, and there is one entry for each.

const MAX_ENTRIES = 500; // a flood must not fill the browser's memory, neither by number
const MAX_SIZE = 4_000_000; // nor by length
const SAME_BREATH_MS = 300_000; // messages of one person within this stand under one name

const split = (cursor) => [cursor.slice(0, cursor.lastIndexOf(':')), Number(cursor.slice(cursor.lastIndexOf(':') + 1))];

/** Whether `cursor` stands at `mark` or before it. */
function isBehind(cursor, mark) {
  if (!mark) return false;
  const [[epoch, n], [last, m]] = [split(cursor), split(mark)];
  return epoch === last && n <= m;
}

/** `user`: whose messages are never unread. `read`: the cursor up to which all was read before. */
export function makeLog({ user, read }) {
  const entries = [];
  const known = new Map(); // messages by their cursors
  let pending = [], ids = 0, size = 0;

  const log = {
    unread: 0,
    read,
    newest: 0, // when something was said last
    /** All, in the order of the page. */
    entries: () => [...entries, ...pending],
    pending: () => pending,
    add,
    note,
    pend,
    settle,
    discard: (entry) => { pending = pending.filter((each) => each !== entry); },
    readTo,
    /** All that is there is read. */
    readAll: () => readTo(entries.findLast(({ cursor }) => cursor)?.cursor),
  };

  /** A message of the channel. What came without its time may be told again with it. */
  function add({ cursor, from, event, data, time }) {
    const old = known.get(cursor), when = Date.parse(time); // NaN: not known
    if (!old) put({ id: `m${++ids}`, kind: 'message', cursor, from, event, data, time: when || Date.now(), isTimed: Boolean(when) });
    else if (when && !old.isTimed) Object.assign(old, { time: when, isTimed: true });
  }

  function put(entry) {
    known.set(entry.cursor, entry);
    size += entry.data.length;
    entry.isUnread = entry.from !== user && !isBehind(entry.cursor, log.read);
    log.unread += entry.isUnread;
    log.newest = Math.max(log.newest, entry.time);
    const [epoch, n] = split(entry.cursor);
    let at = entries.length;
    for (let i = at - 1; i >= 0; i--) {
      if (!entries[i].cursor) continue;
      const [other, m] = split(entries[i].cursor);
      if (other !== epoch || m < n) break;
      at = i;
    }
    entries.splice(at, 0, entry);
    trim();
  }

  function trim() {
    while (entries.length > MAX_ENTRIES || (size > MAX_SIZE && entries.length > 1)) {
      const gone = entries.shift();
      known.delete(gone.cursor);
      size -= gone.data?.length ?? 0;
      log.unread -= Boolean(gone.isUnread);
    }
  }

  /** A remark. Who comes and goes with nothing said between is told in one. */
  function note(kind, value) {
    const last = entries.at(-1);
    const id = `n${++ids}`;
    if (kind !== 'joined' && kind !== 'left') entries.push({ id, kind, text: value, time: Date.now() });
    else if (last?.kind === 'people') {
      last.id = id;
      last.joined = last.joined.filter((name) => name !== value);
      last.left = last.left.filter((name) => name !== value);
      last[kind].push(value);
    } else entries.push({ id, kind: 'people', joined: [], left: [], time: Date.now(), [kind]: [value] });
    trim();
  }

  /** A message of one's own that has no place yet. */
  function pend(text, more) {
    const entry = { id: `p${++ids}`, kind: 'message', from: user, data: text, time: Date.now(), ...more };
    pending.push(entry);
    return entry;
  }

  /** It has its place: here too, unless it has come by already. */
  function settle(entry, cursor) {
    log.discard(entry);
    if (known.has(cursor)) return;
    const { problem, isSent, isOut, ...rest } = entry;
    put({ ...rest, cursor, time: Date.now() });
  }

  function readTo(cursor) {
    if (!cursor || (log.read && isBehind(cursor, log.read))) return false;
    log.read = cursor;
    // What stands before it is read, of whatever epoch.
    const until = entries.findLastIndex((entry) => entry.cursor && isBehind(entry.cursor, cursor));
    for (const entry of entries.slice(0, until + 1)) entry.isUnread = false;
    log.unread = entries.filter(({ isUnread }) => isUnread).length;
    return true;
  }

  return log;
}

/**
 * The entries as they stand on the page: [{ id, kind, entry, isSame }] with days, and a line before the entry `firstNew`, put in.
 * `isSame`: it stands under the name of the one before.
 */
export function arrange(entries, firstNew) {
  const lines = [];
  const days = new Map(); // how often each has begun: clocks may differ
  let day, before;
  for (const entry of entries) {
    const itsDay = new Date(entry.time).toDateString();
    if (itsDay !== day) {
      days.set(itsDay, (days.get(itsDay) ?? 0) + 1);
      lines.push({ id: `day ${itsDay} ${days.get(itsDay)}`, kind: 'day', entry });
      day = itsDay;
      before = undefined;
    }
    if (entry === firstNew) {
      lines.push({ id: `new ${entry.id}`, kind: 'new', entry });
      before = undefined;
    }
    const isSame = entry.kind === 'message' && before?.kind === 'message' && before.from === entry.from
      && !before.event === !entry.event && entry.time - before.time < SAME_BREATH_MS;
    lines.push({ id: entry.id, kind: entry.kind, entry, isSame });
    before = entry;
  }
  return lines;
}
