// The person's side of the line: what is asked when, and which answer changes the store how.

import { Line, Refused } from "../line/line";
import type * as wire from "../protocol";
import { dispatch, store } from "../store/store";
import { strings } from "../strings";
import { keep } from "./keep";
import { Pushing } from "./pushing";
import { Rooms } from "./rooms";
import { Saying } from "./saying";

const INVITE = "invite=";

export class Chat {
  readonly line: Line;
  readonly rooms: Rooms;
  readonly saying: Saying;
  readonly pushing: Pushing;
  /** The place that the address named at first, until it is entered. */
  wanted: string | null = null;
  /** The code of the invitation that the address brought, until it is taken. */
  invite: string | null;
  #name = "";
  #password = "";
  #asked: Record<string, number | null> = {};
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
    this.invite = takenInvite();
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
  join(name: string, password = ""): void {
    this.#name = name;
    this.#password = password;
    this.wanted = addressed() || null;
    dispatch({ type: "joining" });
    this.line.start();
    this.line.wake();
  }

  /** Forgets who one was, here and on the server. */
  leaveForGood(): void {
    if (this.line.isUp && store.value.current !== null) {
      const room = store.value.current;
      const line = store.value.me?.kind === "guest" ? "/quit" : "/logout";
      this.line.ask({ type: "command", room, line }).catch(() => undefined);
      return;
    }
    this.#out(strings.left);
  }

  /** Becomes a member, under the name that one has; what the server has against it, or nothing. */
  register(password: string): Promise<string> {
    return this.#command(`/register ${password}`);
  }

  /** Takes another name; what the server has against it, or nothing. */
  rename(name: string): Promise<string> {
    return this.#command(`/nick ${name}`);
  }

  async #command(line: string): Promise<string> {
    const room = store.value.current ?? "";
    try {
      await this.line.ask({ type: "command", room, line });
      return "";
    } catch (error) {
      return error instanceof Refused ? error.message : String(error);
    }
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
      if (session === null && store.value.phase === "in") this.#out(strings.left);
      else if (session !== null && store.value.phase === "out") this.resume();
      return;
    }
    if (this.line.isUp) for (const room of keep.rooms()) void this.rooms.follow(room);
  }

  #hello(): wire.HelloRequest | null {
    const session = keep.session();
    if (session === null && this.#name === "") return null;
    const { rooms } = store.value;
    const known = Object.keys(rooms).filter((name) => !name.startsWith("@"));
    const names = new Set(session === null ? [] : [...keep.rooms(), ...known]);
    const first = wantedRoom() ?? defaultRoom();
    if (names.size === 0 && first !== null) names.add(first);
    this.#asked = Object.fromEntries([...names].map((name) => [name, rooms[name]?.last || null]));
    const who = session === null ? this.#newcomer() : { token: session.token, epoch: session.epoch };
    return names.size === 0 ? { type: "hello", ...who } : { type: "hello", ...who, rooms: this.#asked };
  }

  #newcomer(): Partial<wire.HelloRequest> {
    if (this.#password === "") return { name: this.#name };
    const account = { name: this.#name, password: this.#password };
    return this.invite === null ? account : { ...account, register: true, invite: this.invite };
  }

  #welcome(welcome: wire.Welcome): void {
    this.#password = "";
    this.invite = null;
    const session = keep.session();
    const sameLog = session?.epoch === welcome.epoch;
    const { user: me, epoch } = welcome;
    keep.setSession({ token: welcome.session, epoch, me });
    keep.setName(me.name);
    const wanted = inReach(this.wanted, welcome);
    this.wanted = null;
    dispatch({ type: "welcome", welcome, sameLog });
    this.rooms.welcomed(welcome, this.#asked);
    const { current, rooms } = store.value;
    // What is open stays as it is: opening it again would close the dialog that somebody types into.
    if (wanted !== null && wanted in rooms && wanted !== current) this.rooms.open(wanted);
    else if (wanted !== null && !(wanted in rooms)) void this.rooms.enterOrSay(wanted);
    if (this.#clicked !== null) this.openClicked(this.#clicked);
    this.#clicked = null;
    this.saying.lineUp();
    void this.pushing.welcomed();
  }

  #refused(refused: Refused): void {
    if (refused.code === "bad_token") {
      // The session has run out: the same name again, if nobody has taken it meanwhile.
      this.#name = keep.session()?.me.name ?? "";
      keep.setSession(null);
      this.saying.giveUp(strings.notSent);
      return;
    }
    this.line.stop();
    keep.setSession(null);
    dispatch({ type: "refused", error: refused.message, code: refused.code });
  }

  #frame(frame: wire.Event | wire.Error): void {
    if (frame.type === "error") {
      const { room } = frame;
      const current = store.value.current;
      if (room !== undefined) {
        dispatch({ type: "gone", room });
        this.rooms.forget(room);
      }
      if (current !== null) dispatch({ type: "note", room: current, text: frame.message, kind: "error" });
      return;
    }
    const own = store.value.me?.id;
    if (frame.type === "presence" && frame.user.id === own) {
      if (frame.state === "left") this.rooms.forget(frame.room);
      if (frame.state === "joined") void this.rooms.follow(frame.room);
      if (frame.state === "renamed") this.#renamed(frame.user.name);
    }
    if (frame.type === "you") this.#changed(frame.user);
    dispatch({ type: "event", event: frame, now: Date.now() });
    if (frame.type === "presence" && (frame.state === "left" || frame.state === "joined")) this.rooms.seen(frame.user.id);
    if (frame.type === "gap") void this.rooms.load(frame.room, "jump", {});
    if (frame.type === "message") this.saying.heard(frame);
  }

  #renamed(name: string): void {
    const { me } = store.value;
    if (me !== null && me.name !== name) this.#changed({ ...me, name });
  }

  #changed(me: wire.Self): void {
    const session = keep.session();
    if (session === null) return;
    keep.setSession({ ...session, me });
    keep.setName(me.name);
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
    this.#out(code === 1000 ? strings.left : reason || strings.tooOld);
  }

  #out(why: string): void {
    this.line.stop();
    this.saying.forget();
    this.pushing.forget();
    keep.forget();
    this.#name = "";
    dispatch({ type: "out", error: why });
  }
}

/** The invitation of the address, which does not keep it: it is a secret. */
function takenInvite(): string | null {
  const place = addressed();
  if (!place.startsWith(INVITE)) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return place.slice(INVITE.length);
}

/** What stands behind the address's `#`; nothing, where somebody has broken it. */
export function addressed(): string {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
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
