import { describe, expect, test } from "vitest";
import type * as wire from "../protocol";
import { bare, titleOfName } from "../text/room-name";
import { byName } from "./by-name";
import { roomList, rowsOf, titleOf } from "./views";
import { after, and, ANN, event, inLobby, said, seqs, told, welcome } from "./testing";
import type { State } from "./state";

function deleted(seq: number, target: number, room = "lobby"): wire.Deleted {
  return { type: "deleted", room, seq, at: said(seq).at, from: ANN, target };
}

function settings(seq: number, more: Partial<wire.Settings> = {}): wire.Settings {
  return { type: "settings", room: "lobby", seq, at: said(seq).at, from: ANN, kind: "public", ...more };
}

function texts(state: State, room = "lobby"): string[] {
  const here = state.rooms[room]!;
  return rowsOf(here, [], "a", byName()).flatMap((row) =>
    row.kind === "message" ? [row.message.deleted === true ? "(gone)" : row.message.text] : row.kind === "changed" ? [row.text] : [],
  );
}

describe("a message that was deleted", () => {
  test("keeps its place and loses its text, and the deletion has no row of its own", () => {
    const state = and(inLobby(3), event(deleted(4, 2)));
    expect(texts(state)).toEqual(["m1", "(gone)", "m3"]);
    expect(seqs(state)).toEqual([1, 2, 3, 4]);
    expect(state.rooms["lobby"]?.unread).toBe(0);
  });

  test("is gone also where the deletion comes by a replay, or stands on another page", () => {
    const replayed = and(inLobby(3), event({ type: "replay", room: "lobby", events: [said(4), deleted(5, 1)], more: false }));
    expect(texts(replayed)).toEqual(["(gone)", "m2", "m3", "m4"]);
    const jumped = and(
      inLobby(9),
      { type: "page", room: "lobby", where: "jump", page: { type: "ok", events: [said(1), said(2)], more: true, first: 1, last: 9 } },
      { type: "page", room: "lobby", where: "newer", page: { type: "ok", events: [said(3), deleted(4, 2)], more: true, first: 1, last: 9 } },
    );
    expect(texts(jumped)).toEqual(["m1", "(gone)", "m3"]);
  });

  test("is nothing to read for whoever was away", () => {
    const state = and(
      inLobby(3),
      { type: "welcome", welcome: welcome(told("lobby", 5, { read: 3, unread: 2 })), sameLog: true },
      event({ type: "replay", room: "lobby", events: [said(4), deleted(5, 1)], more: false }),
    );
    expect(state.rooms["lobby"]?.unread).toBe(1);
  });

  test("calls nobody any more", () => {
    const elsewhere = and(inLobby(1), { type: "looking", looking: false }, event(said(2, "@ann tea?")));
    expect(elsewhere.rooms["lobby"]?.mentions).toBe(1);
    expect(and(elsewhere, event(deleted(3, 2))).rooms["lobby"]?.mentions).toBe(0);
  });
});

