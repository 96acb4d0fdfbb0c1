// The files that every client's state is tested by: see tests/client/test_golden_state.py.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { known } from "../line/known";
import type * as wire from "../protocol";
import type { Action } from "./actions";
import { withName } from "./by-name";
import type { Room, State } from "./state";
import { after, and, event, told, welcome } from "./testing";

interface Case {
  what: string;
  lobby: { last: number; unread: number };
  events: Record<string, unknown>[];
  rooms: Record<string, unknown>;
}

const folder = new URL("../../../tests/golden/state/", import.meta.url);

/** What a line makes of a frame, as `Chat` does. */
function actions(frame: Record<string, unknown>): Action[] {
  const read = known(frame) as unknown as wire.Event;
  const renamed: Action[] = read.type === "settings" && read.was !== undefined ? [{ type: "renamed", was: read.was, room: read.room }] : [];
  return [...renamed, event(read)];
}

function shown(room: Room): Record<string, unknown> {
  return {
    kind: room.kind,
    topic: room.topic,
    read_only: room.readOnly,
    archived: room.archived,
    last: room.last,
    unread: room.unread,
    mentions: room.mentions,
    members: Object.fromEntries(Object.values(room.members).map((each) => [each.id, each.name])),
    users: room.users,
    window: room.events.map((each) => [each.seq, each.type === "message" ? each.text : each.type]),
  };
}

/** Nobody looks at the lobby, of which nothing is in the window. */
function start({ last, unread }: Case["lobby"]): State {
  const here = last - unread;
  const first = after({ type: "looking", looking: false }, { type: "welcome", welcome: welcome(told("lobby", here)), sameLog: false });
  const lobby = first.rooms["lobby"]!;
  const behind: State = { ...first, rooms: withName(first.rooms, "lobby", { ...lobby, last: here }) };
  return and(behind, { type: "welcome", welcome: welcome(told("lobby", last, { read: here, unread })), sameLog: true });
}

for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const { what, lobby, events, rooms } = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Case;
  test(`${file}: ${what}`, () => {
    const state = and(start(lobby), ...events.flatMap(actions));
    expect(Object.fromEntries(Object.values(state.rooms).map((room) => [room.name, shown(room)]))).toEqual(rooms);
  });
}
