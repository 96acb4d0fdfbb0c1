// The person's side of the line: what is asked when, and which answer changes the store how.

import { Line, Refused } from "../line/line";
import type * as wire from "../protocol";
import { byName } from "../store/by-name";
import { dispatch, store } from "../store/store";
import { strings } from "../strings";
import { addressed, Identity, type Newcomer } from "./identity";
import { keep } from "./keep";
import { ignoredAnew } from "./own";
import { Pushing } from "./pushing";
import { Rooms } from "./rooms";
import { inView, Saying } from "./saying";

const BANNED = 4003;
const SIGNED_OUT = "signed out";

export class Chat {
  readonly line: Line;
  readonly rooms: Rooms;
  readonly saying: Saying;
  readonly pushing: Pushing;
  readonly identity = new Identity();
  /** The place that the address named at first, until it is entered. */
  wanted: string | null = null;
  #asked = byName<number | null>();
  /** Why the server is about to end the line for good. */
  #banned = "";
  /** The room of a notification that was clicked before there was a line. */
  #clicked: string | null = null;

  constructor(url: string) {
    this.line = new Line(url, {
      hello: () => this.#hello(),
      welcome: (welcome) => this.#welcome(welcome),
      refused: (refused) => this.#refused(refused),
      frame: (frame) => this.#frame(frame),
      state: (state, reason) => this.#lineState(state, reason),
      over: (code, reason) => this.#over(code, reason),
    });
    this.rooms = new Rooms(this.line);
    this.saying = new Saying(this.line, this.rooms, () => this.leaveForGood());
    this.pushing = new Pushing(this.line, (room) => this.openClicked(room));
  }

  /** Comes back as who one was, if this browser knows; otherwise the first view asks for a name. */
  resume(): void {
    const kept = keep.all();
    const wanted = addressed();
    this.wanted = wanted || null;
    dispatch({ type: "kept", kept: wanted in kept.rooms ? { ...kept, current: wanted } : kept });
    if (keep.session() === null) return;
    for (const pending of store.value.pending) this.saying.takeUp(pending);
    this.line.start();
  }

  /** Joins by name, as a member with a password: the first view's one deed. */
  join(newcomer: Newcomer): void {
    this.identity.come(newcomer);
    this.wanted = addressed() || null;
    dispatch({ type: "joining" });
    this.line.start();
    this.line.wake();
  }

  /** Forgets who one was, here and on the server. */
  leaveForGood(): void {
    if (this.line.isUp) {
      const line = store.value.me?.kind === "guest" ? "/quit" : "/logout";
      this.line.ask({ type: "command", line }).catch(() => undefined);
      return;
    }
    this.#out(strings.left);
  }

  /** Runs a command for which there is no request; what the server says to it. Rejects with Refused. */
  async command(line: string, room = store.value.current): Promise<string> {
    return (await this.line.ask({ type: "command", line, ...inView(room) })).text;
  }

  /** Opens the room of a notification, as soon as that is possible. */
  openClicked(room: string): void {
    if (room in store.value.rooms) this.rooms.open(room);
    else if (this.line.isUp) this.rooms.enter(room).catch(() => undefined);
    else this.#clicked = room;
  }

  hideNote(id: number): void {
    const room = store.value.current;
    if (room !== null) dispatch({ type: "hide_note", room, id });
  }

  /** Another tab has joined, left, or entered a room. */
  otherTab(what: "session" | "rooms"): void {
    const session = keep.session();
    if (what === "session") {
      if (session === null && store.value.phase === "in") this.#out(strings.left, false);
      else if (session !== null && store.value.phase === "out") this.resume();
      return;
    }
    if (this.line.isUp) for (const room of keep.rooms()) void this.rooms.follow(room);
  }

  #hello(): wire.HelloRequest | null {
    const who = this.identity.hello();
    if (who === null) return null;
    const session = keep.session();
    const { rooms } = store.value;
    const known = Object.keys(rooms).filter((name) => !name.startsWith("@"));
    const names = new Set(session === null ? [] : [...keep.rooms(), ...known]);
    const first = wantedRoom() ?? defaultRoom();
    if (names.size === 0 && first !== null) names.add(first);
    this.#asked = byName([...names].map((name) => [name, rooms[name]?.last || null]));
    return names.size === 0 ? { type: "hello", ...who } : { type: "hello", ...who, rooms: this.#asked };
  }

  #welcome(welcome: wire.Welcome): void {
    if (!this.identity.isFor(welcome)) return this.#notMe(welcome);
    const sameLog = keep.session()?.epoch === welcome.epoch;
    this.identity.welcomed(welcome);
    for (const { room, was } of welcome.rooms) if (was !== undefined) this.#called(was, room);
    const wanted = inReach(this.wanted, welcome);
    this.wanted = null;
    dispatch({ type: "welcome", welcome, sameLog, first: defaultRoom() });
    this.rooms.welcomed(welcome, this.#asked);
    const { current, rooms } = store.value;
    // What is open stays as it is: opening it again would close the dialog that somebody types into.
    if (wanted !== null && wanted in rooms && wanted !== current) this.rooms.open(wanted);
    else if (wanted !== null && !(wanted in rooms)) void this.rooms.enterOrSay(wanted);
    if (this.#clicked !== null) this.openClicked(this.#clicked);
    this.#clicked = null;
    this.saying.lineUp();
    void this.pushing.welcomed();
    // The link of an invitation, opened by a guest who is here already.
    if (this.identity.invite !== null) dispatch({ type: "dialog", dialog: "settings" });
  }

  /** The browser's cookie is gone, or another one's: whoever that made of us goes again. */
  #notMe(welcome: wire.Welcome): void {
    if (welcome.session !== "") this.line.ask({ type: "command", line: "/quit" }).catch(() => undefined);
    this.#sessionLost();
    this.line.redial();
  }

