// SPDX-License-Identifier: MIT
// Godwit's client (docs/client.md).

export type Transport = 'websocket' | 'sse' | 'longpoll';

/** Text and bytes go out as they are, everything else as JSON. */
export type Payload = string | number | boolean | null | (object & NoCode) | (Record<string, unknown> & NoCode);

/** Not a function, and not a promise that nobody waited for: neither has a text as JSON. */
interface NoCode {
  readonly bind?: never;
  readonly then?: never;
}

export interface Options {
  /** Who one is, where the server believes it (development mode). */
  user?: string;
  /** Who one is: a token, or what gives one, asked anew for each connection and request. */
  token?: string | (() => string | Promise<string>);
  /** In the order of preference; all three by default. */
  transports?: readonly Transport[];
  /** Whether the tabs of a site share one connection: yes, in pages. */
  share?: boolean;
  /** Publications that may wait for an answer: 1000. */
  queue?: number;
  /** The cursor of the last direct message that was dealt with; without it, all that the inbox keeps comes first. */
  inbox?: string;
  /** The class to use where there is no global one (Node before 22). */
  WebSocket?: new (url: string, protocols?: string) => object;
  fetch?: typeof fetch;
  /** Milliseconds. How long an answer may take: 6000. */
  timeout?: number;
  /** The wait before the first try to come back, 500, which doubles with each up to `ceiling`, 30,000. Half of it is chance. */
  backoff?: number;
  ceiling?: number;
  /** A connection that dies younger has died early, 10,000: three of them, and the next transport is tried. */
  early?: number;
  /** The wait before a better transport is tried again, 5000; doubles with each try. */
  climb?: number;
  /** How often the connection is looked after, 5000. */
  tick?: number;
}

export interface State {
  state: 'connecting' | 'online' | 'offline' | 'closed';
  transport?: Transport;
  /** Milliseconds until the next try; without it, that is under way. */
  retry?: number;
  /** Why it is closed for good: the server's close code, from 4400 to 4499. */
  code?: number;
  reason?: string;
}

export interface Message {
  /** The channel's name; empty for a direct message. */
  channel: string;
  cursor: string;
  event?: string;
  /** The user who published it. */
  from?: string;
  /** When it was published (over HTTP only). */
  time?: string;
  data: string | Uint8Array;
  /** `data` as text. */
  readonly text: string;
  json<T = any>(): T;
}

/** What was refused, and why: HTTP's codes; 0 where this side refused it (`full`, `closed`, `in-doubt`), or no answer came (`lost`). */
export interface Problem extends Error {
  code: number;
  reason: string;
}

export interface PublishOptions {
  event?: string;
  /** Now or never: not kept while there is no connection, not said again, and without an answer. */
  volatile?: boolean;
}

export interface Published {
  cursor: string;
}

export interface Presence {
  users: { user: string; sessions: number; since: string }[];
  count: number;
  sessions: number;
}

export interface History {
  messages: Message[];
  /** Leads on from the last message. */
  cursor: string;
  /** False: the history does not reach back to `after`. */
  recovered: boolean;
  missed?: number;
}

export interface ChannelEvents {
  message: Message;
  join: string;
  leave: string;
  /** Messages are lost; how many, where that is known. */
  gap: { missed?: number; cursor: string };
  /** Back, and nothing is lost: what was missed comes next. */
  recovered: { cursor: string };
  /** The channel may not be heard, or its history not be read. */
  error: Problem;
}

export interface Channel {
  readonly name: string;
  /** Of the last message. */
  readonly cursor?: string;
  /** The first listener opens the channel. Gives a function that takes this one away. */
  on<E extends keyof ChannelEvents>(event: E, listener: (value: ChannelEvents[E]) => void): () => void;
  /** Settles when it has its place in the channel; rejects with a Problem. */
  publish(data: Payload, options?: PublishOptions & { volatile?: false }): Promise<Published>;
  publish(data: Payload, options: PublishOptions): Promise<Published | void>;
  /** Where the channel is open, once it stands: so oneself is in it. Rejects with a Problem, as `history` does. */
  presence(): Promise<Presence>;
  history(options?: { after?: string; limit?: number }): Promise<History>;
  /** Settles when the channel stands and its history has been told; also where it may not be heard (`error` tells), or is closed. */
  open(): Promise<void>;
  /** Hears no more; `open()` goes on from the cursor. */
  close(): void;
}

export interface ClientEvents {
  state: State;
  direct: Message;
  /** Direct messages are lost. */
  gap: { missed?: number; cursor: string };
  recovered: { cursor: string };
  /** A publication that failed (its promise tells as well), or an inbox that may not be heard. */
  error: Problem;
}

export interface Client {
  readonly state: State['state'];
  readonly transport?: Transport;
  readonly code?: number;
  readonly user?: string;
  readonly session?: string;
  on<E extends keyof ClientEvents>(event: E, listener: (value: ClientEvents[E]) => void): () => void;
  /** `after`: the cursor to begin behind; `history`: begin with what the channel keeps. They count when the channel is first named. */
  channel(name: string, options?: { after?: string; history?: boolean }): Channel;
  /** To all sessions of a user, and their inbox. */
  send(user: string, data: Payload, options?: PublishOptions & { volatile?: false }): Promise<Published>;
  send(user: string, data: Payload, options: PublishOptions): Promise<Published | void>;
  /** For good. */
  close(): void;
}

export default function godwit(url?: string, options?: Options): Client;
