import { expect, test } from "vitest";
import golden from "../../../tests/golden/completion.json";
import { argumentChoices, commandChoices, completed, completionAt, nameChoices } from "./complete";
import { search, withEmoji, loadEmoji } from "./emoji";

const COMMANDS = [
  { name: "whisper", usage: "/whisper NAME TEXT", summary: "" },
  { name: "who", usage: "/who [ROOM]", summary: "" },
  { name: "me", usage: "/me TEXT", summary: "" },
];

test("a slash at the very start completes commands, nowhere else", () => {
  expect(completionAt("/wh", 3)).toMatchObject({ kind: "command", word: "wh" });
  expect(completionAt("see /wh", 7)).toBeNull();
  expect(completionAt("/who x", 6)).toBeNull();
  expect(commandChoices("wh", COMMANDS).map((choice) => choice.insert)).toEqual(["/whisper ", "/who "]);
});

test("names complete after @ and where a command wants one", () => {
  expect(completionAt("hi @an", 6)).toMatchObject({ kind: "name", start: 3, word: "an" });
  expect(completionAt("mail a@an", 9)).toBeNull();
  expect(completionAt("/whisper bob,ca", 15, golden.commands)).toMatchObject({ kind: "name", word: "ca" });
  expect(nameChoices("AN", ["anna", "bob", "Ann"]).map((choice) => choice.insert)).toEqual(["@anna ", "@Ann "]);
  expect(inserted("/whisper b")).toEqual(["bob ", "Bea "]);
  expect(completionAt("/me waves at @an", 16, golden.commands)).toMatchObject({ kind: "name", start: 13, word: "an" });
});

function inserted(text: string): string[] | undefined {
  const found = completionAt(text, text.length, golden.commands);
  const sources = { people: golden.people, rooms: golden.rooms, commands: golden.names };
  return found?.wanted && argumentChoices(found.wanted, sources).map((choice) => choice.insert);
}

test("rooms, roles and words of a command's own complete, nothing that may be left out before it is begun", () => {
  expect(inserted("/join de")).toEqual(["dev ", "design "]);
  expect(completionAt("/join #de", 9, golden.commands)).toMatchObject({ kind: "word", start: 6 });
  expect(inserted("/role bob mo")).toEqual(["moderator "]);
  expect(inserted("/mute bob e")).toEqual(["everywhere "]);
  for (const text of ["/role bob ", "/mute bob ", "/mute bob loud", "/kick bob spam", "/who "]) expect(inserted(text)).toBeUndefined();
});

test("the choice takes the word's place, and the rest stays", () => {
  const completion = completionAt("hi @an there", 6)!;
  const choice = { insert: "@ann ", label: "", hint: "" };
  expect(completed("hi @an there", completion, choice)).toEqual({ text: "hi @ann there", caret: 8 });
});

test("emoji are found by the beginning of their names, and times are none", async () => {
  const all = await loadEmoji();
  expect(completionAt("good :ta", 8)).toMatchObject({ kind: "emoji", word: "ta" });
  expect(completionAt("at 10:30", 8)).toBeNull();
  expect(search(all, "tada", 3)[0]?.[0]).toBe("🎉");
  expect(withEmoji("yes :tada: `:tada:` http://x:tada:/ 10:30:20")).toBe("yes 🎉 `:tada:` http://x:tada:/ 10:30:20");
});
