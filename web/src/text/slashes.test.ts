import { expect, test } from "vitest";
import golden from "../../../tests/golden/slashes.json";
import { readSlashes } from "./slashes";

test.each(golden.cases)("$typed is read as by the server and the terminal clients", ({ typed, posts, command }) => {
  expect(readSlashes(typed)).toEqual(command === undefined ? { posts } : { command });
});
