// SPDX-License-Identifier: MIT
// What was said here and has no place in the room yet. The client says it until there is an answer; here it is listed meanwhile,
// and where the answer is a refusal it stays until whoever wrote it has decided. A page that is loaded again finds it in the
// storage of its window.

const MAX_ITEMS = 50; // typing while the server is away must not grow without end

/**
 * @param {object} at  `publish(text)`: the client's; `kept`, `key`: where (design/storage.js); `changed(items)`: hears of each change;
 *   `settled(cursor)`: where what we said stands in the room
 *
 * An item is { id, text, problem }: without a problem it is under way, else it was refused ({ code, reason }).
 */
export function openOutbox({ publish, kept, key, changed, settled }) {
  let ids = 0;
  let items = recall().map((text) => ({ id: ++ids, text, problem: { code: 0, reason: 'loaded-again' } }));
  changed(items);

  function set(next) {
    items = next;
    keep();
    changed(items);
  }

  async function send(item) {
    delete item.problem;
    set(items);
    try {
      const { cursor } = await publish(item.text);
      settled(cursor);
      set(items.filter((each) => each !== item));
    } catch ({ code, reason }) {
      item.problem = { code, reason };
      set(items);
    }
  }

  function keep() {
    if (items.length) kept.keepJson(key, items.map(({ text }) => text));
    else kept.drop(key);
  }

  function recall() {
    const texts = kept.json(key);
    return Array.isArray(texts) ? texts.filter((text) => typeof text === 'string').slice(0, MAX_ITEMS) : [];
  }

  return {
    /** False where too many wait already. */
    say(text) {
      if (items.length >= MAX_ITEMS) return false;
      const item = { id: ++ids, text };
      items = [...items, item];
      send(item);
      return true;
    },
    sayAgain(id) {
      const item = items.find((each) => each.id === id && each.problem);
      if (item) send(item);
    },
    discard: (id) => set(items.filter((each) => each.id !== id || !each.problem)),
  };
}
