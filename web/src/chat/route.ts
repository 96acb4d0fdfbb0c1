// The room in the address: `#dev` opens it, and Back goes to the one before.

import { effect } from "@preact/signals";
import { store } from "../store/store";
import type { Chat } from "./chat";

export function followAddress(chat: Chat): void {
  effect(() => {
    const { phase, current } = store.value;
    if (phase !== "in" || current === null || current.startsWith("to:")) return;
    const here = decodeURIComponent(location.hash.slice(1));
    if (here === current) return;
    if (here === "") history.replaceState(null, "", `#${current}`);
    else history.pushState(null, "", `#${current}`);
  });
  window.addEventListener("hashchange", () => {
    const name = decodeURIComponent(location.hash.slice(1));
    const { phase, rooms, current } = store.value;
    if (phase !== "in" || name === "" || name === current) return;
    if (name in rooms) chat.rooms.open(name);
    else if (!name.startsWith("@")) chat.rooms.enter(name).catch(() => undefined);
  });
}
