// A room's window into its log: what is shown of it, always consecutive seqs.

import type * as wire from "../protocol";
import { lastSeq, WINDOW_KEPT, WINDOW_MOST, type Room } from "./state";

/** The window after an event that has just been logged. */
export function appended(room: Room, event: wire.LogEvent): readonly wire.LogEvent[] {
  const continues =
    room.events.length === 0 ? room.last < room.first || event.seq === room.last + 1 : lastSeq(room) + 1 === event.seq;
  if (!continues) return room.events;
  if (room.events.length < WINDOW_MOST) return [...room.events, event];
  // Whoever reads further up keeps the place: the event is read when they scroll down to it.
  if (!room.following) return room.events;
  return [...room.events.slice(room.events.length - WINDOW_KEPT + 1), event];
}

/** The events without the texts of those with these seqs. */
export function withoutDeleted(events: readonly wire.LogEvent[], seqs: readonly number[]): readonly wire.LogEvent[] {
  if (seqs.length === 0) return events;
  const gone = new Set(seqs);
  return events.map((event) =>
    event.type === "message" && gone.has(event.seq) && event.deleted !== true ? { ...event, text: "", deleted: true } : event,
  );
}

/** The window with a page of the log put before it, behind it, or in its place. */
export function paged(
  room: Room,
  page: readonly wire.LogEvent[],
  where: "older" | "newer" | "jump",
): readonly wire.LogEvent[] {
  const gone = page.flatMap((event) => (event.type === "deleted" ? [event.target] : []));
  return withoutDeleted(joinedTo(room, page, where), gone);
}

function joinedTo(
  room: Room,
  page: readonly wire.LogEvent[],
  where: "older" | "newer" | "jump",
): readonly wire.LogEvent[] {
  if (where === "jump" || room.events.length === 0) return page;
  const oldest = room.events[0]?.seq ?? 0;
  const newest = lastSeq(room);
  if (where === "older") {
    const older = page.filter((event) => event.seq < oldest);
    if (older.length === 0 || older.at(-1)?.seq !== oldest - 1) return room.events;
    const all = [...older, ...room.events];
    return all.length > WINDOW_MOST ? all.slice(0, WINDOW_KEPT) : all;
  }
  const newer = page.filter((event) => event.seq > newest);
  if (newer.length === 0 || newer[0]?.seq !== newest + 1) return room.events;
  const all = [...room.events, ...newer];
  return all.length > WINDOW_MOST ? all.slice(all.length - WINDOW_KEPT) : all;
}
