// What one may do to a person, or to a message: only what `may` has (docs/protocol.md).

import { ignoring } from "../chat/own";
import type * as wire from "../protocol";
import type { Act } from "../store/state";
import { dispatch, store } from "../store/store";
import { strings } from "../strings";
import { openDirect } from "./actions";
import { chat } from "./app-chat";
import { copyText } from "./copy";
import { openMenu, type Item, type Part } from "./menu";

export function openPersonMenu(anchor: HTMLElement, person: wire.Person): void {
  openMenu(anchor, strings.personMenu(person.name), [{ items: personItems(person) }]);
}

export function openMessageMenu(anchor: HTMLElement, message: wire.Message): void {
  const own = message.from.id === store.value.me?.id;
  const title = own ? strings.ownMessageMenu : strings.messageMenu(message.from.name);
  const about: Part[] = own ? [] : [{ title: message.from.name, items: personItems(message.from) }];
  openMenu(anchor, title, [{ items: messageItems(message, own) }, ...about]);
}

function messageItems(message: wire.Message, own: boolean): Item[] {
  const items: Item[] = [{ key: "copy", label: strings.copyText, act: () => void copyText(message.text) }];
  const room = store.value.rooms[message.room];
  const may = own ? room?.archived !== true : room?.may.includes("delete") === true;
  if (may) items.push(act(strings.deleteMessage, { kind: "delete", message }));
  return items;
}

function personItems(former: wire.Person): Item[] {
  const { me, may, rooms, current, settings } = store.value;
  if (former.id === me?.id) return [];
  const here = rooms[current ?? ""];
  // A message tells the name that somebody had then.
  const person = { id: former.id, name: here?.members[former.id]?.name ?? former.name };
  const room = here?.name ?? "";
  const mayHere = (right: string): boolean => here !== undefined && here.kind !== "direct" && here.may.includes(right);
  const ignored = person.id in settings.ignored;
  const items: Item[] = [
    { key: "whisper", label: strings.messageTo(person.name), act: () => openDirect([person.name]) },
    { key: "ignore", label: ignored ? strings.stopIgnoring : strings.ignore, act: () => ignore(person.name, !ignored) },
  ];
  // Roles are for members; the list of people tells who is a guest.
  const isGuest = here?.members[person.id]?.role === "guest";
  if (!isGuest && (mayHere("roles_here") || may.includes("roles"))) items.push(act(strings.roleMenu, { kind: "role", person, room }));
  if (mayHere("mute") || may.includes("mute_everywhere")) items.push(act(strings.muteMenu, { kind: "mute", person, room }));
  if (mayHere("kick")) items.push(act(strings.kickMenu, { kind: "kick", person, room }));
  if (may.includes("ban")) items.push(act(strings.banMenu, { kind: "ban", person, room }));
  return items;
}

function act(label: string, what: Act): Item {
  const danger = what.kind === "delete" || what.kind === "ban" || what.kind === "kick";
  return { key: what.kind, label, danger, act: () => dispatch({ type: "dialog", dialog: what }) };
}

/** As if it was typed: guests have it here, members on the server too. */
export function ignore(name: string, on: boolean): void {
  const line = `${on ? "/ignore" : "/unignore"} ${name}`;
  const room = store.value.current;
  if (room !== null && ignoring(store.value, line) !== null) chat.saying.say(room, line);
}
