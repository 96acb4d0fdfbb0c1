// What waits to be said, in the order in which it was written; pure, time is an argument.
//
// One request is on the wire at a time: a person does not write faster, and the order then holds
// whatever is refused for the moment or broken off. What has a nonce may go twice; a command, which
// has none, is given up when its line breaks.

import type { CommandRequest, PostRequest, WhisperRequest } from "../protocol";

export type Said = PostRequest | WhisperRequest | CommandRequest;

/** A message on which the line broke so often, one time after the other, may be the cause. */
export const BROKEN_MOST = 5;
const RETRY_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

export class Outbox {
  #waiting: Said[] = [];
  #onWire: Said | null = null;
  #notBeforeMs = 0;
  #broken = 0;

  get size(): number {
    return this.#waiting.length + (this.#onWire === null ? 0 : 1);
  }

  add(said: Said): void {
    this.#waiting.push(said);
  }

  /** Takes out what need not be said any more; false if it is on the wire or gone. */
  remove(nonce: string): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((each) => each.type === "command" || each.nonce !== nonce);
    return this.#waiting.length < before;
  }

  /** A room has got another name, also for what waits to be said there. */
  renamed(was: string, room: string): void {
    const again = (said: Said): Said => (said.type !== "whisper" && said.room === was ? { ...said, room } : said);
    this.#waiting = this.#waiting.map(again);
  }

  /** What to write now, which is then on the wire. */
  next(nowMs: number): Said | null {
    if (this.#onWire !== null || nowMs < this.#notBeforeMs) return null;
    this.#onWire = this.#waiting.shift() ?? null;
    return this.#onWire;
  }

  /** How long until `next` may have something; null: not before an answer or an `add`. */
  waitMs(nowMs: number): number | null {
    if (this.#onWire !== null || this.#waiting.length === 0) return null;
    return Math.max(0, this.#notBeforeMs - nowMs);
  }

  /** It was carried out, or refused for good. */
  answered(): void {
    this.#broken = 0;
    this.#onWire = null;
  }

  /** It was refused for the moment: it goes again, before everything else. */
  refused(retryAfterMs: number | null, nowMs: number): void {
    if (this.#onWire !== null) this.#waiting.unshift(this.#onWire);
    this.#onWire = null;
    this.#notBeforeMs = nowMs + Math.min(retryAfterMs ?? RETRY_MS, LONGEST_WAIT_MS);
  }

  /** The line broke: what was on it goes again. What is given up is the answer: a command, or the likely cause. */
  lineLost(): Said | null {
    const lost = this.#onWire;
    this.#onWire = null;
    this.#notBeforeMs = 0;
    if (lost === null) return null;
    this.#broken += 1;
    if (lost.type === "command" || this.#broken >= BROKEN_MOST) {
      this.#broken = 0;
      return lost;
    }
    this.#waiting.unshift(lost);
    return null;
  }
}
