import { expect, test } from "vitest";
import { sentenceOf } from "./done";
import { momentOf } from "./times";

const UNTIL = "2026-06-01T12:00:00.000Z";

test("what was done says to whom, where, and until when", () => {
  const done = { type: "ok", whom: "bob" } as const;
  expect(sentenceOf({ ...done, act: "mute", room: "+board-k3f9x2", until: UNTIL })).toBe(`bob is muted in board until ${momentOf(UNTIL)}.`);
  expect(sentenceOf({ ...done, act: "mute" })).toBe("bob is muted in all rooms until it is lifted.");
  expect(sentenceOf({ ...done, act: "unmute", room: "lobby" })).toBe("bob may write in #lobby again.");
  expect(sentenceOf({ ...done, act: "kick", room: "lobby" })).toBe("bob is removed from #lobby.");
  expect(sentenceOf({ ...done, act: "ban" })).toBe("bob is banned until it is lifted.");
  expect(sentenceOf({ ...done, act: "unban" })).toBe("bob may come in again.");
  expect(sentenceOf({ ...done, act: "set_role", role: "moderator", room: "lobby" })).toBe("bob has the role “Moderator” in #lobby now.");
  expect(sentenceOf({ ...done, act: "set_role", role: "admin" })).toBe("bob has the role “Admin” on this server now.");
  expect(sentenceOf({ ...done, act: "invite", room: "lobby" })).toBe("bob is invited.");
});
