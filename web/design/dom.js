// SPDX-License-Identifier: MIT
// A few words for making and changing elements. Text goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** An element with properties (`dataset` and `aria` as objects) and children: nodes or text; `null` is left out. */
export function element(tag, { dataset, aria, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  Object.assign(made.dataset, dataset);
  for (const [name, value] of Object.entries(aria ?? {})) made.setAttribute(name === 'role' ? name : `aria-${name}`, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Writes only where the words change: a live region speaks whenever it is written to. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** One of the eight tones that people are told apart by: always the same one for a name. */
export function toneOf(name) {
  let sum = 0;
  for (const c of name) sum = (sum * 31 + c.codePointAt(0)) % 65521;
  return sum % 8;
}

/** The round mark of a person: the first letter, in their tone. */
export function badge(name) {
  const [first] = /(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}\p{P}\p{S}]/u.exec(name) ?? ['?'];
  return element('span', { className: `badge tone-${toneOf(name)}`, aria: { hidden: 'true' } }, first.toUpperCase());
}
