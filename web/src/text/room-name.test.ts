import { expect, test } from "vitest";
import { roomWord } from "./room-name";

test("a room's name is typed with blanks or a #, and has neither", () => {
  expect(roomWord(" #my board ")).toBe("my-board");
});
