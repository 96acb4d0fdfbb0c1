import { describe, expect, test } from "vitest";
import { isFor, isIos, keyBytes, obstacleOf, type Surroundings } from "./obstacle";

const WELL: Surroundings = {
  key: "k",
  online: true,
  secure: true,
  ios: false,
  installed: false,
  able: true,
  permission: "default",
};

describe("what stands in the way", () => {
  test.each<[string | null, Partial<Surroundings>]>([
    [null, {}],
    [null, { permission: "granted" }],
    [null, { ios: true, installed: true }],
    [null, { online: false }],
    ["offline", { key: null, online: false }],
    ["serverOff", { key: null, secure: false }],
    ["insecure", { secure: false, able: false }],
    ["notInstalled", { ios: true, able: false }],
    ["unsupported", { able: false, permission: "denied" }],
    ["blocked", { permission: "denied" }],
  ])("%s, if %o", (obstacle, what) => {
    expect(obstacleOf({ ...WELL, ...what })).toBe(obstacle);
  });
});

test("an iPad that says it is a Mac is known by its touch screen", () => {
  expect(isIos("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", 5)).toBe(true);
  expect(isIos("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", 5)).toBe(true);
  expect(isIos("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", 0)).toBe(false);
  expect(isIos("Mozilla/5.0 (Linux; Android 16)", 5)).toBe(false);
});

test("a key is read from base64url without padding", () => {
  expect([...keyBytes("-_8A")]).toEqual([0xfb, 0xff, 0]);
  expect([...keyBytes("BA")]).toEqual([4]);
});

test("a subscription for another key is none for this server", () => {
  const made = (bytes: number[] | null): PushSubscription =>
    ({ options: { applicationServerKey: bytes === null ? null : new Uint8Array(bytes).buffer } }) as PushSubscription;
  expect(isFor(made([0xfb, 0xff, 0]), "-_8A")).toBe(true);
  expect(isFor(made([0xfb, 0xff, 1]), "-_8A")).toBe(false);
  expect(isFor(made([0xfb, 0xff]), "-_8A")).toBe(false);
  expect(isFor(made(null), "-_8A")).toBe(false);
});
