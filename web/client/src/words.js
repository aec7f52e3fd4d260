// SPDX-License-Identifier: MIT
// What all parts share: errors, cursors, publications, and who listens to what.

export const { random, min } = Math;
export const now = () => Date.now();
export const encode = encodeURIComponent;
export const utf8 = (bytes) => new TextDecoder().decode(bytes);

/** What the server, or this client, has refused. */
export const problem = (code, reason, more) => Object.assign(new Error(`${reason} (${code})`), { code, reason }, more);

/** How far cursor `to` is ahead of `from`; NaN where they are not of one epoch. */
export function ahead(from, to) {
  const [before, n] = from.split(':');
  const [epoch, m] = to.split(':');
  return before === epoch ? m - n : NaN;
}

/** [name, value] of those options that are given. */
export const given = (options) => Object.entries(options).filter(([, value]) => value !== undefined);

/** A publication of a JSON answer. */
export function unpack({ data, text, base64, ...parts }) {
  const bytes = base64 === undefined ? undefined : Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return { ...parts, data: bytes ?? text ?? JSON.stringify(data) };
}

/** Makes an emitter of an object; `emit` is for us. */
export function emitter(object) {
  const heard = {};
  return Object.assign(object, {
    /** Calls `hear` at each such event; gives a function that ends it. */
    on(name, hear) {
      (heard[name] ??= new Set()).add(hear);
      return () => { heard[name].delete(hear); };
    },
    has: (name) => heard[name]?.size > 0,
    emit(name, value) {
      for (const hear of [...heard[name] ?? []]) {
        try {
          hear(value);
        } catch (error) {
          setTimeout(() => { throw error; }); // a listener's fault is not the connection's
        }
      }
    },
  });
}
