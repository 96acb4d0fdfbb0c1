// What several components do in the same way.

import { dispatch, store } from "../store/store";
import { roomList } from "../store/views";
import { fold } from "../text/mention";
import { chat } from "./app-chat";
import { COMPOSER } from "./composer";

/** Opens the conversation with these people, or a place to begin it. */
export function openDirect(names: readonly string[]): void {
  const wanted = names.map(fold).sort().join("\n");
  const found = Object.values(store.value.rooms).find(
    (room) => room.kind === "direct" && room.others.map((person) => fold(person.name)).sort().join("\n") === wanted,
  );
  if (found !== undefined) chat.rooms.open(found.name);
  else dispatch({ type: "open", room: `to:${names.join(",")}` });
  if (covered()) dispatch({ type: "panel", people: false });
}

/** Opens the room before or after this one in the list. */
export function openNext(step: number): void {
  const { rooms, direct } = roomList(store.value);
  const all = [...rooms, ...direct];
  const at = all.findIndex((room) => room.name === store.value.current);
  const next = all[(at + step + all.length) % all.length];
  if (next !== undefined) chat.rooms.open(next.name);
}

export function focusComposer(): void {
  document.getElementById(COMPOSER)?.focus();
}

/** Whether the list of people covers the messages. */
export function covered(): boolean {
  return matchMedia("(max-width: 900px)").matches;
}
