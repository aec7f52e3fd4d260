// SPDX-License-Identifier: MIT
// What outlives the page. For this browser: the rooms that one is in, and how far each name has read. For this window: what was
// typed and not sent, and what was sent and not confirmed. Whatever stands in the storage, what is given has the right form.

const KEY = 'godwit.chat';
export const MAX_ROOMS = 20; // each is a subscription
const MAX_USERS = 8; // whose reading is remembered
const MAX_PLACES = 100;
const MAX_UNSENT = 100;

const isText = (value) => typeof value === 'string';
const texts = (list) => (Array.isArray(list) ? list.filter(isText) : []);
const table = (value) => (value && typeof value === 'object' && !Array.isArray(value) ? value : {});
const lastOf = (object, most) => Object.fromEntries(Object.entries(object).slice(-most));

// A browser may refuse storage: then all of it lasts as long as the page.
function load(storage) {
  try {
    return table(JSON.parse(storage().getItem(KEY)));
  } catch {
    return {};
  }
}

function save(storage, value) {
  try {
    storage().setItem(KEY, JSON.stringify(value));
  } catch {
    // see above
  }
}

const local = () => localStorage;
const session = () => sessionStorage;

/** The rooms that this browser is in, the one entered last at the end. */
export const keptRooms = () => texts(load(local).rooms).slice(-MAX_ROOMS);

/** Gives the rooms that it is one too many for: those entered longest ago. */
export function keepRoom(name) {
  const { rooms, ...rest } = load(local);
  const all = [...texts(rooms).filter((each) => each !== name), name];
  save(local, { ...rest, rooms: all.slice(-MAX_ROOMS) });
  return all.slice(0, -MAX_ROOMS);
}

export function dropRoom(name) {
  const { rooms, ...rest } = load(local);
  save(local, { ...rest, rooms: texts(rooms).filter((each) => each !== name) });
}

/** How far this user has read, by place: cursors. */
export function keptRead(user) {
  return Object.fromEntries(Object.entries(table(table(load(local).read)[user])).filter(([, cursor]) => isText(cursor)));
}

export function keepRead(user, place, cursor) {
  const { read, ...rest } = load(local);
  const { [user]: mine, ...others } = table(read);
  const { [place]: _, ...places } = table(mine);
  save(local, { ...rest, read: lastOf({ ...others, [user]: lastOf({ ...places, [place]: cursor }, MAX_PLACES) }, MAX_USERS) });
}

/** Calls `changed` when another window of this browser has kept something. */
export const onKept = (changed) => addEventListener('storage', ({ key }) => key === KEY && changed());

/** What is being typed, by place. */
export const keptDrafts = () => Object.fromEntries(Object.entries(table(load(session).drafts)).filter(([, text]) => isText(text)));

export function keepDraft(place, text) {
  const { drafts, ...rest } = load(session);
  const { [place]: _, ...others } = table(drafts);
  save(session, { ...rest, drafts: lastOf(text ? { ...others, [place]: text } : others, MAX_PLACES) });
}

/** What was not confirmed: [{ place, text, isSent, isOut, code, reason }]. */
export function keptUnsent() {
  const { unsent } = load(session);
  return (Array.isArray(unsent) ? unsent : []).filter((each) => isText(each?.place) && /^[#@]/.test(each.place) && isText(each.text)).slice(-MAX_UNSENT);
}

export function keepUnsent(unsent) {
  save(session, { ...load(session), unsent: unsent.slice(-MAX_UNSENT) });
}
