// Which rooms are followed, and what is read of their logs.

import { Refused, type Line } from "../line/line";
import type * as wire from "../protocol";
import type { ByName } from "../store/by-name";
import { atEnd, lastSeq, NEW } from "../store/state";
import { dispatch, store } from "../store/store";
import { keep } from "./keep";
import { noteRefusal } from "./refusal";

const PAGE = 100;
const MEMBER_PAGES = 5;
const READ_MS = 400;
const TYPING_MS = 3000;
const OPEN_MS = 10_000;

type Where = "older" | "newer" | "jump";

export class Rooms {
  readonly #loads = new Map<string, Promise<void>>();
  #followed = new Set<string>();
  #reads = new Map<string, ReturnType<typeof setTimeout>>();
  #typedAt = 0;
  /** A room is being made by this tab: when it is entered it is opened, until then (milliseconds). */
  #opensUntil = 0;

  constructor(private readonly line: Line) {}

  /** After `welcome`: joins what this person is in elsewhere, reads what direct rooms lack. */
  welcomed(welcome: wire.Welcome, asked: ByName<number | null>): void {
    const names = welcome.rooms.map((room) => room.room);
    const asks = new Set(welcome.rooms.filter((room) => (room.was ?? room.room) in asked).map((room) => room.room));
    this.#followed = new Set(names.filter((name) => asks.has(name)));
    for (const room of welcome.rooms) {
      if (room.kind === "direct") void this.#catchUp(room);
      else if (!this.#followed.has(room.room)) void this.follow(room.room);
    }
    this.#keepNames();
    const { current } = store.value;
    if (current !== null) void this.readMembers(current);
  }

  async #catchUp(told: wire.RoomState): Promise<void> {
    this.#followed.add(told.room);
    const room = store.value.rooms[told.room];
    if (room === undefined || told.last === 0) return;
    void this.readMembers(told.room);
    if (room.events.length === 0) return this.load(told.room, "jump", {});
    if (lastSeq(room) < told.last) await this.load(told.room, "newer", { after: lastSeq(room) });
  }

