import type * as wire from "../protocol";
import type { Obstacle } from "../push/obstacle";
import { byName, type ByName } from "./by-name";

/** What everybody may do in a room, as far as a server that tells of no rights is concerned. */
export const USUAL_RIGHTS: readonly string[] = ["post", "topic"];

/** Somebody in a room. `away` and `role` are known once the member list was read. */
export interface Member {
  id: string;
  name: string;
  role: string;
  away: boolean;
}

/** A line that only this person sees: a command's answer, or a refusal. */
export interface Note {
  id: number;
  /** It stands behind the message with this seq. */
  after: number;
  text: string;
  kind: "info" | "error";
}

/** One room. `events` is a window into its log: consecutive seqs, oldest first. */
export interface Room {
  name: string;
  /** The name that it had when this page first knew it: what is shown of it stays the same thing. */
  key: string;
  kind: string;
  topic: string;
  readOnly: boolean;
  archived: boolean;
  /** What this person is in it, and may do there. */
  role: string;
  may: readonly string[];
  /** The ends of the whole log. */
  first: number;
  last: number;
  read: number;
  unread: number;
  mentions: number;
  events: readonly wire.LogEvent[];
  loading: "older" | "newer" | "jump" | null;
  /** Whether the person looks at the window's end, so that new messages scroll into view. */
  following: boolean;
  /** The seq after which the "new messages" line stands. */
  newAfter: number | null;
  /** Whether somebody has jumped to that line since it stands. */
  newSeen: boolean;
  members: ByName<Member>;
  /** How many there are, where the room is too large for a list. */
  users: number | null;
  /** Who is writing, until when (milliseconds). */
  typing: ByName<{ name: string; until: number }>;
  notes: readonly Note[];
  /** What of it is pushed to this person: `all`, `mentions` or `none`. */
  notify: string;
  /** Those of a direct room but for this user. */
  others: readonly wire.Person[];
}

/** Something that was written here and whose event has not come yet. */
export interface Pending {
  nonce: string;
  /** A room's name, or `to:` and names for a first whisper. */
  room: string;
  text: string;
  to?: readonly string[];
  /** When it was written, in milliseconds. */
  at: number;
  state: "waiting" | "sent" | "failed";
  seq?: number;
  error?: string;
}

export type Theme = "system" | "light" | "dark";

export interface Settings {
  theme: Theme;
  /** Whether comings, goings and new names are shown among the messages. */
  notices: boolean;
  /** Hidden people: their id, and the name they had. */
  ignored: ByName<string>;
}

/** A notice that this person sent to their own browsers, to see what becomes of it. */
export interface PushTest {
  /** `taken`: by the push services; `arrived`: here. */
  state: "asked" | "taken" | "arrived" | "lost" | "failed";
  fates: readonly wire.PushFate[];
  error: string;
}

/** Whether this browser is notified. */
export interface Push {
  /** The server's key; null where it sends no notices. */
  key: string | null;
  obstacle: Obstacle | null;
  on: boolean;
  /** While it is turned on or off. */
  busy: boolean;
  failure: string;
  test: PushTest | null;
}

/** Something to be done to somebody, or to something that somebody said, and where. */
export type Act =
  | { kind: "mute" | "kick" | "ban" | "role"; person: wire.Person; room: string }
  | { kind: "delete"; message: wire.Message };

export type Dialog =
  | "switch"
  | "settings"
  | "account"
  | "notifications"
  | "rooms"
  | "new_room"
  | "room"
  | "search"
  | "manage"
  | "keys"
  | Act
  | null;

export interface Line {
  state: "off" | "dialling" | "up" | "down";
  /** Why the last one ended. */
  reason: string;
}

export interface State {
  /** `out`: the first view, with the name; `in`: the rooms. */
  phase: "out" | "joining" | "in";
  joinError: string | null;
  /** The code of the refusal, where the server refused somebody at the door. */
  joinCode: string | null;
  me: wire.Self | null;
  epoch: string | null;
  serverName: string;
  /** How one becomes a member here: open, invite or closed. */
  registration: string;
  /** What this person may do on the server. */
  may: readonly string[];
  commands: readonly wire.CommandInfo[];
  limits: ByName<number>;
  line: Line;
  rooms: ByName<Room>;
  current: string | null;
  pending: readonly Pending[];
  drafts: ByName<string>;
  settings: Settings;
  push: Push;
  dialog: Dialog;
  /** What covers the messages on a small screen, or stands beside them on a large one. */
  roomsShown: boolean;
  peopleShown: boolean;
  /** Whether somebody looks at the page. */
  looking: boolean;
  directory: readonly wire.RoomSummary[] | null;
  /** The row that the list brings into view next. */
  target: string | null;
  /** What the live region reads next. */
  said: string;
  noteCount: number;
}

/** Events kept in a room's window; beyond `WINDOW_MOST` it is cut to `WINDOW_KEPT`. */
export const WINDOW_KEPT = 300;
export const WINDOW_MOST = 400;
/** The key of the "new messages" line among the rows. */
export const NEW = "new";
export const NOTES_KEPT = 50;
export const MEMBERS_KEPT = 1000;
export const TYPING_MS = 5000;

export const NO_SETTINGS: Settings = { theme: "system", notices: false, ignored: byName() };

export const NO_PUSH: Push = { key: null, obstacle: null, on: false, busy: false, failure: "", test: null };

export function initial(): State {
  return {
    phase: "out",
    joinError: null,
    joinCode: null,
    me: null,
    epoch: null,
    serverName: "hubbub",
    registration: "open",
    may: [],
    commands: [],
    limits: byName(),
    line: { state: "off", reason: "" },
    rooms: byName(),
    current: null,
    pending: [],
    drafts: byName(),
    settings: NO_SETTINGS,
    push: NO_PUSH,
    dialog: null,
    roomsShown: false,
    peopleShown: false,
    looking: true,
    directory: null,
    target: null,
    said: "",
    noteCount: 0,
  };
}

export function emptyRoom(name: string): Room {
  return {
    name,
    key: name,
    kind: name.startsWith("@") ? "direct" : name.startsWith("+") ? "private" : "public",
    topic: "",
    readOnly: false,
    archived: false,
    role: "member",
    may: USUAL_RIGHTS,
    first: 1,
    last: 0,
    read: 0,
    unread: 0,
    mentions: 0,
    events: [],
    loading: null,
    following: true,
    newAfter: null,
    newSeen: false,
    members: byName(),
    users: null,
    typing: byName(),
    notes: [],
    notify: "mentions",
    others: [],
  };
}

/** Whether the window reaches the end of the log. */
export function atEnd(room: Room): boolean {
  return room.events.length === 0 ? room.last < room.first : lastSeq(room) >= room.last;
}

/** Whether the window reaches the beginning of the log. */
export function atStart(room: Room): boolean {
  const oldest = room.events[0];
  return oldest === undefined ? room.last < room.first : oldest.seq <= room.first;
}

/** The newest seq of the window, 0 when it is empty. */
export function lastSeq(room: Room): number {
  return room.events.at(-1)?.seq ?? 0;
}
