// What was written here, from the keypress to its place in the log.

import type * as wire from "../protocol";
import type { Pending, State } from "./state";

/** The own event of something that was written here takes its place. */
export function settledBy(state: State, event: wire.LogEvent): State {
  if (event.type !== "message" || event.from.id !== state.me?.id) return state;
  const known = state.pending.find((each) => each.room === event.room && each.seq === event.seq);
  // The event may come before the reply that says its seq.
  const found =
    known ??
    state.pending.find(
      (each) => each.seq === undefined && each.state === "waiting" && each.text === event.text && isFor(each, event),
    );
  return found === undefined ? state : dropped(state, found.nonce);
}

function isFor(pending: Pending, event: wire.Message): boolean {
  if (pending.to === undefined) return pending.room === event.room;
  const names = (event.to ?? []).map((person) => person.name.toLowerCase());
  return pending.to.every((name) => names.includes(name.toLowerCase()));
}

/** It is durable; where its event is here already, nothing is left to show. */
export function posted(state: State, nonce: string, room: string, seq: number): State {
  const here = state.rooms[room];
  if (here !== undefined && here.last >= seq) return dropped(state, nonce);
  return changed(state, nonce, { state: "sent", room, seq });
}

export function failed(state: State, pending: Pending, error: string): State {
  const entry: Pending = { ...pending, state: "failed", error };
  const known = state.pending.some((each) => each.nonce === pending.nonce);
  if (!known) return { ...state, pending: [...state.pending, entry] };
  return changed(state, pending.nonce, { state: "failed", error });
}

export function retried(state: State, nonce: string): State {
  const { error: _, ...entry } = state.pending.find((each) => each.nonce === nonce) ?? {};
  return {
    ...state,
    pending: state.pending.map((each) => (each.nonce === nonce ? ({ ...entry, state: "waiting" } as Pending) : each)),
  };
}

export function dropped(state: State, nonce: string): State {
  return { ...state, pending: state.pending.filter((each) => each.nonce !== nonce) };
}

function changed(state: State, nonce: string, change: Partial<Pending>): State {
  return {
    ...state,
    pending: state.pending.map((each) => (each.nonce === nonce ? { ...each, ...change } : each)),
  };
}
