import { expect, test } from "vitest";
import { backoffMs } from "./backoff";

test("waits double up to a bound, and chance spreads them from nothing to all of it", () => {
  expect([0, 1, 2, 3].map((attempt) => backoffMs(attempt, 1))).toEqual([500, 1000, 2000, 4000]);
  expect(backoffMs(1000, 1, 120_000)).toBe(30_000);
  expect(backoffMs(5, 0)).toBe(0);
  expect(backoffMs(0, 0.5)).toBe(250);
});

test("in the first two minutes no wait is longer than 5 s", () => {
  for (const awayMs of [0, 119_999]) expect(backoffMs(1000, 1, awayMs)).toBe(5_000);
});
