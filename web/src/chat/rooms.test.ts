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
