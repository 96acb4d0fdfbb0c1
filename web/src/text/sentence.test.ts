import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type * as wire from "../protocol";
import { sentence } from "./sentence";

interface Case {
  event: wire.Act | wire.Presence;
  sentence: string;
}

const cases = JSON.parse(readFileSync(new URL("../../../tests/golden/sentences.json", import.meta.url), "utf8")) as Case[];

describe("what somebody did", () => {
  for (const { event, sentence: expected } of cases) {
    // Here they are told by what changed: see store/moderation.test.ts.
    if (event.type === "settings") continue;
    test(`is said as every other client says it: ${expected}`, () => {
      expect(sentence(event)).toBe(expected);
    });
  }
});
