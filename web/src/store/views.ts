// What the page shows, read from the state. Pure.

import type * as wire from "../protocol";
import { strings } from "../strings";
import { sentence } from "../text/sentence";
import { dayOf } from "../text/times";
import { fold } from "../text/mention";
import { bare, titleOfName } from "../text/room-name";
import { atEnd, NEW, type Member, type Note, type Pending, type Room, type State } from "./state";

/** Messages of one person within this time stand together under one name. */
const GROUP_MS = 7 * 60_000;

export type Row =
  | { kind: "day"; key: string; at: string | number }
  | { kind: "new"; key: string }
  | { kind: "message"; key: string; message: wire.Message; first: boolean; own: boolean }
  | { kind: "changed"; key: string; at: string; text: string }
  | { kind: "pending"; key: string; pending: Pending; first: boolean }
  | { kind: "note"; key: string; note: Note };

/** The rows of a room's window, top to bottom. */
export function rowsOf(room: Room, pending: readonly Pending[], me: string, ignored: State["settings"]["ignored"]): Row[] {
  const rows: Row[] = [];
  const oldest = room.events[0]?.seq ?? 0;
  const notes = room.notes.filter((note) => note.after >= oldest - 1);
  let former: wire.LogEvent | null = null;
  let settings: wire.Settings | null = null;
  let day = "";
  let isNew = false;
  const days = new Set<string>();
  for (const event of room.events) {
    while (notes[0] !== undefined && notes[0].after < event.seq) {
      rows.push(noteRow(notes.shift() as Note));
      former = null;
    }
    // It is told by what it did to the message.
    if (event.type === "deleted" || (event.type !== "settings" && event.from.id in ignored)) continue;
    if (dayOf(event.at) !== day) {
      day = dayOf(event.at);
      // It keeps its key when older messages of the day come before it. A clock set back makes a second one.
      rows.push({ kind: "day", key: days.has(day) ? `d${event.seq}` : `d${day}`, at: event.at });
      days.add(day);
      former = null;
    }
    if (!isNew && room.newAfter !== null && event.seq > room.newAfter) {
      isNew = true;
      rows.push({ kind: "new", key: NEW });
      former = null;
    }
    if (event.type !== "message") {
      const text = event.type === "settings" ? changeOf(event, settings) : sentence(event);
      rows.push({ kind: "changed", key: `e${event.seq}`, at: event.at, text });
      if (event.type === "settings") settings = event;
      former = null;
      continue;
    }
    const first = former?.type !== "message" || !together(former, event);
    rows.push({ kind: "message", key: `e${event.seq}`, message: event, first, own: event.from.id === me });
    former = event;
  }
  if (!atEnd(room) && room.events.length > 0) return rows;
  for (const note of notes) {
    rows.push(noteRow(note));
    former = null;
  }
  let own = former?.type === "message" && former.from.id === me && former.me !== true;
  for (const each of pending) {
    rows.push({ kind: "pending", key: `p${each.nonce}`, pending: each, first: !own });
    own = true;
  }
  return rows;
}

function noteRow(note: Note): Row {
  return { kind: "note", key: `n${note.id}`, note };
}

function together(one: wire.Message, other: wire.Message): boolean {
  return (
    one.from.id === other.from.id &&
    one.from.name === other.from.name &&
    one.me !== true &&
    other.me !== true &&
    Date.parse(other.at) - Date.parse(one.at) < GROUP_MS
  );
}

/** What was done to a room, as far as its former settings are known. */
function changeOf(now: wire.Settings, before: wire.Settings | null): string {
  const who = now.from.name;
  if (now.was !== undefined) return strings.roomRenamed(who, titleOfName(now.was), titleOfName(now.room));
  if (now.seq === 1) return strings.roomMade(who, now.kind === "private", now.read_only === true);
  const { archived = false, read_only: readOnly = false, kind } = now;
  if (archived !== (before?.archived ?? false)) return strings.roomArchived(who, archived);
  if (before !== null && readOnly !== (before.read_only ?? false)) return strings.roomReadOnly(who, readOnly);
  if (before !== null && kind !== before.kind) return strings.roomKind(who, kind === "private");
  return strings.roomIs(who, kind === "private", readOnly);
}

