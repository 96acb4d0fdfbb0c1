import { expect, test } from "vitest";
import { byName } from "./by-name";
import { badge, documentTitle, mutedRooms, namesOf, rowsOf, titleOf } from "./views";
import type { Row } from "./views";
import { after, ANN, BOB, event, inLobby, said, and, told, welcome } from "./testing";
import type { State } from "./state";

const rows = (state: State): Row[] => rowsOf(state.rooms["lobby"]!, state.pending, "a", state.settings.ignored);
const kinds = (state: State): string[] => rows(state).map((row) => row.kind);

test("messages of one person stand under one name, those of another do not", () => {
  const state = and(inLobby(2), event(said(3, "x", ANN)), event(said(4)));
  const firsts = rows(state).flatMap((row) => (row.kind === "message" ? [row.first] : []));
  expect(firsts).toEqual([true, false, true, true]);
});

test("a long pause, a new name and an action begin a new group", () => {
  const late = { ...said(2), at: "2026-06-01T13:00:00.000Z" };
  const renamed = { ...said(3, "x", { id: "b", name: "rob" }), at: "2026-06-01T13:00:01.000Z" };
  const action = { ...renamed, seq: 4, me: true };
  const state = and(inLobby(1), event(late), event(renamed), event(action));
  expect(rows(state).flatMap((row) => (row.kind === "message" ? [row.first] : []))).toEqual([true, true, true, true]);
});

test("each day has its line, once", () => {
  const state = and(inLobby(2), event({ ...said(3), at: "2026-06-04T12:00:00.000Z" }), event({ ...said(4), at: "2026-06-04T12:01:00.000Z" }));
  expect(kinds(state)).toEqual(["day", "message", "message", "day", "message", "message"]);
});

test("the line of new messages stands before the first of them", () => {
  const state = and(inLobby(1), { type: "looking", looking: false }, event(said(2)), event(said(3)));
  expect(kinds(state)).toEqual(["day", "message", "new", "message", "message"]);
});

test("notes stand where they came, pending messages at the end", () => {
  const state = and(
    inLobby(1),
    { type: "note", room: "lobby", text: "2 in lobby", kind: "info" },
    event(said(2)),
    { type: "wrote", pending: { nonce: "n", room: "lobby", text: "x", at: 0, state: "waiting" } },
  );
  expect(kinds(state)).toEqual(["day", "message", "note", "message", "pending"]);
});

test("a hidden person's messages are not shown", () => {
  const state = and(inLobby(3), { type: "settings", settings: { ignored: byName([["b", "bob"]]) } });
  expect(kinds(state)).toEqual([]);
});

test("the title counts what speaks to one, and marks what is merely new", () => {
  const state = and(inLobby(0), { type: "welcome", welcome: welcome(told("lobby", 0), told("dev", 0)), sameLog: true });
  expect(documentTitle(state)).toBe("#lobby · hubbub");
  const unread = and(state, event(said(1, "hi", BOB, "dev")));
  expect(documentTitle(unread)).toBe("• #lobby · hubbub");
  expect(documentTitle(and(unread, event(said(2, "@ann", BOB, "dev"))))).toBe("(1) #lobby · hubbub");
});

test("a direct conversation is called by the others in it, and each message in it counts", () => {
  const state = and(inLobby(0), event({ ...said(1, "psst", BOB, "@x"), to: [ANN] }));
  expect(titleOf(state.rooms["@x"]!)).toBe("bob");
  expect(badge(state.rooms["@x"]!)).toBe(1);
});

test("names to complete begin with who spoke last, by their newest name", () => {
  const state = and(
    inLobby(1),
    event(said(2, "x", { id: "c", name: "cara" })),
    event({ type: "presence", room: "lobby", user: { id: "b", name: "rob" }, state: "renamed", was: "bob" }),
  );
  expect(namesOf(state, state.rooms["lobby"])).toEqual(["cara", "rob"]);
});

test("the rooms that are muted are those of which nothing is pushed, in the order of the list", () => {
  const rooms = [told("b", 0, { notify: "none" }), told("lobby", 0, { notify: "all" }), told("a", 0, { notify: "none" })];
  const state = after({ type: "welcome", welcome: welcome(...rooms), sameLog: false });
  expect(mutedRooms(state).map((room) => room.name)).toEqual(["a", "b"]);
  const unmuted = and(state, { type: "notify", room: "a", level: "mentions" });
  expect(mutedRooms(unmuted).map((room) => room.name)).toEqual(["b"]);
});

test("the key for notices is the server's newest word, and none turns them off", () => {
  const state = after({ type: "welcome", welcome: { ...welcome(), push_key: "k" }, sameLog: false });
  expect(state.push.key).toBe("k");
  const on = and(state, { type: "push", push: { on: true } });
  expect(on.push).toMatchObject({ key: "k", on: true });
  expect(and(on, { type: "welcome", welcome: welcome(), sameLog: true }).push.key).toBeNull();
});

test("a day's line keeps its key when older messages of that day come before it", () => {
  const day = (state: State): string[] => rows(state).flatMap((row) => (row.kind === "day" ? [row.key] : []));
  const late = after(
    { type: "welcome", welcome: welcome(told("lobby", 3)), sameLog: false },
    event({ type: "replay", room: "lobby", events: [said(3)], more: true }),
  );
  const events = [said(1), said(2)];
  const whole = and(late, { type: "page", room: "lobby", page: { type: "ok", events, more: false, first: 1, last: 3 }, where: "older" });
  expect(rows(whole)).toHaveLength(4);
  expect(day(whole)).toEqual(day(late));
});
