import { expect, test } from "vitest";
import { banLine, kickLine, muteLine, newRoomLine, passwordLine, roleLine, unmuteLine } from "./lines";

test("a mute says whom, where, for how long and why, in the order in which the server reads", () => {
  const mute = { name: "bob", everywhere: true, duration: "1h", reason: " too\nloud " };
  expect(muteLine(mute)).toBe("/mute bob everywhere 1h too loud");
  expect(muteLine({ name: "bob", everywhere: false, duration: "", reason: "" })).toBe("/mute bob");
  expect(unmuteLine("bob", true)).toBe("/unmute bob everywhere");
});

test("a reason that begins like a duration is a reason", () => {
  expect(banLine("bob", "", "2h of noise")).toBe("/ban bob : 2h of noise");
  expect(banLine("bob", "7d", "2h of noise")).toBe("/ban bob 7d 2h of noise");
  expect(muteLine({ name: "bob", everywhere: false, duration: "", reason: "everywhere loud" })).toBe("/mute bob : everywhere loud");
});

test("the rest are words in a row", () => {
  expect(kickLine("bob", "")).toBe("/kick bob");
  expect(roleLine("bob", "moderator", true)).toBe("/role bob moderator here");
  expect(newRoomLine(" #my board ", true, true)).toBe("/room new my-board private read-only");
});

test("passwords keep their blanks, quotes and backslashes", () => {
  expect(passwordLine('a "b" c', "d\\e f")).toBe('/password "a \\"b\\" c" "d\\\\e f"');
});
