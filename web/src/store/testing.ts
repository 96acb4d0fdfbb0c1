// What the store's tests begin with.

import type * as wire from "../protocol";
import type { Action } from "./actions";
import { reduce } from "./reduce";
import { initial, type State } from "./state";

export const ANN: wire.Person = { id: "a", name: "ann" };
export const BOB: wire.Person = { id: "b", name: "bob" };

export function said(seq: number, text = `m${seq}`, from = BOB, room = "lobby"): wire.Message {
  const at = new Date(Date.UTC(2026, 5, 1, 12, 0, seq)).toISOString();
  return { type: "message", room, seq, at, from, text };
}

export function told(room: string, last: number, more: Partial<wire.RoomState> = {}): wire.RoomState {
  const kind = room.startsWith("@") ? "direct" : "public";
  return { room, kind, topic: "", first: 1, last, read: last, unread: 0, role: "member", ...more };
}

export function welcome(...rooms: wire.RoomState[]): wire.Welcome {
  return {
    type: "welcome",
    user: { ...ANN, kind: "guest", role: "guest" },
    session: "s",
    epoch: "e",
    server: { name: "hubbub", version: "0" },
    ping_s: 20,
    rooms,
    commands: [],
    limits: {},
  };
}

export function after(...actions: Action[]): State {
  return actions.reduce(reduce, initial());
}

export function and(state: State, ...actions: Action[]): State {
  return actions.reduce(reduce, state);
}

export function event(frame: wire.Event): Action {
  return { type: "event", event: frame, now: 0 };
}

/** In the lobby, whose log has `count` messages, all in the window. */
export function inLobby(count: number): State {
  const events = Array.from({ length: count }, (_, index) => said(index + 1));
  return after(
    { type: "welcome", welcome: welcome(told("lobby", count)), sameLog: false },
    event({ type: "replay", room: "lobby", events, more: false }),
  );
}

export function seqs(state: State, room = "lobby"): number[] {
  return (state.rooms[room]?.events ?? []).map((each) => each.seq);
}
