import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Line } from "../line/line";
import { dispatch } from "../store/store";
import { told, welcome } from "../store/testing";
import { Rooms } from "./rooms";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("a room that is left within a moment is told as read all the same", () => {
  const ask = vi.fn(() => Promise.resolve({ type: "ok" }));
  const rooms = new Rooms({ isUp: true, ask } as unknown as Line);
  const unread = { read: 0, unread: 3 };
  dispatch({ type: "welcome", welcome: welcome(told("lobby", 3, unread), told("dev", 3, unread)), sameLog: false });
  rooms.read("lobby", 2);
  rooms.read("lobby", 3);
  rooms.read("dev", 3);
  vi.advanceTimersByTime(400);
  expect(ask.mock.calls).toEqual([[{ type: "read", room: "lobby", seq: 3 }], [{ type: "read", room: "dev", seq: 3 }]]);
});

test("a jump waits for the page that is being read", async () => {
  const failures: ((reason: Error) => void)[] = [];
  const ask = vi.fn(() => new Promise((_, reject) => failures.push(reject)));
  const rooms = new Rooms({ isUp: true, ask } as unknown as Line);
  dispatch({ type: "welcome", welcome: welcome(told("lobby", 300)), sameLog: false });
  void rooms.load("lobby", "newer", { after: 100 });
  void rooms.load("lobby", "jump", {});
  expect(ask).toHaveBeenCalledTimes(1);
  failures[0]?.(new Error("the line is down"));
  await vi.advanceTimersByTimeAsync(0);
  expect(ask.mock.calls).toHaveLength(2);
  expect(ask).toHaveBeenLastCalledWith({ type: "history", room: "lobby", limit: expect.any(Number) });
});
