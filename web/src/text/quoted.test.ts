import { expect, test } from "vitest";
import { quoted } from "./quoted";

test("passwords keep their blanks, quotes and backslashes", () => {
  expect(`/password ${quoted('a "b" c')} ${quoted("d\\e f")}`).toBe('/password "a \\"b\\" c" "d\\\\e f"');
});
