// SPDX-License-Identifier: MIT
// What all parts share: errors, cursors, publications, and who listens to what.

export const { random, min } = Math;
export const now = () => Date.now();
/** How long ago that was; or how far ahead, where somebody has set the clock back. */
export const since = (time) => Math.abs(now() - time);
export const encode = encodeURIComponent;
export const utf8 = (bytes) => new TextDecoder().decode(bytes);

/** What the server, or this client, has refused. */
export const problem = (code = 0, reason = 'closed', more) => Object.assign(Error(`${reason} (${code})`), { code, reason }, more);

/** How far cursor `to` is ahead of `from`; NaN where they are not of one epoch. */
export function ahead(from, to) {
  const [before, n] = from.split(':');
  const [epoch, m] = to.split(':');
  return before === epoch ? m - n : NaN;
}

/** [name, value] of those options that are given. */
export const given = (options) => Object.entries(options).filter(([, value]) => value !== undefined);

/** A publication of a JSON answer. */
export const unpack = ({ data, text, base64, ...parts }) => ({
  ...parts,
  data: base64 === undefined ? text ?? JSON.stringify(data) : Uint8Array.from(atob(base64), (c) => c.charCodeAt()),
});

/** Makes an emitter of an object; `emit` is for us, and so is `heeds`: it is told what a listener has come for. */
export function emitter(object, heeds) {
  const heard = {};
  return Object.assign(object, {
    /** Calls `hear` at each such event; gives a function that ends it. */
    on(name, hear) {
      (heard[name] ??= new Set()).add(hear);
      heeds(name);
      return () => { heard[name].delete(hear); };
    },
    hears: (name) => heard[name]?.size > 0,
    emit(name, value) {
      for (const hear of new Set(heard[name])) {
        try {
          hear(value);
        } catch (error) {
          setTimeout(() => { throw error; }); // a listener's fault is not the connection's
        }
      }
    },
  });
}
