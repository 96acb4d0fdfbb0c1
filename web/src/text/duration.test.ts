import { expect, test } from "vitest";
import golden from "../../../tests/golden/durations.json";
import { parseDuration } from "./duration";

test.each(golden)("$typed is read as the server reads it", ({ typed, seconds }) => {
  expect(parseDuration(typed)).toBe(seconds);
});
