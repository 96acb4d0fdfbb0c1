// What the browser keeps between visits: who one is, drafts, unsent messages, the last messages of
// each room. In localStorage, which all tabs of a person share; a browser that gives none keeps
// nothing, and the page works all the same. Of the session it keeps whose it is, and no secret where
// the browser took that as a cookie (cookie.ts).

import type { Kept } from "../store/actions";
import { byName } from "../store/by-name";
import { emptyRoom, lastSeq, NO_SETTINGS, type Pending, type Room, type State } from "../store/state";
import type * as wire from "../protocol";

const PREFIX = "hubbub.";
const OUT = `${PREFIX}out.`;
const ROOM = `${PREFIX}room.`;
const DRAFT = `${PREFIX}draft.`;
const HANDING = `${PREFIX}handing`;
const EVENTS_KEPT = 60;
const ROOM_CHARS = 120_000;
const ROOMS_KEPT = 30;

export interface Session {
  /** Empty where the browser has it as a cookie. */
  token: string;
  epoch: string;
  me: wire.Self;
  /** Another one for each secret, so that tabs see that there is a new one. */
  turn: string;
}

export const keep = {
  session(): Session | null {
    return handing() ?? read<Session>("session");
  },

  /** A session whose secret is being handed over to the browser: this tab's alone, for moments. */
  setHanding(session: Session | null): void {
    try {
      if (session === null) sessionStorage.removeItem(HANDING);
      else sessionStorage.setItem(HANDING, JSON.stringify(session));
    } catch {
      // Without it a page that is loaded anew at that very moment asks for the name again.
    }
  },

  setSession(session: Session | null): void {
    write("session", session);
  },

  /** The public rooms that this person is in, which all tabs follow. */
  rooms(): string[] {
    return read<string[]>("rooms") ?? [];
  },

  setRooms(rooms: readonly string[]): void {
    const names = [...rooms].sort();
    if (names.join("\n") !== keep.rooms().sort().join("\n")) write("rooms", names);
  },

  setUnsent(pending: Pending): void {
    // A key for each: tabs that write at the same time do not overwrite each other.
    write(`out.${pending.nonce}`, pending);
  },

  forgetUnsent(nonce: string): void {
    write(`out.${nonce}`, null);
  },

  unsent(): Pending[] {
    return entries<Pending>(OUT).map(([, each]) => each).sort((one, other) => one.at - other.at);
  },

  all(): Kept {
    const session = keep.session();
    const rooms = entries<Partial<Room>>(ROOM).map(([name, room]) => [name, { ...emptyRoom(name), ...room }] as const);
    return {
      me: session?.me ?? null,
      epoch: session?.epoch ?? null,
      rooms: byName(session === null ? [] : rooms),
      drafts: byName(entries<string>(DRAFT)),
      settings: keptSettings(),
      pending: session === null ? [] : keep.unsent(),
      current: read<string>("current"),
    };
  },

  settings(settings: State["settings"]): void {
    write("settings", settings);
  },

  /** Writes the drafts that have changed. */
  drafts(before: State["drafts"], after: State["drafts"]): void {
    // A key for each room: another tab may be writing in another room at this very moment.
    for (const room of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (after[room] !== before[room]) write(`draft.${room}`, isSecret(after[room]) ? null : after[room] ?? null);
    }
  },

  current(current: string | null): void {
    write("current", current);
  },

  /** The end of a room, so that the next visit begins with something to read. */
  room(room: Room): void {
    // What is kept must be the log's end, or a resume from there would leave a hole.
    if (room.last === 0 || lastSeq(room) !== room.last) return;
    const { name, kind, topic, first, last, read: readTo, unread, mentions, others, role, may, readOnly, archived } = room;
    let events = room.events.slice(-EVENTS_KEPT);
    while (events.length > 1 && JSON.stringify(events).length > ROOM_CHARS) events = events.slice(events.length >> 1);
    const known = { name, kind, topic, first, last, role, may, readOnly, archived };
    write(`room.${name}`, { ...known, read: readTo, unread, mentions, others, events });
  },

  forgetRoom(name: string): void {
    write(`room.${name}`, null);
  },

  /** Drops the rooms that this person is in no more. */
  onlyRooms(names: readonly string[]): void {
    const wanted = new Set(names.slice(0, ROOMS_KEPT).map((name) => ROOM + name));
    for (const key of keys(ROOM)) if (!wanted.has(key)) write(key.slice(PREFIX.length), null);
  },

  /** Everything but the settings: the person has left. */
  forget(): void {
    for (const key of keys(PREFIX)) {
      if (key !== `${PREFIX}settings` && key !== `${PREFIX}name`) write(key.slice(PREFIX.length), null);
    }
  },

  /** Whether this browser shall be notified; a subscription that is lost is made anew. */
  push(): boolean {
    return read<boolean>("push") ?? false;
  },

  /** Whether the person has turned that off again. */
  isPushOff(): boolean {
    return read<boolean>("push") === false;
  },

  setPush(on: boolean): void {
    write("push", on);
  },

  name(): string {
    return read<string>("name") ?? "";
  },

  setName(name: string): void {
    write("name", name);
  },
};

/** Calls back when another tab of this person has changed something. */
export function onOtherTab(listen: (what: "session" | "rooms" | "settings" | "unsent", key: string) => void): void {
  window.addEventListener("storage", (event) => {
    const key = event.key ?? "";
    if (key === `${PREFIX}session`) listen("session", key);
    else if (key === `${PREFIX}rooms`) listen("rooms", key);
    else if (key === `${PREFIX}settings`) listen("settings", key);
    else if (key.startsWith(OUT) && event.newValue === null) listen("unsent", key.slice(OUT.length));
  });
}

/** What is read back is a plain object, also in it. */
function keptSettings(): State["settings"] {
  const settings = { ...NO_SETTINGS, ...read<Partial<State["settings"]>>("settings") };
  return { ...settings, ignored: byName(Object.entries(settings.ignored)) };
}

/** A line with a password in it is kept nowhere. */
export function isSecret(draft: string | undefined): boolean {
  return /^\s*\/(register|login|password)\s/i.test(draft ?? "");
}

/** Where it is kept; with this visit, where a browser gives nothing else. */
function storage(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  try {
    return localStorage;
  } catch {
    return visit;
  }
}

const visited = new Map<string, string>();
const visit = {
  getItem: (key: string): string | null => visited.get(key) ?? null,
  setItem: (key: string, value: string): void => void visited.set(key, value),
  removeItem: (key: string): void => void visited.delete(key),
};

function handing(): Session | null {
  try {
    return JSON.parse(sessionStorage.getItem(HANDING) ?? "null") as Session | null;
  } catch {
    return null;
  }
}

function read<T>(key: string): T | null {
  try {
    const text = storage().getItem(PREFIX + key);
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}

/** What is kept under keys that begin so, by what comes after that. */
function entries<T>(prefix: string): [string, T][] {
  return keys(prefix).flatMap((key): [string, T][] => {
    const value = read<T>(key.slice(PREFIX.length));
    return value === null ? [] : [[key.slice(prefix.length), value]];
  });
}

function write(key: string, value: unknown): void {
  try {
    if (value === null) storage().removeItem(PREFIX + key);
    else storage().setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Full: the visit goes on without.
  }
}

function keys(prefix: string): string[] {
  const all = storage() === visit ? [...visited.keys()] : Object.keys(storage());
  return all.filter((key) => key.startsWith(prefix));
}
