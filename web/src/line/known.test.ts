import { expect, test } from "vitest";
import { known } from "./known";

const place = { room: "lobby", seq: 3, at: "2026-01-31T12:00:00.000Z", from: { id: "a", name: "ann" } };
const later = { type: "engraved", ...place, target: 2 };
const topic = { type: "topic", ...place, text: "cake" };

test("an entry of a later release keeps its place, also in a page", () => {
  const unknown = { type: "unknown", ...place, kind: "engraved" };
  expect(known(later)).toEqual(unknown);
  expect(known({ type: "ok", events: [later, topic, unknown] })).toEqual({ type: "ok", events: [unknown, topic, unknown] });
});

test("what has no place in a log stays as it is", () => {
  for (const frame of [topic, { type: "reaction", of: 3 }, { type: "ok", room: "lobby", seq: 3, at: place.at }]) {
    expect(known(frame)).toEqual(frame);
  }
});
