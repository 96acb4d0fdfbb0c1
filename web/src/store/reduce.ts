// The whole store: a state and something that happened make the next state. Pure.

import type * as wire from "../protocol";
import { sentence } from "../text/sentence";
import type { Action } from "./actions";
import { byName, withName, withoutName } from "./by-name";
import { dropped, failed, posted, retried, settledBy } from "./pending";
import {
  entered,
  goneFrom,
  jumped,
  logged,
  present,
  readTo,
  renamed,
  replayed,
  roomOf,
  typingIn,
  welcomed,
  withoutStale,
  withPage,
  withRoom,
} from "./rooms";
import { initial, NEW, NOTES_KEPT, type Member, type State } from "./state";
import { spoken } from "./spoken";

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "welcome":
      return afterWelcome(state, action.welcome, action.sameLog, action.first ?? "");
    case "event":
      return afterEvent(state, action.event, action.now);
    case "joined": {
      const after = entered(state, action.joined, action.asked);
      return after.current === null ? opened(after, action.joined.room) : after;
    }
    case "page":
      return withPage(state, action.room, action.page, action.where);
    case "members":
      return withMembers(state, action.room, action.members, action.fresh);
    case "renamed":
      return renamed(state, action.was, action.room);
    case "directory":
      return { ...state, directory: action.rooms };
    case "gone":
      return goneFrom(state, action.room);
    case "line":
      return { ...state, line: action.line };
    case "out":
      return { ...initial(), settings: state.settings, serverName: state.serverName, joinError: action.error };
    case "refused":
      return { ...state, phase: "out", joinError: action.error, joinCode: action.code, line: { state: "off", reason: "" } };
    case "joining":
      return { ...state, phase: "joining", joinError: null };
    case "kept":
      return { ...state, ...action.kept, phase: action.kept.me === null ? "out" : "in" };
    case "wrote":
      return wrote(state, action.pending);
    case "posted":
      return afterPosted(state, action.nonce, action.room, action.seq);
    case "failed":
      return failed(state, action.pending, action.error);
    case "retried":
      return retried(state, action.nonce);
    case "dropped":
      return dropped(state, action.nonce);
    default:
      return afterPerson(state, action);
  }
}

type PersonAction = Extract<
  Action,
  {
    type:
      | "open"
      | "loading"
      | "following"
      | "read"
      | "draft"
      | "note"
      | "hide_note"
      | "settings"
      | "push"
      | "notify"
      | "dialog"
      | "panel"
      | "looking"
      | "target"
      | "tick";
  }
>;

function afterPerson(state: State, action: PersonAction): State {
  switch (action.type) {
    case "open":
      return opened(state, action.room);
    case "loading":
      return inRoom(state, action.room, { loading: action.loading });
    case "following":
      return inRoom(state, action.room, { following: action.following });
    case "read":
      return readTo(state, action.room, action.seq);
    case "draft":
      return drafted(state, action.room, action.text);
    case "note":
      return noted(state, action.room, action.text, action.kind);
    case "hide_note": {
      const notes = roomOf(state, action.room).notes.filter((note) => note.id !== action.id);
      return inRoom(state, action.room, { notes });
    }
    case "settings":
      return { ...state, settings: { ...state.settings, ...action.settings } };
    case "push":
      return { ...state, push: { ...state.push, ...action.push } };
    case "notify":
      return inRoom(state, action.room, { notify: action.level });
    case "dialog":
      return { ...state, dialog: action.dialog };
    case "panel":
      return {
        ...state,
        roomsShown: action.rooms ?? state.roomsShown,
        peopleShown: action.people ?? state.peopleShown,
      };
    case "looking":
      return { ...state, looking: action.looking };
    case "target":
      return inRoom({ ...state, target: action.target }, state.current ?? "", action.target === NEW ? { newSeen: true } : {});
    case "tick":
      return withoutStale(state, action.now);
  }
}

function afterWelcome(before: State, welcome: wire.Welcome, sameLog: boolean, first: string): State {
  const state = welcome.rooms.reduce((so, { room, was }) => (was === undefined ? so : renamed(so, was, room)), before);
  let rooms = welcomed(state, welcome, sameLog);
  const current = state.current !== null && (state.current in rooms || state.current.startsWith("to:")) ? state.current : null;
  const open = current === null ? undefined : rooms[current];
  if (open !== undefined && open.unread > 0) rooms = withName(rooms, open.name, { ...open, newAfter: open.newAfter ?? open.read });
  return {
    ...state,
    phase: "in",
    joinError: null,
    me: welcome.user,
    epoch: welcome.epoch,
    serverName: welcome.server.name,
    registration: welcome.server.registration ?? "open",
    may: welcome.may ?? [],
    settings: withIgnored(state, welcome),
    commands: welcome.commands,
    limits: byName(Object.entries(welcome.limits)),
    push: { ...state.push, key: welcome.push_key ?? null },
    line: { state: "up", reason: "" },
    rooms,
    current: current ?? (first in rooms ? first : Object.keys(rooms).find((name) => !name.startsWith("@")) ?? null),
  };
}

