import { expect, test } from "vitest";
import { titleOfName } from "../text/room-name";
import { addressOf, readNotice, shown } from "./notice";

const said = { room: "dev", from: "bob", text: "@ann tea?", direct: false };

test("a notice of a room names who and where", () => {
  expect(shown(readNotice(JSON.stringify(said)))).toEqual({ title: "bob in #dev", body: "@ann tea?", tag: "dev" });
});

test.each(["dev", "+board-k3f9x2", "+board-of-trade-k3f9x2", "+odd"])("a notice calls %s as the page does", (room) => {
  expect(shown(readNotice(JSON.stringify({ ...said, room }))).title).toBe(`bob in ${titleOfName(room)}`);
});

test("a whisper names who", () => {
  const notice = readNotice(JSON.stringify({ ...said, room: "@d1", direct: true }));
  expect(shown(notice)).toEqual({ title: "bob", body: "@ann tea?", tag: "@d1" });
});

test("a test says so", () => {
  expect(shown(readNotice(JSON.stringify({ ...said, room: "", text: "" }))).body).toContain("arrive here");
});

test.each([null, "", "no JSON", "[]", "null", '"text"', '{"room": 1, "from": "b", "text": "t"}', "{}"])(
  "what is no notice shows something all the same: %s",
  (text) => {
    expect(readNotice(text)).toBeNull();
    expect(shown(readNotice(text)).body).not.toBe("");
  },
);

test("a click leads to the room, whatever its name", () => {
  expect(addressOf("dev")).toBe("/#dev");
  expect(addressOf("@d1")).toBe("/#%40d1");
  expect(addressOf("café")).toBe("/#caf%C3%A9");
  expect(addressOf("")).toBe("/");
});
