import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refused, type Line } from "../line/line";
import { BROKEN_MOST } from "../line/outbox";
import type * as wire from "../protocol";
import { dispatch, store } from "../store/store";
import { told, welcome } from "../store/testing";
import type { Rooms } from "./rooms";
import { Saying, ANSWER_MS } from "./saying";

/** A server that answers some texts only, on a line that is dialled anew by itself. */
class OneDeaf {
  readonly isUp = true;
  readonly heard: string[] = [];
  #lose: ((reason: Refused) => void)[] = [];

  constructor(private readonly deafTo: string) {}

  ask(request: wire.PostRequest): Promise<unknown> {
    this.heard.push(request.text);
    if (request.text !== this.deafTo) return Promise.resolve({ type: "ok", room: "lobby", seq: this.heard.length });
    return new Promise((_, reject) => this.#lose.push(reject));
  }

  redial(): void {
    for (const lose of this.#lose.splice(0)) lose(new Refused("line_lost", "lost", true, null));
  }
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("a message that is never answered does not hold up the next, and can be dropped", async () => {
  dispatch({ type: "welcome", welcome: welcome(told("lobby", 0)), sameLog: false });
  const line = new OneDeaf("poison");
  const saying = new Saying(line as unknown as Line, {} as Rooms, () => undefined);
  saying.say("lobby", "poison");
  saying.say("lobby", "next");
  for (let tries = 0; tries < BROKEN_MOST; tries += 1) {
    expect(line.heard).not.toContain("next");
    await vi.advanceTimersByTimeAsync(ANSWER_MS);
    saying.lineUp();
  }
  expect(line.heard).toEqual([...Array.from({ length: BROKEN_MOST }, () => "poison"), "next"]);
  const failed = store.value.pending.filter((each) => each.state === "failed");
  expect(failed.map((each) => each.text)).toEqual(["poison"]);
  saying.discard(failed[0]!.nonce);
  expect(store.value.pending.some((each) => each.text === "poison")).toBe(false);
});
