// Writes what changed in the store to where the browser keeps it.

import { effect } from "@preact/signals";
import type { State } from "../store/state";
import { store } from "../store/store";
import { keep } from "./keep";

const ROOMS_MS = 1000;

/** Begins to keep; drafts and settings at once, the rooms' messages a second later. */
export function keepStore(): void {
  let before: State = store.peek();
  let dirty = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const rooms = store.peek().rooms;
    for (const name of dirty) {
      const room = rooms[name];
      if (room !== undefined) keep.room(room);
    }
    dirty = new Set();
  };

  effect(() => {
    const state = store.value;
    if (state.phase === "in") {
      if (state.drafts !== before.drafts) keep.drafts(before.drafts, state.drafts);
      if (state.current !== before.current) keep.current(state.current);
      if (state.rooms !== before.rooms) {
        for (const [name, room] of Object.entries(state.rooms)) {
          const former = before.rooms[name];
          if (former?.events !== room.events || former.read !== room.read || former.unread !== room.unread) dirty.add(name);
        }
        timer ??= setTimeout(flush, ROOMS_MS);
      }
    }
    if (state.settings !== before.settings) keep.settings(state.settings);
    before = state;
  });
  window.addEventListener("pagehide", flush);
}
