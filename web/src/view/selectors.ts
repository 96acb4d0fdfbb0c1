// Readings of the store that components share: one that did not change shows nothing anew.

import { computed } from "@preact/signals";
import { store } from "../store/store";
import { documentTitle, presentIds, rowsOf, type Row } from "../store/views";
import type { Pending, Room } from "../store/state";
import { fold } from "../text/mention";

export const phase = computed(() => store.value.phase);
export const me = computed(() => store.value.me);
export const rooms = computed(() => store.value.rooms);
export const may = computed(() => store.value.may);
export const current = computed(() => store.value.current);
export const settings = computed(() => store.value.settings);
export const push = computed(() => store.value.push);
export const roomsShown = computed(() => store.value.roomsShown);
export const peopleShown = computed(() => store.value.peopleShown);
export const target = computed(() => store.value.target);
export const serverName = computed(() => store.value.serverName);
export const dialog = computed(() => store.value.dialog);
export const line = computed(() => store.value.line);
export const title = computed(() => documentTitle(store.value));
export const said = computed(() => store.value.said);
export const drafts = computed(() => store.value.drafts);

export const room = computed<Room | undefined>(() => rooms.value[current.value ?? ""]);

const pending = computed(() => store.value.pending);

export const rows = computed<Row[]>(() => {
  const own = pending.value.filter((each) => each.room === current.value);
  if (room.value === undefined) return own.map((each, index) => pendingRow(each, index === 0));
  return rowsOf(room.value, own, me.value?.id ?? "", settings.value.ignored);
});

function pendingRow(each: Pending, first: boolean): Row {
  return { kind: "pending", key: `p${each.nonce}`, pending: each, first };
}

/** Names that are highlighted when somebody writes @name, folded; the same set while it is equal. */
export const names = computed<ReadonlySet<string>>((): ReadonlySet<string> => {
  const here = room.value;
  const found = new Set<string>();
  if (me.value !== null) found.add(fold(me.value.name));
  for (const member of Object.values(here?.members ?? {})) found.add(fold(member.name));
  for (const person of here?.others ?? []) found.add(fold(person.name));
  const key = [...found].sort().join("\n");
  if (key === namesKey) return sameNames;
  namesKey = key;
  sameNames = found;
  return found;
});
let namesKey = "";
let sameNames: ReadonlySet<string> = new Set();

export const present = computed(() => presentIds({ rooms: rooms.value }));
