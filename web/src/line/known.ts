// Entries of kinds that only later releases have: they keep their place in the log.

import { ENTRIES, type Unknown } from "../protocol";

const KNOWN: ReadonlySet<unknown> = new Set([...ENTRIES, "unknown"]);

/** The frame, with each entry that is not known as an `unknown` one. */
export function known(frame: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (Array.isArray(frame["events"])) return { ...frame, events: frame["events"].map(entry) };
  return entry(frame) as Readonly<Record<string, unknown>>;
}

function entry(told: unknown): unknown {
  if (typeof told !== "object" || told === null) return told;
  const { type, room, seq, at, from } = told as Partial<Record<string, unknown>>;
  if (KNOWN.has(type) || typeof seq !== "number" || typeof from !== "object" || from === null) return told;
  return { type: "unknown", room, seq, at, from, kind: type } as Unknown;
}