/** What a person calls a room. */
export function titleOf(room: Room): string {
  if (room.kind !== "direct") return titleOfName(room.name);
  return room.others.map((person) => person.name).join(", ") || "…";
}

/** The title of a conversation that has not begun. */
export function titleOfNew(name: string): string {
  return name.slice(3).split(",").join(", ");
}

export interface RoomList {
  rooms: Room[];
  direct: Room[];
}

export function roomList(state: Pick<State, "rooms">): RoomList {
  const all = Object.values(state.rooms);
  return {
    rooms: all.filter((room) => room.kind !== "direct").sort(byTitle),
    direct: all
      .filter((room) => room.kind === "direct" && (room.others.length > 0 || room.last > 0))
      .sort((one, other) => newest(other).localeCompare(newest(one))),
  };
}

/** Those that are archived stand last; private ones among the others. */
function byTitle(one: Room, other: Room): number {
  return Number(one.archived) - Number(other.archived) || bare(one.name).localeCompare(bare(other.name));
}

/** Of which nothing is pushed. */
export function mutedRooms(state: State): Room[] {
  const { rooms, direct } = roomList(state);
  return [...rooms, ...direct].filter((room) => room.notify === "none");
}

function newest(room: Room): string {
  return room.events.at(-1)?.at ?? "";
}

/** The document's title: mentions first, because they call. */
export function documentTitle(state: State): string {
  const rooms = Object.values(state.rooms);
  const mentions = rooms.reduce((sum, room) => sum + badge(room), 0);
  const unread = rooms.some((room) => room.unread > 0);
  const room = state.current === null ? undefined : state.rooms[state.current];
  const where = room === undefined ? state.serverName : `${titleOf(room)} · ${state.serverName}`;
  if (mentions > 0) return `(${mentions}) ${where}`;
  return unread ? `• ${where}` : where;
}

/** The number that a room shows: what speaks to this person. */
export function badge(room: Room): number {
  return room.kind === "direct" ? Math.max(room.unread, room.mentions) : room.mentions;
}

/** People of a room: those here first in the order of their names. */
export function peopleOf(room: Room): Member[] {
  return Object.values(room.members).sort((one, other) => fold(one.name).localeCompare(fold(other.name)));
}

export function peopleCount(room: Room): number {
  if (room.kind === "direct") return room.others.length + 1;
  return room.users ?? Object.keys(room.members).length;
}

/** Ids of everybody who is seen in some room. */
export function presentIds(state: Pick<State, "rooms">): ReadonlySet<string> {
  return new Set(Object.values(state.rooms).flatMap((room) => Object.keys(room.members)));
}

/** Names to complete in a room: those who spoke last first, this person left out. */
export function namesOf(state: State, room: Room | undefined): string[] {
  if (room === undefined) return [];
  const spoke = [...room.events].reverse().map((event) => event.from);
  const everyone = [...spoke, ...room.others, ...peopleOf(room)];
  const names = new Map(everyone.filter((person) => person.id !== state.me?.id).map((person) => [person.id, person.name]));
  // A renamed person is called by the newest name.
  for (const member of Object.values(room.members)) if (names.has(member.id)) names.set(member.id, member.name);
  return [...new Set(names.values())];
}

export function typingNow(room: Room): string {
  return strings.typing(Object.values(room.typing).map((each) => each.name));
}

/** Which colour a person has, of `count`. */
export function hueOf(id: string, count: number): number {
  let sum = 0;
  for (let at = 0; at < id.length; at += 1) sum = (sum * 31 + id.charCodeAt(at)) >>> 0;
  return sum % count;
}
