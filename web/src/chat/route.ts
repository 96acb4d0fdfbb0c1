// The room in the address: `#dev` opens it, and Back goes to the one before.

import { effect } from "@preact/signals";
import { store } from "../store/store";
import type { Chat } from "./chat";
import { addressed } from "./identity";

export function followAddress(chat: Chat): void {
  effect(() => {
    const { phase, current } = store.value;
    if (phase !== "in" || current === null || current.startsWith("to:") || chat.wanted !== null) return;
    const here = addressed();
    if (here === current) return;
    if (here === "") history.replaceState(null, "", `#${current}`);
    else history.pushState(null, "", `#${current}`);
  });
  window.addEventListener("hashchange", () => {
    const name = addressed();
    const { phase, rooms, current } = store.value;
    if (phase !== "in" || name === "" || name === current) return;
    if (name in rooms) chat.rooms.open(name);
    else if (!name.startsWith("@")) void chat.rooms.enterOrSay(name);
  });
}
