import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type * as wire from "../protocol";
import { welcome } from "../store/testing";
import { Line, Refused, type LineEvents } from "./line";

/** A WebSocket whose other end is the test. */
class FakeSocket {
  static all: FakeSocket[] = [];
  sent: wire.Request[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((close: { code: number; reason: string }) => void) | null = null;

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    FakeSocket.all.push(this);
  }

  send(frame: string): void {
    this.sent.push(JSON.parse(frame) as wire.Request);
  }

  close(): void {
    this.closed = true;
  }

  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  greet(): void {
    this.onopen?.();
    this.says(welcome());
  }

  breaks(code = 1006, reason = ""): void {
    this.onclose?.({ code, reason });
  }
}

function newest(): FakeSocket {
  return FakeSocket.all.at(-1)!;
}

let events: { [K in keyof LineEvents]: ReturnType<typeof vi.fn> };
let line: Line;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.spyOn(Math, "random").mockReturnValue(1);
  FakeSocket.all = [];
  events = {
    hello: vi.fn(() => ({ type: "hello", name: "ann" })),
    welcome: vi.fn(),
    refused: vi.fn(),
    frame: vi.fn(),
    state: vi.fn(),
    over: vi.fn(),
  };
  line = new Line("ws://test/chat", events as unknown as LineEvents);
  line.start();
});

afterEach(() => {
  line.stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("it says hello first and is up after welcome", () => {
  newest().greet();
  expect(newest().protocol).toBe("hubbub.v1");
  expect(newest().sent).toEqual([{ type: "hello", name: "ann" }]);
  expect(events.welcome).toHaveBeenCalledOnce();
  expect(line.isUp).toBe(true);
});

test("answers find who asked, by id", async () => {
  newest().greet();
  const one = line.ask({ type: "ping" });
  const two = line.ask({ type: "rooms" });
  const [first, second] = newest().sent.slice(1);
  newest().says({ type: "error", id: second?.id, code: "forbidden", message: "No.", temporary: false });
  newest().says({ type: "ok", id: first?.id });
  await expect(one).resolves.toMatchObject({ type: "ok" });
  await expect(two).rejects.toMatchObject({ code: "forbidden", message: "No." });
});

test("a broken line is dialled again, later each time, and what was asked on it is told", async () => {
  newest().greet();
  const asked = line.ask({ type: "ping" });
  newest().breaks();
  await expect(asked).rejects.toBeInstanceOf(Refused);
  await expect(line.ask({ type: "ping" })).rejects.toMatchObject({ code: "line_lost" });
  for (const waitMs of [500, 1000, 2000]) {
    const before = FakeSocket.all.length;
    vi.advanceTimersByTime(waitMs - 1);
    expect(FakeSocket.all.length).toBe(before);
    vi.advanceTimersByTime(1);
    expect(FakeSocket.all.length).toBe(before + 1);
    newest().breaks();
  }
});

test("the network's return ends the wait", () => {
  newest().greet();
  newest().breaks();
  line.wake();
  expect(FakeSocket.all.length).toBe(2);
});

test("a line without a sign of life is given up", () => {
  newest().greet();
  vi.advanceTimersByTime(23_000);
  expect(newest().sent.at(-1)?.type).toBe("ping");
  vi.advanceTimersByTime(4_000);
  expect(events.state).toHaveBeenCalledWith("down", "no sign of life");
});

test("an answer to the ping keeps it", () => {
  newest().greet();
  vi.advanceTimersByTime(23_000);
  newest().says({ type: "ok", id: newest().sent.at(-1)?.id });
  vi.advanceTimersByTime(4_000);
  expect(line.isUp).toBe(true);
});

test("after a sleep the line is looked at before anyone trusts it", () => {
  newest().greet();
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(2_000);
  expect(newest().sent.at(-1)?.type).toBe("ping");
});

test("a server that does not answer the dial is dialled again", () => {
  vi.advanceTimersByTime(10_000);
  expect(FakeSocket.all[0]?.closed).toBe(true);
  vi.advanceTimersByTime(500);
  expect(FakeSocket.all.length).toBe(2);
});

test.each([1000, 4001, 4003])("after %i it does not come back", (code) => {
  newest().greet();
  newest().breaks(code, "bye");
  vi.advanceTimersByTime(120_000);
  expect(FakeSocket.all.length).toBe(1);
  expect(events.over).toHaveBeenCalledWith(code, "bye");
});

test.each([1000, 1001, 1005, 1006, 1011, 1012, 1013, 4008])("after %i that nobody asked for it does", (code) => {
  newest().greet();
  newest().breaks(code);
  vi.advanceTimersByTime(500);
  expect(FakeSocket.all.length).toBe(2);
});

test("a refused name is told, once, and what is refused for the moment is tried again", () => {
  newest().onopen?.();
  newest().says({ type: "error", code: "server_full", message: "Full.", temporary: true, retry_after: 5 });
  expect(events.refused).not.toHaveBeenCalled();
  vi.advanceTimersByTime(5_000);
  expect(FakeSocket.all.length).toBe(2);
  newest().onopen?.();
  newest().says({ type: "error", code: "name_taken", message: "Taken.", temporary: false });
  expect(events.refused).toHaveBeenCalledOnce();
});

test("frames that are no JSON are skipped", () => {
  newest().greet();
  newest().onmessage?.({ data: "{" });
  newest().onmessage?.({ data: "null" });
  expect(line.isUp).toBe(true);
});
