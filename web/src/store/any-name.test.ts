// Rooms and people may be called as what every object of JavaScript has from its prototype.

import { afterEach, describe, expect, test, vi } from "vitest";
import { keep } from "../chat/keep";
import { ignoring } from "../chat/own";
import type * as wire from "../protocol";
import { withEmoji } from "../text/emoji";
import { emptyRoom, initial, type State } from "./state";
import { after, and, BOB, event, said, seqs, told, welcome } from "./testing";
import { rowsOf } from "./views";

const NAMES = [...Object.getOwnPropertyNames(Object.prototype), "prototype", "then", "tostring", "0", "length"];

const into = (room: string, first = said(1, "one", BOB, room)): State =>
  after(
    { type: "welcome", welcome: welcome(told(room, 0)), sameLog: false },
    { type: "open", room },
    event({ type: "replay", room, events: [first], more: false }),
  );

afterEach(() => vi.unstubAllGlobals());

describe.each(NAMES)("what is called %s", (name) => {
  test("is no room, no draft and nobody, before there is one", () => {
    const state = initial();
    expect(name in state.rooms || name in state.drafts || name in state.settings.ignored || name in state.limits).toBe(false);
    expect(name in emptyRoom("lobby").members || name in emptyRoom("lobby").typing).toBe(false);
    expect(state.rooms[name]).toBeUndefined();
    expect(and(state, { type: "read", room: name, seq: 1 }).rooms[name]).toBeUndefined();
    expect(and(state, { type: "gone", room: name }).rooms[name]).toBeUndefined();
    const here = after({ type: "welcome", welcome: welcome(told("lobby", 0)), sameLog: false, first: name });
    expect(here.current).toBe("lobby");
    expect(name in here.rooms || name in here.limits).toBe(false);
  });

  test("is a room as any other: told, joined, read, renamed, left", () => {
    const state = and(into(name), event(said(2, "two", BOB, name)));
    expect(Object.keys(state.rooms)).toEqual([name]);
    expect(seqs(state, name)).toEqual([1, 2]);
    const joined: wire.Joined = { type: "ok", id: "1", room: name, topic: "tea", kind: "public", read_only: false, archived: false, role: "member", may: [], first: 1, last: 0, events: [], more: false };
    const entered = after({ type: "joined", joined, asked: true });
    expect(entered.rooms[name]?.topic).toBe("tea");
    expect(Object.keys(entered.rooms)).toEqual([name]);
    const called = and(state, { type: "renamed", was: name, room: "tea" });
    expect(Object.keys(called.rooms)).toEqual(["tea"]);
    expect(name in called.rooms).toBe(false);
    const back = and(called, { type: "renamed", was: "tea", room: name });
    expect(Object.keys(back.rooms)).toEqual([name]);
    expect(seqs(back, name)).toEqual([1, 2]);
    expect(Object.keys(and(back, { type: "gone", room: name }).rooms)).toEqual([]);
  });

  test("is a person as any other: here, writing, hidden", () => {
    const person = { id: name, name };
    const state = and(into("lobby"), { type: "members", room: "lobby", members: [{ ...person, role: "guest", away: false }], fresh: true });
    expect(Object.keys(state.rooms["lobby"]!.members)).toEqual([name]);
    const heard = and(into("lobby"), event(said(2, "two", person)));
    expect(heard.rooms["lobby"]?.members[name]?.name).toBe(name);
    const writing = and(heard, event({ type: "typing", room: "lobby", user: person }));
    expect(Object.keys(writing.rooms["lobby"]!.typing)).toEqual([name]);
    expect(Object.keys(and(writing, { type: "tick", now: 60_000 }).rooms["lobby"]!.typing)).toEqual([]);
    expect(rowsOf(heard.rooms["lobby"]!, [], "a", heard.settings.ignored).filter((row) => row.kind === "message")).toHaveLength(2);
    const hidden = and(heard, { type: "settings", settings: ignoring(heard, `/ignore ${name}`)?.settings ?? {} });
    expect(Object.entries(hidden.settings.ignored)).toEqual([[name, name]]);
    expect(rowsOf(hidden.rooms["lobby"]!, [], "a", hidden.settings.ignored).filter((row) => row.kind === "message")).toHaveLength(1);
    const shown = and(hidden, { type: "settings", settings: ignoring(hidden, `/unignore ${name}`)?.settings ?? {} });
    expect(name in shown.settings.ignored).toBe(false);
  });

  test("has a draft as any other, and keeps it", () => {
    const state = and(into(name), { type: "draft", room: name, text: "half" });
    expect(state.drafts[name]).toBe("half");
    expect(Object.keys(and(state, { type: "draft", room: name, text: "" }).drafts)).toEqual([]);
    const moved = and(state, { type: "renamed", was: name, room: "tea" });
    expect(Object.entries(moved.drafts)).toEqual([["tea", "half"]]);
    expect(Object.entries(and(moved, { type: "renamed", was: "tea", room: name }).drafts)).toEqual([[name, "half"]]);
  });

  test("comes back from what the browser keeps", () => {
    vi.stubGlobal("localStorage", new Kept());
    const me: wire.Self = { id: "a", name: "ann", kind: "guest", role: "guest" };
    keep.setSession({ token: "", epoch: "e", me, turn: "1" });
    const empty = keep.all();
    expect(name in empty.rooms || name in empty.drafts || name in empty.settings.ignored).toBe(false);
    const state = and(into(name), { type: "draft", room: name, text: "half" });
    keep.room(state.rooms[name]!);
    keep.drafts(initial().drafts, state.drafts);
    keep.settings(and(state, { type: "settings", settings: ignoring(state, "/ignore bob")?.settings ?? {} }).settings);
    const back = after({ type: "kept", kept: keep.all() });
    expect(seqs(back, name)).toEqual([1]);
    expect(back.drafts[name]).toBe("half");
    expect(Object.entries(back.settings.ignored)).toEqual([["b", "bob"]]);
    expect(name in back.settings.ignored).toBe(false);
  });

  test("is no emoji", () => {
    expect(withEmoji(`:${name}:`)).toBe(`:${name}:`);
  });
});

class Kept implements Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  getItem(key: string): string | null {
    return Object.getOwnPropertyDescriptor(this, key)?.value ?? null;
  }

  setItem(key: string, value: string): void {
    Object.defineProperty(this, key, { value, enumerable: true, configurable: true, writable: true });
  }

  removeItem(key: string): void {
    Reflect.deleteProperty(this, key);
  }
}