  #sessionLost(): void {
    this.identity.lost();
    this.saying.giveUp(strings.notSent);
  }

  #refused(refused: Refused): void {
    if (refused.code === "bad_token") {
      if (!this.identity.tryAgain()) this.#sessionLost();
      return;
    }
    this.line.stop();
    // Who is banned for a while is the same person again when that is over.
    if (refused.code !== "banned") keep.setSession(null);
    dispatch({ type: "refused", error: refused.message, code: refused.code });
  }

  #frame(frame: wire.Event | wire.Error): void {
    if (frame.type === "error") {
      const { room } = frame;
      const current = store.value.current;
      if (frame.code === "banned") this.#banned = frame.message;
      if (room !== undefined) {
        dispatch({ type: "gone", room });
        this.rooms.forget(room);
      }
      if (current !== null) dispatch({ type: "note", room: current, text: frame.message, kind: "error" });
      else if (room !== undefined) void this.#begin(room, frame.message);
      return;
    }
    const own = store.value.me?.id;
    if (frame.type === "presence" && frame.user.id === own) {
      if (frame.state === "left") this.rooms.forget(frame.room);
      if (frame.state === "joined") void this.rooms.followOrOpen(frame.room);
      if (frame.state === "renamed") this.#renamed(frame.user.name);
    }
    if (frame.type === "you") this.#you(frame);
    if (frame.type === "settings" && frame.was !== undefined) this.#called(frame.was, frame.room);
    dispatch({ type: "event", event: frame, now: Date.now() });
    if (frame.type === "presence" && (frame.state === "left" || frame.state === "joined")) this.rooms.seen(frame.user.id);
    if (frame.type === "gap") void this.rooms.load(frame.room, "jump", {});
    if (frame.type !== "message") return;
    this.saying.heard(frame);
    this.pushing.heard(frame);
  }

  /** The only room that was asked for is closed to this person: where everybody begins is open. */
  async #begin(refused: string, why: string): Promise<void> {
    const first = defaultRoom();
    if (first === null || first === refused) return;
    await this.rooms.enterOrSay(first);
    dispatch({ type: "note", room: first, text: why, kind: "error" });
  }

  #renamed(name: string): void {
    const { me } = store.value;
    if (me !== null && me.name !== name) this.identity.changed({ ...me, name });
  }

  #you({ user, session }: wire.You): void {
    const { me, settings } = store.value;
    this.identity.changed(user, session);
    if (me?.kind !== "guest" || user.kind === "guest") return;
    // From now on the server keeps whom this person ignores.
    for (const line of ignoredAnew(settings)) this.command(line).catch(() => undefined);
  }

  /** A room has got another name: whatever has the former one here takes the new one. */
  #called(was: string, room: string): void {
    if (!(was in store.value.rooms) || room in store.value.rooms) return;
    if (addressed() === was) history.replaceState(null, "", `#${room}`);
    this.rooms.renamed(was, room);
    this.saying.renamed(was, room);
    dispatch({ type: "renamed", was, room });
    for (const pending of store.value.pending) if (pending.room === room) keep.setUnsent(pending);
  }

  #lineState(state: "dialling" | "up" | "down", reason: string): void {
    if (state === "down") this.saying.lineDown();
    if (state === "down" && store.value.phase === "joining") {
      dispatch({ type: "line", line: { state, reason } });
      return;
    }
    // Dialling again is no news to somebody who waits.
    const before = store.value.line.state;
    if (state === "dialling" && before === "down") return;
    if (state !== "up") dispatch({ type: "line", line: { state, reason } });
  }

  #over(code: number, reason: string): void {
    if (code === BANNED) dispatch({ type: "refused", error: this.#banned || sentence(reason), code: "banned" });
    else this.#out(code === 1000 ? strings.left : sentence(reason) || strings.tooOld);
  }

  #out(why: string, andCookie = true): void {
    this.line.stop();
    this.saying.forget();
    this.pushing.forget();
    keep.forget();
    this.identity.forget(andCookie);
    dispatch({ type: "out", error: why });
  }
}

/** A close frame's reason, as one reads it. */
function sentence(reason: string): string {
  if (reason === SIGNED_OUT) return strings.signedOut;
  return reason === "" ? "" : `${reason[0]?.toUpperCase()}${reason.slice(1)}${/[.!?]$/.test(reason) ? "" : "."}`;
}

/** The room that the address names, `#dev`. */
export function wantedRoom(): string | null {
  const name = addressed();
  return name === "" || name.startsWith("@") || name.startsWith("to:") ? null : name;
}

/** The place itself, unless it is a conversation that this person is not in. */
function inReach(place: string | null, welcome: wire.Welcome): string | null {
  if (place === null || place.startsWith("to:")) return null;
  return !place.startsWith("@") || welcome.rooms.some((room) => room.room === place) ? place : null;
}

/** The room that the server names for those who wish for none. */
export function defaultRoom(): string | null {
  return document.querySelector<HTMLMetaElement>('meta[name="default-room"]')?.content || null;
}
