import { expect, test } from "vitest";
import { commandChoices, completed, completionAt, nameChoices } from "./complete";
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
  expect(completionAt("/whisper bob,ca", 15)).toMatchObject({ kind: "name", word: "ca" });
  expect(nameChoices("AN", ["anna", "bob", "Ann"], "hi @AN", 3).map((choice) => choice.insert)).toEqual(["@anna ", "@Ann "]);
  expect(nameChoices("b", ["bob"], "/whisper b", 9)[0]?.insert).toBe("bob ");
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