  /** Follows a room without opening it. */
  async follow(name: string): Promise<void> {
    if (this.#followed.has(name)) return;
    this.#followed.add(name);
    if (name.startsWith("@")) return this.load(name, "jump", {});
    await this.#join(name, false);
  }

  /** This person has entered a room by another line, or by a command of this one that made it. */
  async followOrOpen(name: string): Promise<void> {
    if (Date.now() > this.#opensUntil) return this.follow(name);
    this.#opensUntil = 0;
    await this.enterOrSay(name);
  }

  /** The next room that is entered shall be opened; or no more, where none was made. */
  openNext(wanted = true): void {
    this.#opensUntil = wanted ? Date.now() + OPEN_MS : 0;
  }

  renamed(was: string, name: string): void {
    if (this.#followed.delete(was)) this.#followed.add(name);
    clearTimeout(this.#reads.get(was));
    this.#reads.delete(was);
    keep.forgetRoom(was);
    this.#keepNames();
  }

  /** Enters a room and opens it. Rejects with Refused. */
  async enter(name: string): Promise<string> {
    const joined = await this.#join(name, true);
    this.#show(joined);
    return joined;
  }

  #show(name: string): void {
    dispatch({ type: "open", room: name });
    void this.readMembers(name);
  }

  /** Enters a room; what speaks against it is said in the room where one is. */
  async enterOrSay(name: string): Promise<void> {
    await noteRefusal(store.value.current, this.enter(name));
  }

  async #join(name: string, asked: boolean): Promise<string> {
    const last = store.value.rooms[name]?.last;
    const request: wire.JoinRequest = last ? { type: "join", room: name, after: last } : { type: "join", room: name };
    return this.#entered(await this.line.ask(request), asked);
  }

  #entered(joined: wire.Joined, asked: boolean): string {
    this.#followed.add(joined.room);
    dispatch({ type: "joined", joined, asked });
    this.#keepNames();
    return joined.room;
  }

  /** Makes a room and opens it. Rejects with Refused. */
  async make(request: wire.MakeRoomRequest): Promise<void> {
    this.#show(this.#entered(await this.line.ask(request), true));
  }

  /** Opens a room that is followed. */
  open(name: string): void {
    dispatch({ type: "open", room: name });
    if (this.line.isUp) void this.readMembers(name);
  }

  async leave(name: string): Promise<void> {
    await this.line.ask({ type: "leave", room: name });
    this.forget(name);
    dispatch({ type: "gone", room: name });
  }

  forget(name: string): void {
    this.#followed.delete(name);
    keep.forgetRoom(name);
    this.#keepNames();
  }

  #keepNames(): void {
    keep.setRooms([...this.#followed].filter((name) => !name.startsWith("@")));
    keep.onlyRooms([...this.#followed]);
  }

  /** Reads a page of a room's log into its window, one at a time; a jump waits for its turn. */
  async load(name: string, where: Where, from: { before?: number; after?: number }): Promise<void> {
    while (where === "jump" && this.#loads.has(name)) await this.#loads.get(name);
    if (store.value.rooms[name]?.loading != null) return;
    const load = this.#load(name, where, from).finally(() => this.#loads.delete(name));
    this.#loads.set(name, load);
    await load;
  }

  async #load(name: string, where: Where, from: { before?: number; after?: number }): Promise<void> {
    dispatch({ type: "loading", room: name, loading: where });
    try {
      const request: wire.HistoryRequest = { type: "history", room: name, limit: PAGE, ...from };
      const page = await this.line.ask(request);
      dispatch({ type: "page", room: name, page, where });
    } catch (error) {
      dispatch({ type: "loading", room: name, loading: null });
      if (error instanceof Refused && error.code === "rate_limited") {
        setTimeout(() => void this.load(name, where, from), error.retryAfterMs ?? 1000);
      }
    }
  }

  older(name: string): void {
    const oldest = store.value.rooms[name]?.events[0];
    if (oldest !== undefined) void this.load(name, "older", { before: oldest.seq });
  }

  newer(name: string): void {
    const room = store.value.rooms[name];
    if (room !== undefined && !atEnd(room)) void this.load(name, "newer", { after: lastSeq(room) });
  }

  /** Shows the log's end. */
  async latest(name: string): Promise<void> {
    const room = store.value.rooms[name];
    if (room !== undefined && !atEnd(room)) await this.load(name, "jump", {});
    dispatch({ type: "following", room: name, following: true });
  }

  /** Shows the "new messages" line and what stands around it. */
  async unread(name: string): Promise<void> {
    const room = store.value.rooms[name];
    const after = room?.newAfter;
    if (room === undefined || after == null) return;
    dispatch({ type: "following", room: name, following: false });
    const shown = (room.events[0]?.seq ?? Infinity) <= after + 1 && after < lastSeq(room);
    if (!shown) await this.load(name, "jump", { after: Math.max(0, after - PAGE / 2) });
    dispatch({ type: "target", target: NEW });
  }

  /** Shows a message, wherever in the log it is. */
  async show(name: string, seq: number): Promise<void> {
    this.open(name);
    dispatch({ type: "following", room: name, following: false });
    const events = store.value.rooms[name]?.events ?? [];
    const shown = (events[0]?.seq ?? Infinity) <= seq && seq <= (events.at(-1)?.seq ?? 0);
    if (!shown) await this.load(name, "jump", { after: Math.max(0, seq - PAGE / 2) });
    dispatch({ type: "target", target: `e${seq}` });
  }

  async readMembers(name: string): Promise<void> {
    if (!(name in store.value.rooms)) return;
    let after: string | undefined;
    try {
      for (let count = 0; count < MEMBER_PAGES; count += 1) {
        const request: wire.MembersRequest = { type: "members", room: name, limit: 200, ...(after === undefined ? {} : { after }) };
        const page = await this.line.ask(request);
        dispatch({ type: "members", room: name, members: page.members, fresh: count === 0 });
        after = page.members.at(-1)?.name;
        if (!page.more || after === undefined) return;
      }
    } catch {
      // Read again when the room is opened next.
    }
  }

  /** Somebody has come or gone: whether they are here is asked where one talks with them. */
  seen(id: string): void {
    for (const room of Object.values(store.value.rooms)) {
      if (room.kind === "direct" && room.others.some((person) => person.id === id)) void this.readMembers(room.name);
    }
  }

  async readDirectory(): Promise<void> {
    try {
      const page = await this.line.ask({ type: "rooms", limit: 200 });
      dispatch({ type: "directory", rooms: page.rooms });
    } catch {
      dispatch({ type: "directory", rooms: [] });
    }
  }

  /** Tells that somebody has read so far, once in a while. */
  read(name: string, seq: number): void {
    const room = store.value.rooms[name];
    if (room === undefined || (seq <= room.read && room.unread === 0)) return;
    dispatch({ type: "read", room: name, seq });
    clearTimeout(this.#reads.get(name));
    const timer = setTimeout(() => {
      this.#reads.delete(name);
      this.line.ask({ type: "read", room: name, seq }).catch(() => undefined);
    }, READ_MS);
    this.#reads.set(name, timer);
  }

  typing(name: string): void {
    const now = Date.now();
    if (now - this.#typedAt < TYPING_MS || !(name in store.value.rooms)) return;
    this.#typedAt = now;
    this.line.ask({ type: "typing", room: name }).catch(() => undefined);
  }
}
