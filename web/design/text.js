// SPDX-License-Identifier: MIT
// How pages write what is no word: counts, bytes, addresses that a shell may read. Pure text, no page.

/** `1 message`, `2,000 messages`. */
export const count = (n, one, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** `5 bytes: 00 ff 10 …`: the first sixteen. */
export function describeBytes(bytes) {
  if (!bytes.length) return '0 bytes';
  const shown = [...bytes.subarray(0, 16)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  return `${count(bytes.length, 'byte')}: ${shown}${bytes.length > 16 ? ' …' : ''}`;
}

/** One segment of an address. What encodeURIComponent leaves and a shell would read as its own is encoded too, so the address needs no quotes. */
export function segment(text) {
  return encodeURIComponent(text).replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
