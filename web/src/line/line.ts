// The WebSocket that is always there: it dials, says hello, notices when it is dead, and comes back.

import type * as wire from "../protocol";
import { backoffMs } from "./backoff";
import { known } from "./known";

export const PROTOCOL = "hubbub.v1";
/** After these the same attempt would end in the same way. */
const FINAL_CODES = new Set([1002, 1003, 1007, 1009, 4000, 4001, 4003]);
/** The answer to `/quit`. A close with 1000 alone is anybody's who stands in between. */
const NORMAL = 1000;
const BYE = "bye";
const FLOODING = 4029;
const STEADY_MS = 10_000;
const DIAL_MS = 10_000;
const PROBE_MS = 4_000;
const CLOCK_MS = 2_000;
/** A clock that jumps this far has slept: the line is looked at before anyone trusts it. */
const SLEPT_MS = 10_000;

export type Answer = wire.Reply & { type: "ok" };

/** What answers which request; the others are answered by an `ok` with nothing in it. */
interface Answers {
  join: wire.Joined;
  post: wire.Posted;
  whisper: wire.Posted;
  command: wire.Ran;
  history: wire.Page;
  search: wire.Found;
  members: wire.MemberPage;
  rooms: wire.RoomPage;
  test_push: wire.Pushed;
  sessions: wire.SessionList;
  audit: wire.AuditPage;
  bans: wire.BanList;
  kick: wire.Done;
  mute: wire.Done;
  unmute: wire.Done;
  ban: wire.Done;
  unban: wire.Done;
  set_role: wire.Done;
  make_room: wire.Joined;
  change_room: wire.RoomChanged;
  invite: wire.Done;
  make_invitation: wire.InvitationMade;
  invitations: wire.InvitationList;
}

type Kind = wire.Request["type"];
export type AnswerTo<K extends Kind> = K extends keyof Answers ? Answers[K] : wire.Ok;

/** The server said no; or there was no line to ask on. */
export class Refused extends Error {
  constructor(
    readonly code: wire.ErrorCode | "line_lost",
    message: string,
    readonly temporary: boolean,
    readonly retryAfterMs: number | null,
  ) {
    super(message);
  }
}

export interface LineEvents {
  /** What to say first on each line; null when nobody wants to be there any more. */
  hello: () => wire.HelloRequest | null;
  welcome: (welcome: wire.Welcome) => void;
  /** `hello` was refused; null tries again later. */
  refused: (refusal: Refused) => void;
  /** An event, or an `error` that answers no request. */
  frame: (frame: wire.Event | wire.Error) => void;
  state: (state: "dialling" | "up" | "down", reason: string) => void;
  /** The server ended it for good. */
  over: (code: number, reason: string) => void;
}

interface Asked {
  resolve: (answer: Answer) => void;
  reject: (refused: Refused) => void;
}

export class Line {
  #socket: WebSocket | null = null;
  #up = false;
  #wanted = false;
  #attempt = 0;
  #awaySince: number | null = null;
  #upSince = 0;
  #heardAt = 0;
  #pingMs = 20_000;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;
  #clockAt = 0;
  #probe: ReturnType<typeof setTimeout> | undefined;
  #asked = new Map<string, Asked>();
  #count = 0;

  constructor(
    private readonly url: string,
    private readonly events: LineEvents,
  ) {}

  get isUp(): boolean {
    return this.#up;
  }

