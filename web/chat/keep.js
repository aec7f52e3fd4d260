// SPDX-License-Identifier: MIT
// What outlives the page. For this browser: the rooms that one is in, and how far each name has read. For this window: what was
// typed and not sent, and what was sent and not confirmed. Whatever stands in the storage, what is given has the right form.

import { ofBrowser, ofWindow } from '../design/storage.js';

const KEY = 'godwit.chat';
export const MAX_ROOMS = 20; // each is a subscription
const MAX_USERS = 8; // whose reading is remembered
const MAX_PLACES = 100;
const MAX_UNSENT = 100;

const isText = (value) => typeof value === 'string';
const isName = (value) => isText(value) && !/\p{Cs}/u.test(value); // half a character can stand in no address
const texts = (list) => (Array.isArray(list) ? list.filter(isName) : []);
const table = (value) => (value && typeof value === 'object' && !Array.isArray(value) ? value : {});
const lastOf = (object, most) => Object.fromEntries(Object.entries(object).slice(-most));

const load = (kept) => table(kept.json(KEY));
const save = (kept, value) => kept.keepJson(KEY, value);

/** The rooms that this browser is in, the one entered last at the end. */
export const keptRooms = () => texts(load(ofBrowser).rooms).slice(-MAX_ROOMS);

/** Gives the rooms that it is one too many for: those entered longest ago. */
export function keepRoom(name) {
  const { rooms, ...rest } = load(ofBrowser);
  const all = [...texts(rooms).filter((each) => each !== name), name];
  save(ofBrowser, { ...rest, rooms: all.slice(-MAX_ROOMS) });
  return all.slice(0, -MAX_ROOMS);
}

export function dropRoom(name) {
  const { rooms, ...rest } = load(ofBrowser);
  save(ofBrowser, { ...rest, rooms: texts(rooms).filter((each) => each !== name) });
}

/** How far this user has read, by place: cursors. */
export function keptRead(user) {
  return Object.fromEntries(Object.entries(table(table(load(ofBrowser).read)[user])).filter(([, cursor]) => isText(cursor)));
}

export function keepRead(user, place, cursor) {
  const { read, ...rest } = load(ofBrowser);
  const { [user]: mine, ...others } = table(read);
  const { [place]: _, ...places } = table(mine);
  save(ofBrowser, { ...rest, read: lastOf({ ...others, [user]: lastOf({ ...places, [place]: cursor }, MAX_PLACES) }, MAX_USERS) });
}

/** Calls `changed` when another window of this browser has kept something. */
export const onKept = (changed) => addEventListener('storage', ({ key }) => key === KEY && changed());

/** What is being typed, by place. */
export const keptDrafts = () => Object.fromEntries(Object.entries(table(load(ofWindow).drafts)).filter(([, text]) => isText(text)));

export function keepDraft(place, text) {
  const { drafts, ...rest } = load(ofWindow);
  const { [place]: _, ...others } = table(drafts);
  save(ofWindow, { ...rest, drafts: lastOf(text ? { ...others, [place]: text } : others, MAX_PLACES) });
}

/** What was not confirmed: [{ place, text, isSent, isOut, code, reason }]. */
export function keptUnsent() {
  const { unsent } = load(ofWindow);
  const isEntry = (each) => isName(each?.place) && /^[#@]/.test(each.place) && isText(each.text);
  return (Array.isArray(unsent) ? unsent : []).filter(isEntry).slice(-MAX_UNSENT).map(({ place, text, isSent, isOut, code, reason }) => ({
    place, text, ...isSent === true && { isSent }, ...isOut === true && { isOut }, ...Number.isInteger(code) && isText(reason) && { code, reason },
  }));
}

export function keepUnsent(unsent) {
  save(ofWindow, { ...load(ofWindow), unsent: unsent.slice(-MAX_UNSENT) });
}