describe("a room that changes", () => {
  test("is what the last of its settings says", () => {
    const state = and(inLobby(1), event(settings(2, { kind: "private", read_only: true, archived: true })));
    expect(state.rooms["lobby"]).toMatchObject({ kind: "private", readOnly: true, archived: true });
    const open = and(state, event(settings(3)));
    expect(open.rooms["lobby"]).toMatchObject({ kind: "public", readOnly: false, archived: false });
    expect(texts(open)).toEqual(["m1", "ann archived the room", "ann opened the room again"]);
  });

  test("tells what was changed where that is known, else what it is", () => {
    const state = and(inLobby(1), event(settings(2, { read_only: true })), event(settings(3)), event(settings(4, { kind: "private" })));
    expect(texts(state)).toEqual(["m1", "ann set the room: public, read-only", "ann let everybody write here", "ann made the room private"]);
  });

  test("that is renamed keeps its messages, its draft, what waits for it and its place in view", () => {
    const before = and(
      inLobby(2),
      { type: "draft", room: "lobby", text: "half a" },
      { type: "wrote", pending: { nonce: "n", room: "lobby", text: "waits", at: 1, state: "waiting" } },
      { type: "renamed", was: "lobby", room: "hall" },
      event(settings(3, { room: "hall", was: "lobby" })),
    );
    // What the server adds for those who skip the event.
    const own = { ...ANN };
    const state = and(
      before,
      event({ type: "presence", room: "lobby", user: own, state: "left" }),
      event({ type: "presence", room: "hall", user: own, state: "joined" }),
    );
    expect(Object.keys(state.rooms)).toEqual(["hall"]);
    expect(state.rooms["hall"]).toMatchObject({ name: "hall", key: "lobby", last: 3 });
    expect(seqs(state, "hall")).toEqual([1, 2, 3]);
    expect(state.drafts).toEqual({ hall: "half a" });
    expect(state.pending[0]?.room).toBe("hall");
    expect(state.current).toBe("hall");
    expect(texts(state, "hall").at(-1)).toBe("ann renamed the room from #lobby to #hall");
  });

  test("that was renamed meanwhile is known again at the next welcome", () => {
    const state = and(
      inLobby(2),
      { type: "draft", room: "lobby", text: "half" },
      { type: "welcome", welcome: welcome(told("hall", 2, { was: "lobby" })), sameLog: true },
    );
    expect(seqs(state, "hall")).toEqual([1, 2]);
    expect([state.current, state.drafts["hall"]]).toEqual(["hall", "half"]);
  });

  test("does not take the place of another one of its new name", () => {
    const state = and(after({ type: "welcome", welcome: welcome(told("a", 0), told("b", 0)), sameLog: false }), { type: "renamed", was: "a", room: "b" });
    expect(Object.keys(state.rooms)).toEqual(["a", "b"]);
  });
});

describe("what one may do", () => {
  test("is the server's newest word, on the server and in each room", () => {
    const state = and(after({ type: "welcome", welcome: { ...welcome(told("lobby", 0, { role: "member", may: ["post"] })), may: ["sessions"] }, sameLog: false }));
    expect([state.may, state.rooms["lobby"]?.may]).toEqual([["sessions"], ["post"]]);
    const promoted = and(
      state,
      event({ type: "you", user: { ...ANN, kind: "member", role: "moderator" }, may: ["sessions", "ban"], commands: [] }),
      event({ type: "standing", room: "lobby", role: "moderator", may: ["post", "kick"] }),
    );
    expect([promoted.may, promoted.me?.role]).toEqual([["sessions", "ban"], "moderator"]);
    expect(promoted.rooms["lobby"]).toMatchObject({ role: "moderator", may: ["post", "kick"] });
  });

  test("on a server that tells of no rights is what everybody might", () => {
    expect(inLobby(1).rooms["lobby"]?.may).toEqual(["post", "topic"]);
  });

  test("members ignore whom the server knows of, guests whom this browser does", () => {
    const kept = after({ type: "settings", settings: { ignored: byName([["b", "bob"]]) } });
    const guest = and(kept, { type: "welcome", welcome: { ...welcome(), ignored: [] }, sameLog: false });
    expect(guest.settings.ignored).toEqual({ b: "bob" });
    const user = { ...ANN, kind: "member", role: "member" };
    const member = and(kept, { type: "welcome", welcome: { ...welcome(), user, ignored: [{ id: "c", name: "cara" }] }, sameLog: false });
    expect(member.settings.ignored).toEqual({ c: "cara" });
  });
});

describe("a private room", () => {
  test("is called by its title", () => {
    expect(titleOfName("+board-k3f9x2")).toBe("board");
    expect(titleOfName("+board-of-trade-k3f9x2")).toBe("board-of-trade");
    expect(titleOfName("dev")).toBe("#dev");
    expect(bare("+board")).toBe("+board");
  });

  test("stands among the others by its title, and what is archived behind them", () => {
    const rooms = [told("zoo", 0), told("+board-k3f9x2", 0, { kind: "private" }), told("attic", 0, { archived: true }), told("cellar", 0)];
    const state = after({ type: "welcome", welcome: welcome(...rooms), sameLog: false });
    expect(roomList(state).rooms.map(titleOf)).toEqual(["board", "#cellar", "#zoo", "#attic"]);
  });
});

test("whoever is shown out of the last room still reads why", () => {
  const left = and(inLobby(1), event({ type: "presence", room: "lobby", user: ANN, state: "left" }));
  const state = and(left, event({ type: "notice", text: "bob showed you out of lobby." }));
  expect([state.current, state.said]).toEqual([null, "bob showed you out of lobby."]);
});
