// How the server's events change a room.

import { mentions } from "../text/mention";
import type * as wire from "../protocol";
import { byName, withName, withoutName, type ByName } from "./by-name";
import {
  emptyRoom,
  MEMBERS_KEPT,
  TYPING_MS,
  USUAL_RIGHTS,
  type Member,
  type Room,
  type State,
} from "./state";
import { appended, paged, withoutDeleted } from "./window";

export function withRoom(state: State, room: Room): State {
  return { ...state, rooms: withName(state.rooms, room.name, room) };
}

export function roomOf(state: State, name: string): Room {
  return state.rooms[name] ?? emptyRoom(name);
}

/** The rooms after a `welcome`: what was known of them from before stays, if the log is the same. */
export function welcomed(state: State, welcome: wire.Welcome, sameLog: boolean): ByName<Room> {
  const rooms = welcome.rooms.map((told): [string, Room] => {
    const former = state.rooms[told.room];
    // Behind the server's end the log is another one, whatever its epoch says.
    const keep = former !== undefined && sameLog && former.last <= told.last;
    const before = keep ? former : emptyRoom(told.room);
    const room = {
      ...before,
      ...standingOf(told),
      topic: told.topic,
      first: told.first,
      // The replay that follows moves `last` on; direct rooms have none, and read what they lack.
      last: told.kind === "direct" ? told.last : keep ? before.last : 0,
      read: Math.max(told.read, keep ? before.read : 0),
      unread: told.unread,
      notify: told.notify ?? before.notify,
      mentions: Math.min(before.mentions, told.unread),
      loading: null,
      others: before.others,
    };
    return [told.room, room];
  });
  return byName(rooms);
}

/** What a room is and what this person may do there, as `welcome` and `join` tell. */
function standingOf(told: Pick<wire.RoomState, "kind" | "role" | "may" | "read_only" | "archived">): Partial<Room> {
  const { kind, role, may = USUAL_RIGHTS, read_only: readOnly = false, archived = false } = told;
  return { kind, role, may, readOnly, archived };
}

/** A durable event, in order: live, or from a replay, in which nobody need be here any more. */
export function logged(state: State, event: wire.LogEvent, live = true): State {
  const room = roomOf(state, event.room);
  if (event.seq <= room.last) return state;
  const next: Room = { ...room, events: appended(room, event), last: event.seq };
  switch (event.type) {
    case "topic":
      return withRoom(state, { ...next, topic: event.text });
    case "deleted":
      return withRoom(state, deletedIn(state, next, event.target));
    case "settings": {
      const { kind, read_only: readOnly = false, archived = false } = event;
      return withRoom(state, { ...next, kind, readOnly, archived });
    }
    case "message":
      return withRoom(state, said(state, room, next, event, live));
    default:
      // It has its place, and changes nothing else.
      return withRoom(state, next);
  }
}

/** `next` with a message that was said in `room`. */
function said(state: State, room: Room, next: Room, event: wire.Message, live: boolean): Room {
  const me = state.me;
  if (event.to !== undefined) {
    next.kind = "direct";
    const everyone = [event.from, ...event.to];
    next.others = unique(everyone.filter((person) => person.id !== me?.id));
  }
  if (live) next.members = withMember(next.members, event.from);
  if (event.from.id in room.typing) next.typing = withoutName(room.typing, event.from.id);
  if (event.from.id === me?.id) return { ...next, newAfter: null };
  if (event.from.id in state.settings.ignored) return next;
  const seen = state.current === event.room && state.looking && room.following;
  if (!seen && event.seq > room.read) {
    next.unread = room.unread + 1;
    if (calls(state, next, event)) next.mentions = room.mentions + 1;
    if (next.newAfter === null) next.newAfter = Math.max(room.read, room.last);
  }
  return next;
}

/** A message that had called this person has lost its text. */
function deletedIn(state: State, room: Room, target: number): Room {
  const lost = room.events.find((event) => event.seq === target);
  const called = lost !== undefined && target > room.read && calls(state, room, lost);
  const mentions = called ? Math.max(0, room.mentions - 1) : room.mentions;
  return { ...room, events: withoutDeleted(room.events, [target]), mentions };
}

/** A room has got another name: everything that is known of it goes with it. */
export function renamed(state: State, was: string, name: string): State {
  const room = state.rooms[was];
  if (room === undefined || name in state.rooms) return state;
  const rooms = withName(withoutName(state.rooms, was), name, { ...room, name });
  const draft = state.drafts[was];
  return {
    ...state,
    rooms,
    drafts: draft === undefined ? state.drafts : withName(withoutName(state.drafts, was), name, draft),
    pending: state.pending.map((each) => (each.room === was ? { ...each, room: name } : each)),
    current: state.current === was ? name : state.current,
  };
}

/** What was missed, or a room's last page; `unread` was counted by the server already. */
export function replayed(state: State, replay: wire.Replay): State {
  const before = roomOf(state, replay.room);
  const oldest = replay.events[0];
  if (oldest === undefined) return state;
  let after = state;
  if (oldest.seq !== before.last + 1) {
    // A first page: it is the log's end, and what the browser had kept does not reach it.
    const last = oldest.seq - 1;
    after = withRoom(state, { ...before, events: [], last });
  }
  // The server counts every event; what was done to the room, or taken away, is nothing to read.
  const unsaid = replay.events.filter((event) => event.seq > before.read && event.type !== "message" && event.type !== "topic");
  const unread = Math.max(0, before.unread - unsaid.length);
  for (const event of replay.events) after = logged(after, event, false);
  const room = roomOf(after, replay.room);
  return withRoom(after, { ...room, unread });
}

