import { expect, test } from "vitest";
import golden from "../../../tests/golden/slashes.json";
import commands from "../../../tests/golden/completion.json";
import { isDoubtful, readSlashes } from "./slashes";

test.each(golden.cases)("$typed is read as by the server and the terminal clients", ({ typed, posts, command }) => {
  expect(readSlashes(typed)).toEqual(command === undefined ? { posts } : { command });
});

test.each([
  ["/usr/bin/env python3\nprint(1)", true],
  ["/usr/bin/env python3", false],
  ["/whisper bob one\ntwo", false],
  ["/W bob one\ntwo", false],
  ["/ignore\nbob", false],
  ["// one\ntwo", false],
  ["one\n/two", false],
])("whether %j is asked about: %s", (text, wanted) => {
  expect(isDoubtful(text, commands.commands)).toBe(wanted);
});
