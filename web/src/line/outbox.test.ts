import { expect, test } from "vitest";
import type { PostRequest } from "../protocol";
import { BROKEN_MOST, Outbox } from "./outbox";

const post = (nonce: string): PostRequest => ({ type: "post", room: "lobby", text: nonce, nonce });

function outbox(...nonces: string[]): Outbox {
  const made = new Outbox();
  for (const nonce of nonces) made.add(post(nonce));
  return made;
}

test("one at a time goes out, in the order in which it was written", () => {
  const box = outbox("1", "2");
  expect(box.next(0)).toEqual(post("1"));
  expect(box.next(0)).toBeNull();
  box.answered();
  expect(box.next(0)).toEqual(post("2"));
  box.answered();
  expect(box.next(0)).toBeNull();
  expect(box.size).toBe(0);
});

test("what was on a broken line goes again, first", () => {
  const box = outbox("1", "2");
  box.next(0);
  expect(box.lineLost()).toBeNull();
  expect(box.next(0)).toEqual(post("1"));
});

test("a command on a broken line is given up, because it may have run", () => {
  const box = new Outbox();
  const command = { type: "command", room: "lobby", line: "/me waves" } as const;
  box.add(command);
  box.add(post("1"));
  box.next(0);
  expect(box.lineLost()).toBe(command);
  expect(box.next(0)).toEqual(post("1"));
});

test("what is refused for the moment waits its time and keeps its place", () => {
  const box = outbox("1", "2");
  box.next(0);
  box.refused(500, 0);
  expect(box.next(499)).toBeNull();
  expect(box.waitMs(100)).toBe(400);
  expect(box.next(500)).toEqual(post("1"));
});

test("what another tab has said is taken out, unless it is on the wire", () => {
  const box = outbox("1", "2");
  box.next(0);
  expect(box.remove("1")).toBe(false);
  expect(box.remove("2")).toBe(true);
  expect(box.size).toBe(1);
});

test("what breaks the line each time it is said is given up, and the next goes", () => {
  const box = outbox("1", "2");
  for (let tries = 1; tries < BROKEN_MOST; tries += 1) {
    expect(box.next(0)).toEqual(post("1"));
    expect(box.lineLost()).toBeNull();
  }
  expect(box.next(0)).toEqual(post("1"));
  expect(box.lineLost()).toEqual(post("1"));
  expect(box.next(0)).toEqual(post("2"));
  // Only one after the other counts.
  expect(box.lineLost()).toBeNull();
});