/** Too much was missed: the room goes on from its end, and what lies between is paged on demand. */
export function jumped(state: State, gap: wire.Gap): State {
  const room = roomOf(state, gap.room);
  const fresh = gap.next <= gap.have;
  return withRoom(state, {
    ...room,
    events: [],
    last: gap.last,
    first: fresh ? gap.next : room.first,
    read: fresh ? Math.min(room.read, gap.last) : room.read,
    newAfter: null,
    loading: null,
  });
}

/** The answer to `join`; whoever asked for it has no unread messages there. */
export function entered(state: State, joined: wire.Joined, asked: boolean): State {
  const room = roomOf(state, joined.room);
  const base: Room = { ...room, ...standingOf(joined), topic: joined.topic, first: joined.first };
  const oldest = joined.events[0];
  const fits = oldest === undefined || oldest.seq === base.last + 1 || oldest.seq <= base.last;
  let after = withRoom(state, fits && base.last > 0 ? base : { ...base, events: [], last: (oldest?.seq ?? 1) - 1 });
  for (const event of joined.events) after = logged(after, event, false);
  const now = roomOf(after, joined.room);
  if (!asked) return withRoom(after, { ...now, unread: room.unread });
  return withRoom(after, { ...now, read: Math.max(now.read, joined.last), unread: 0, mentions: 0, newAfter: null });
}

/** A page of `history`. */
export function withPage(
  state: State,
  name: string,
  page: wire.Page,
  where: "older" | "newer" | "jump",
): State {
  const room = state.rooms[name];
  if (room === undefined) return state;
  const last = Math.max(room.last, page.events.at(-1)?.seq ?? 0);
  let others = room.others;
  for (const event of page.events) {
    if (event.type !== "message" || event.to === undefined) continue;
    others = unique([event.from, ...event.to].filter((person) => person.id !== state.me?.id));
  }
  const events = paged(room, page.events, where);
  const told = { ...room, events, last, first: page.first, others, loading: null };
  return withRoom(state, where === "jump" ? { ...told, mentions: Math.max(room.mentions, called(state, told)) } : told);
}

/** Whether an event speaks to this person. */
function calls(state: State, room: Room, event: wire.LogEvent): boolean {
  if (state.me === null || event.type !== "message" || event.from.id === state.me.id) return false;
  return room.kind === "direct" || mentions(event.text, state.me.name);
}

/** How many of the unread messages in the window do; what lies before it is not known. */
function called(state: State, room: Room): number {
  if (room.unread === 0) return 0;
  const unread = room.events.filter((event) => event.seq > room.read && !(event.from.id in state.settings.ignored));
  return unread.filter((event) => calls(state, room, event)).length;
}

export function present(state: State, event: wire.Presence): State {
  const room = roomOf(state, event.room);
  // A room that is called otherwise by now, or of which more is told when it is entered.
  if (!(event.room in state.rooms) && event.state !== "joined") return state;
  const mine = event.user.id === state.me?.id;
  if (event.state === "left") {
    if (mine) return goneFrom(state, event.room);
    return withRoom(state, { ...room, members: withoutName(room.members, event.user.id) });
  }
  let after = state;
  if (mine && state.me !== null && state.me.name !== event.user.name) {
    after = { ...state, me: { ...state.me, name: event.user.name } };
  }
  let members = withMember(room.members, event.user);
  const member = members[event.user.id];
  if (member !== undefined && (event.state === "away" || event.state === "back")) {
    members = withName(members, member.id, { ...member, away: event.state === "away" });
  }
  return withRoom(after, { ...room, members });
}

export function goneFrom(state: State, name: string): State {
  const rooms = withoutName(state.rooms, name);
  const current = state.current === name ? (Object.keys(rooms)[0] ?? null) : state.current;
  return { ...state, rooms, current };
}

export function typingIn(state: State, event: wire.Typing, now: number): State {
  if (event.user.id === state.me?.id || event.user.id in state.settings.ignored) return state;
  const room = roomOf(state, event.room);
  const typing = withName(room.typing, event.user.id, { name: event.user.name, until: now + TYPING_MS });
  return withRoom(state, { ...room, typing });
}

/** Everybody whose typing was not renewed has stopped. */
export function withoutStale(state: State, now: number): State {
  let after = state;
  for (const room of Object.values(state.rooms)) {
    const writing = Object.entries(room.typing).filter(([, each]) => each.until > now);
    if (writing.length < Object.keys(room.typing).length) {
      after = withRoom(after, { ...room, typing: byName(writing) });
    }
  }
  return after;
}

export function readTo(state: State, name: string, seq: number): State {
  const room = state.rooms[name];
  if (room === undefined || (seq <= room.read && room.unread === 0)) return state;
  const read = Math.max(room.read, seq);
  const unread = Math.max(0, Math.min(room.unread, room.last - read));
  return withRoom(state, { ...room, read, unread, mentions: unread === 0 ? 0 : room.mentions });
}

function withMember(members: Room["members"], person: wire.Person): Room["members"] {
  const former = members[person.id];
  if (former?.name === person.name) return members;
  if (former === undefined && Object.keys(members).length >= MEMBERS_KEPT) return members;
  const member: Member = { role: "", away: false, ...former, ...person };
  return withName(members, person.id, member);
}

function unique(people: readonly wire.Person[]): readonly wire.Person[] {
  return [...new Map(people.map((person) => [person.id, person])).values()];
}