  start(): void {
    this.#wanted = true;
    this.#clockAt = Date.now();
    this.#clock ??= setInterval(() => this.#tick(), CLOCK_MS);
    if (this.#socket === null) this.#dial();
  }

  stop(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    clearInterval(this.#clock);
    this.#clock = undefined;
    this.#drop("", true);
  }

  /** Hangs up and says another `hello`. */
  redial(): void {
    this.#drop("", true);
    this.#dial();
  }

  /** Asks something; rejects with Refused, `line_lost` where the line breaks before the answer. */
  ask<R extends wire.Request>(request: R): Promise<AnswerTo<R["type"]>> {
    const socket = this.#socket;
    if (socket === null || !this.#up) return Promise.reject(lost());
    const id = `w${(this.#count += 1)}`;
    return new Promise((resolve, reject) => {
      // The server answers each kind by its own reply (docs/protocol.md, Requests).
      this.#asked.set(id, { resolve: resolve as (answer: Answer) => void, reject });
      socket.send(JSON.stringify({ ...request, id }));
    });
  }

  /** The network came back, or the page did: no more waiting, and no trust in an old line. */
  wake(): void {
    if (!this.#wanted) return;
    if (this.#socket === null) {
      this.#attempt = 0;
      this.#dial();
    } else {
      this.#look();
    }
  }

  /** The browser says that there is no network; a server on this machine may be there all the same. */
  offline(): void {
    this.#look();
  }

  #dial(): void {
    clearTimeout(this.#timer);
    const hello = this.events.hello();
    if (hello === null) return;
    this.events.state("dialling", "");
    const socket = new WebSocket(this.url, PROTOCOL);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#drop("no answer", false), DIAL_MS);
    socket.onopen = () => socket.send(JSON.stringify(hello));
    socket.onmessage = (message) => {
      if (socket === this.#socket) this.#take(String(message.data));
    };
    socket.onclose = (close) => {
      if (socket === this.#socket) this.#closed(close.code, close.reason);
    };
  }

  #take(data: string): void {
    this.#heardAt = Date.now();
    clearTimeout(this.#probe);
    this.#probe = undefined;
    const frame = parsed(data);
    if (frame === null) return;
    if (frame.type === "welcome") {
      clearTimeout(this.#timer);
      this.#up = true;
      this.#upSince = Date.now();
      this.#pingMs = Math.max(frame.ping_s, 1) * 1000;
      this.events.state("up", "");
      this.events.welcome(frame);
    } else if (frame.type === "ok") {
      this.#settle(frame.id, (asked) => asked.resolve(frame));
    } else if (frame.type === "error") {
      this.#refusal(frame);
    } else {
      this.events.frame(frame);
    }
  }

  #refusal(error: wire.Error): void {
    const retryMs = error.retry_after === undefined ? null : error.retry_after * 1000;
    const refused = new Refused(error.code as wire.ErrorCode, error.message, error.temporary, retryMs);
    if (error.id !== undefined) return this.#settle(error.id, (asked) => asked.reject(refused));
    if (this.#up) return this.events.frame(error);
    // `hello` was refused. What is refused for the moment is tried again as a broken line is.
    if (!error.temporary) this.events.refused(refused);
    this.#drop(error.message, false, refused.retryAfterMs ?? 0);
  }

  #settle(id: string | undefined, act: (asked: Asked) => void): void {
    const asked = this.#asked.get(id ?? "");
    if (asked === undefined || id === undefined) return;
    this.#asked.delete(id);
    act(asked);
  }

  #closed(code: number, reason: string): void {
    const final = FINAL_CODES.has(code) || (code === NORMAL && reason === BYE);
    if (final && this.#up) {
      this.#wanted = false;
      this.#drop(reason, true);
      this.events.over(code, reason);
      return;
    }
    if (code === FLOODING) {
      this.#attempt = Math.max(this.#attempt, 5);
      this.#awaySince = 0;
    }
    this.#drop(reason, false);
  }

  /** Lets go of the line, and comes back unless `quiet`. */
  #drop(reason: string, quiet: boolean, leastMs = 0): void {
    const socket = this.#socket;
    clearTimeout(this.#timer);
    clearTimeout(this.#probe);
    this.#probe = undefined;
    if (this.#up && Date.now() - this.#upSince > STEADY_MS) {
      this.#attempt = 0;
      this.#awaySince = null;
    }
    this.#socket = null;
    this.#up = false;
    socket?.close();
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const each of asked) each.reject(lost());
    if (quiet || !this.#wanted) return;
    this.events.state("down", reason);
    this.#awaySince ??= Date.now();
    const waitMs = Math.max(leastMs, backoffMs(this.#attempt, Math.random(), Date.now() - this.#awaySince));
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#dial(), waitMs);
  }

  #tick(): void {
    const now = Date.now();
    const slept = now - this.#clockAt > SLEPT_MS;
    this.#clockAt = now;
    if (slept) this.wake();
    else if (this.#up && now - this.#heardAt > this.#pingMs) this.#look();
  }

  /** Asks the server for a sign of life; without one the line is dead. */
  #look(): void {
    if (!this.#up || this.#probe !== undefined) return;
    this.#probe = setTimeout(() => {
      this.#probe = undefined;
      this.#drop("no sign of life", false);
    }, PROBE_MS);
    this.ask({ type: "ping" }).catch(() => undefined);
  }
}

function lost(): Refused {
  return new Refused("line_lost", "The connection is lost.", true, null);
}

function parsed(data: string): wire.Event | wire.Reply | null {
  try {
    const frame: unknown = JSON.parse(data);
    if (typeof frame === "object" && frame !== null && "type" in frame) return known({ ...frame }) as unknown as wire.Event | wire.Reply;
  } catch {
    // A frame that is no JSON is of no release that we know: skipped, like unknown events.
  }
  return null;
}