/** For members the server keeps whom they ignore; guests have it here. */
function withIgnored({ settings }: State, { user, ignored }: wire.Welcome): State["settings"] {
  if (user.kind === "guest" || ignored === undefined) return settings;
  return { ...settings, ignored: byName(ignored.map((person) => [person.id, person.name])) };
}

function afterEvent(state: State, event: wire.Event, now: number): State {
  if (isEntry(event)) return afterEntry(state, event);
  switch (event.type) {
    case "replay": {
      let after = replayed(state, event);
      for (const each of event.events) after = settledBy(after, each);
      return after;
    }
    case "gap":
      return jumped(state, event);
    case "presence":
      return withPresenceNote(present(state, event), event);
    case "typing":
      return typingIn(state, event, now);
    case "read":
      return readTo(state, event.room, event.seq);
    case "you":
      return { ...state, me: event.user, may: event.may ?? [], commands: event.commands ?? state.commands };
    case "standing":
      return inRoom(state, event.room, { role: event.role, may: event.may });
    case "count":
      return inRoom(state, event.room, { users: event.users });
    case "notice":
      return state.current === null ? { ...state, said: event.text } : noted(state, state.current, event.text, "info");
    default:
      // Of a later release of the server, where it is there after all.
      event satisfies never;
      return state;
  }
}

function isEntry(event: wire.Event): event is wire.LogEvent {
  return "seq" in event && "from" in event;
}

function afterEntry(state: State, event: wire.LogEvent): State {
  if (event.type === "deleted") return logged(unsaid(state, event), event);
  if (event.type !== "message" && event.type !== "topic") return logged(state, event);
  return followed(settledBy({ ...logged(state, event), said: spoken(state, event) }, event), state, event);
}

/** What is deleted is not read out any more either. */
function unsaid(state: State, { room, target }: wire.Deleted): State {
  const lost = state.rooms[room]?.events.find((each) => each.seq === target);
  return lost !== undefined && state.said !== "" && spoken({ ...state, said: "" }, lost) === state.said ? { ...state, said: "" } : state;
}

/** A conversation that was begun here has its room now. */
function followed(after: State, before: State, event: wire.LogEvent): State {
  const settled = before.pending.find((each) => !after.pending.includes(each));
  const begun = settled?.to !== undefined && settled.room === before.current;
  return begun ? opened(after, event.room) : after;
}

function withPresenceNote(state: State, event: wire.Presence): State {
  if (!state.settings.notices || event.user.id === state.me?.id || !(event.room in state.rooms)) return state;
  return noted(state, event.room, sentence(event), "info");
}

function withMembers(state: State, name: string, told: readonly wire.Member[], fresh: boolean): State {
  if (!(name in state.rooms)) return state;
  const before = fresh ? [] : Object.entries(roomOf(state, name).members);
  const members = byName<Member>([...before, ...told.map((member) => [member.id, member] as const)]);
  return inRoom(state, name, { members });
}

function opened(state: State, name: string): State {
  let after = state;
  if (state.current !== null && state.current !== name && state.current in state.rooms) {
    // The line stays as long as somebody is in the room, and is gone when they come back.
    after = inRoom(after, state.current, { newAfter: null });
  }
  const room = after.rooms[name];
  if (room !== undefined && state.current !== name) {
    const newAfter = room.unread > 0 ? Math.max(room.read, room.first - 1) : null;
    after = inRoom(after, name, { newAfter, newSeen: false, following: true });
  }
  return { ...after, current: name, roomsShown: false, dialog: null };
}

function wrote(state: State, pending: State["pending"][number]): State {
  const after = { ...state, pending: [...state.pending, pending] };
  return pending.room in after.rooms ? inRoom(after, pending.room, { newAfter: null, following: true }) : after;
}

function afterPosted(state: State, nonce: string, room: string, seq: number): State {
  const entry = state.pending.find((each) => each.nonce === nonce);
  const after = posted(state, nonce, room, seq);
  // A first whisper has made its room.
  return entry?.to !== undefined && state.current === entry.room ? opened(withRoom(after, roomOf(after, room)), room) : after;
}

function drafted(state: State, room: string, text: string): State {
  if ((state.drafts[room] ?? "") === text) return state;
  return { ...state, drafts: text === "" ? withoutName(state.drafts, room) : withName(state.drafts, room, text) };
}

function noted(state: State, name: string, text: string, kind: "info" | "error"): State {
  // The room in view may not be told of yet: an empty one, before the first welcome.
  if (!(name in state.rooms) && (name !== state.current || name.startsWith("to:"))) return state;
  const room = roomOf(state, name);
  const note = { id: state.noteCount + 1, after: room.last, text, kind };
  const notes = [...room.notes, note].slice(-NOTES_KEPT);
  return { ...withRoom(state, { ...room, notes }), noteCount: note.id, said: text };
}

function inRoom(state: State, name: string, change: Partial<ReturnType<typeof roomOf>>): State {
  const room = state.rooms[name];
  return room === undefined ? state : withRoom(state, { ...room, ...change });
}
