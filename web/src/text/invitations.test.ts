import { expect, test } from "vitest";
import { invitationsIn, linkIn } from "./invitations";

test("the link is found in what the server says of it", () => {
  const said = "For 1 person, within 7 days: https://chat.example.org/#invite=inv-Ab_9 or /register NAME PASSWORD inv-Ab_9";
  expect(linkIn(said)).toBe("https://chat.example.org/#invite=inv-Ab_9");
  expect(linkIn("An invitation has 1 to 1000 uses.")).toBeNull();
});

test("a list has an id in each line, and a sentence has none", () => {
  expect(invitationsIn("0a1b2c3d  3 left, until 2026-03-05 09:22 UTC\nffffffff  1 left, until 2026-03-06 09:22 UTC")).toEqual([
    { id: "0a1b2c3d", holds: "3 left, until 2026-03-05 09:22 UTC" },
    { id: "ffffffff", holds: "1 left, until 2026-03-06 09:22 UTC" },
  ]);
  expect(invitationsIn("There is no invitation that could be used.")).toEqual([]);
});
