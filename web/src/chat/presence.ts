// Whether somebody looks at the page, and what follows: what is read, and when the line is tested.

import { effect } from "@preact/signals";
import { atEnd } from "../store/state";
import { dispatch, store } from "../store/store";
import type { Chat } from "./chat";

const TICK_MS = 1000;

export function watchPerson(chat: Chat): void {
  const looks = (): void => {
    const looking = document.visibilityState === "visible" && document.hasFocus();
    if (looking !== store.peek().looking) dispatch({ type: "looking", looking });
  };
  for (const event of ["focus", "blur"]) window.addEventListener(event, looks);
  window.addEventListener("focus", () => chat.line.wake());
  document.addEventListener("visibilitychange", () => {
    looks();
    if (document.visibilityState === "visible") chat.line.wake();
  });
  window.addEventListener("online", () => chat.line.wake());
  window.addEventListener("offline", () => chat.line.offline());
  window.addEventListener("pageshow", () => chat.line.wake());
  looks();

  effect(() => {
    const { looking, current, rooms } = store.value;
    const room = rooms[current ?? ""];
    if (room === undefined || !looking || !room.following || !atEnd(room)) return;
    if (room.unread > 0 || room.read < room.last) queueMicrotask(() => chat.rooms.read(room.name, room.last));
  });

  setInterval(() => {
    const writing = Object.values(store.peek().rooms).some((room) => Object.keys(room.typing).length > 0);
    if (writing) dispatch({ type: "tick", now: Date.now() });
  }, TICK_MS);
}
