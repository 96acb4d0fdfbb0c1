import { describe, expect, test } from "vitest";
import { byName } from "./by-name";
import { atEnd, atStart, NEW, NO_SETTINGS, WINDOW_KEPT, WINDOW_MOST, type Pending } from "./state";
import { ANN, BOB, after, event, inLobby, said, seqs, and, told, welcome } from "./testing";
import { presentIds } from "./views";

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const page = (from: number, to: number, last: number) => ({
  type: "ok" as const,
  events: range(from, to).map((seq) => said(seq)),
  more: true,
  first: 1,
  last,
});

describe("a room's log", () => {
  test("an event is shown once, whatever is sent again", () => {
    const state = and(inLobby(3), event(said(4)), event(said(4)), event(said(2)));
    expect(seqs(state)).toEqual([1, 2, 3, 4]);
  });

  test("a resume goes on where the line broke", () => {
    const resumed = and(
      inLobby(3),
      { type: "welcome", welcome: welcome(told("lobby", 5, { read: 3, unread: 2 })), sameLog: true },
      event({ type: "replay", room: "lobby", events: [said(4), said(5)], more: false }),
      event(said(6)),
    );
    expect(seqs(resumed)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("a first page that does not reach what was kept takes its place", () => {
    const kept = inLobby(3);
    const state = and(
      kept,
      { type: "welcome", welcome: welcome(told("lobby", 90)), sameLog: true },
      event({ type: "replay", room: "lobby", events: range(81, 90).map((seq) => said(seq)), more: true }),
    );
    expect(seqs(state)).toEqual(range(81, 90));
    expect(atEnd(state.rooms["lobby"]!)).toBe(true);
  });

  test("a direct room ends where the server says, though what was missed is read later", () => {
    const before = after({ type: "welcome", welcome: welcome(told("@x", 1)), sameLog: false }, event(said(1, "a", BOB, "@x")));
    const again = and(before, { type: "welcome", welcome: welcome(told("@x", 300)), sameLog: true });
    expect([again.rooms["@x"]!.last, atEnd(again.rooms["@x"]!)]).toEqual([300, false]);
  });

  test("a gap empties the window and goes on from the log's end", () => {
    const state = and(inLobby(3), event({ type: "gap", room: "lobby", have: 3, next: 4, last: 5000 }));
    expect(seqs(state)).toEqual([]);
    const jumped = and(state, { type: "page", room: "lobby", page: page(4901, 5000, 5000), where: "jump" }, event(said(5001)));
    expect(seqs(jumped)).toEqual(range(4901, 5001));
  });

  test("another log begins afresh", () => {
    const state = and(inLobby(30), { type: "welcome", welcome: welcome(told("lobby", 2)), sameLog: false }, event({ type: "gap", room: "lobby", have: 30, next: 1, last: 2 }));
    expect(seqs(state)).toEqual([]);
    expect(state.rooms["lobby"]!.last).toBe(2);
  });

  test("a log that is shorter than what was kept is another one, whatever its epoch", () => {
    const state = and(inLobby(30), { type: "welcome", welcome: welcome(told("lobby", 2)), sameLog: true });
    expect(seqs(state)).toEqual([]);
  });

  test("an event past a hole moves the end and leaves the window whole", () => {
    const state = and(inLobby(3), event(said(9)));
    expect(seqs(state)).toEqual([1, 2, 3]);
    expect(state.rooms["lobby"]!.last).toBe(9);
    expect(atEnd(state.rooms["lobby"]!)).toBe(false);
  });
});

describe("the window", () => {
  test("older pages are put before it and its other end is let go", () => {
    let state = and(inLobby(0), event({ type: "gap", room: "lobby", have: 0, next: 1, last: 5000 }), {
      type: "page",
      room: "lobby",
      page: page(4901, 5000, 5000),
      where: "jump",
    });
    for (let at = 4900; at > 4000; at -= 100) {
      state = and(state, { type: "page", room: "lobby", page: page(at - 99, at, 5000), where: "older" });
    }
    const shown = seqs(state);
    expect(shown).toEqual(range(shown[0]!, shown.at(-1)!));
    expect(shown[0]).toBe(4001);
    expect(shown.length).toBeLessThanOrEqual(WINDOW_MOST);
    expect(atEnd(state.rooms["lobby"]!)).toBe(false);
  });

  test("newer pages are put behind it, up to the end", () => {
    let state = and(inLobby(0), event({ type: "gap", room: "lobby", have: 0, next: 1, last: 900 }), {
      type: "page",
      room: "lobby",
      page: page(1, 100, 900),
      where: "jump",
    });
    expect(atStart(state.rooms["lobby"]!)).toBe(true);
    for (let at = 101; at < 900; at += 100) {
      state = and(state, { type: "page", room: "lobby", page: page(at, at + 99, 900), where: "newer" });
    }
    expect(seqs(state).at(-1)).toBe(900);
    expect(atEnd(state.rooms["lobby"]!)).toBe(true);
    expect(seqs(state).length).toBeLessThanOrEqual(WINDOW_MOST);
  });

  test("a page that does not fit is left out", () => {
    const state = inLobby(50);
    expect(seqs(and(state, { type: "page", room: "lobby", page: page(60, 70, 70), where: "newer" }))).toEqual(range(1, 50));
  });

  test("someone who reads further up keeps the place while messages come", () => {
    let state = and(inLobby(WINDOW_MOST), { type: "following", room: "lobby", following: false });
    for (let seq = WINDOW_MOST + 1; seq < WINDOW_MOST + 50; seq += 1) state = and(state, event(said(seq)));
    expect(seqs(state)[0]).toBe(1);
    expect(seqs(state).length).toBe(WINDOW_MOST);
    expect(state.rooms["lobby"]!.last).toBe(WINDOW_MOST + 49);
  });

  test("at the end it stays bounded", () => {
    let state = inLobby(WINDOW_MOST);
    for (let seq = WINDOW_MOST + 1; seq < 2000; seq += 1) state = and(state, event(said(seq)));
    expect(seqs(state).length).toBeLessThanOrEqual(WINDOW_MOST);
    expect(seqs(state).length).toBeGreaterThanOrEqual(WINDOW_KEPT);
    expect(seqs(state).at(-1)).toBe(1999);
  });
});

describe("unread", () => {
  const dev = (text: string, seq = 1) => event(said(seq, text, BOB, "dev"));
  const two = after({ type: "welcome", welcome: welcome(told("lobby", 0), told("dev", 0)), sameLog: false });

  test("messages in another room count, mentions of one's name twice over", () => {
    const room = and(two, dev("hi"), dev("@Ann look", 2), dev("ann: you", 3), dev("@anna", 4)).rooms["dev"]!;
    expect([room.unread, room.mentions, room.newAfter]).toEqual([4, 2, 0]);
  });

  test("own messages, and those that somebody looks at, do not", () => {
    const state = and(two, event(said(1, "here")), event(said(1, "mine", ANN, "dev")));
    expect(state.rooms["lobby"]!.unread + state.rooms["dev"]!.unread).toBe(0);
  });

  test("a page that nobody looks at collects them", () => {
    const state = and(two, { type: "looking", looking: false }, event(said(1)), event(said(2)));
    expect([state.rooms["lobby"]!.unread, state.rooms["lobby"]!.newAfter]).toEqual([2, 0]);
  });

  test("reading takes them away, here and on another device", () => {
    const unread = and(two, dev("@ann one"), dev("two", 2));
    for (const state of [
      and(unread, { type: "read", room: "dev", seq: 2 }),
      and(unread, event({ type: "read", room: "dev", seq: 2 })),
    ]) {
      expect([state.rooms["dev"]!.unread, state.rooms["dev"]!.mentions]).toEqual([0, 0]);
    }
  });

  test("the line of new messages stands while somebody is in the room and is gone afterwards", () => {
    const opened = and(two, dev("one"), { type: "open", room: "dev" }, { type: "read", room: "dev", seq: 1 });
    expect(opened.rooms["dev"]!.newAfter).toBe(0);
    expect(and(opened, { type: "open", room: "lobby" }).rooms["dev"]!.newAfter).toBeNull();
  });

  test("whoever has jumped to that line is not sent there again, until it stands elsewhere", () => {
    const opened = and(two, dev("one"), { type: "open", room: "dev" });
    const seen = and(opened, { type: "target", target: NEW });
    const again = and(seen, { type: "open", room: "lobby" }, dev("two", 2), { type: "open", room: "dev" });
    expect([opened, seen, again].map((state) => state.rooms["dev"]!.newSeen)).toEqual([false, true, false]);
  });

  test("a hidden person's messages count nowhere", () => {
    const state = and(two, { type: "settings", settings: { ignored: byName([["b", "bob"]]) } }, dev("@ann"));
    expect(state.rooms["dev"]!.unread).toBe(0);
  });

  test("mentions are forgotten with what was read on another device", () => {
    const unread = and(two, dev("@ann one"), dev("two", 2));
    const again = (count: number) => and(unread, { type: "welcome", welcome: welcome(told("dev", 2, { unread: count })), sameLog: true });
    expect([again(0).rooms["dev"]!.mentions, again(2).rooms["dev"]!.mentions]).toEqual([0, 1]);
  });

  test("after a gap the mentions in the page at its end count", () => {
    const end = { type: "ok" as const, events: [said(899, "ann: old", BOB, "dev"), said(900, "@ann", BOB, "dev")], more: true, first: 1, last: 900 };
    const state = after(
      { type: "welcome", welcome: welcome(told("lobby", 0), told("dev", 900, { read: 899, unread: 1 })), sameLog: false },
      event({ type: "gap", room: "dev", have: 9, next: 800, last: 900 }),
      { type: "page", room: "dev", page: end, where: "jump" },
    );
    expect(state.rooms["dev"]!.mentions).toBe(1);
  });

  test("what a replay brings was counted by the server", () => {
    const state = after(
      { type: "welcome", welcome: welcome(told("lobby", 0), told("dev", 2, { read: 0, unread: 2 })), sameLog: false },
      event({ type: "replay", room: "dev", events: [said(1, "a", BOB, "dev"), said(2, "@ann", BOB, "dev")], more: false }),
    );
    expect([state.rooms["dev"]!.unread, state.rooms["dev"]!.mentions]).toEqual([2, 1]);
  });
});

describe("what is written", () => {
  const pending: Pending = { nonce: "n1", room: "lobby", text: "mine", at: 0, state: "waiting" };
  const wrote = and(inLobby(1), { type: "wrote", pending });

  test("the event takes its place, before or after the reply", () => {
    const posted = { type: "posted" as const, nonce: "n1", room: "lobby", seq: 2 };
    const own = event(said(2, "mine", ANN));
    expect(and(wrote, posted).pending[0]?.state).toBe("sent");
    expect(and(wrote, posted, own).pending).toEqual([]);
    expect(and(wrote, own).pending).toEqual([]);
    expect(and(wrote, own, posted).pending).toEqual([]);
  });

  test("two equal texts stand for two messages", () => {
    const twice = and(wrote, { type: "wrote", pending: { ...pending, nonce: "n2" } }, event(said(2, "mine", ANN)));
    expect(twice.pending.map((each) => each.nonce)).toEqual(["n2"]);
  });

  test("another person's equal text does not stand for it", () => {
    expect(and(wrote, event(said(2, "mine", BOB))).pending.length).toBe(1);
  });

  test("a refusal is shown until somebody retries or discards it", () => {
    const failed = and(wrote, { type: "failed", pending, error: "too long" });
    expect(failed.pending[0]).toMatchObject({ state: "failed", error: "too long" });
    expect(and(failed, { type: "retried", nonce: "n1" }).pending[0]).toEqual(pending);
    expect(and(failed, { type: "dropped", nonce: "n1" }).pending).toEqual([]);
  });

  test("a first whisper opens the room that it has made", () => {
    const to: Pending = { nonce: "n3", room: "to:bob", to: ["bob"], text: "psst", at: 0, state: "waiting" };
    const state = and(inLobby(1), { type: "open", room: "to:bob" }, { type: "wrote", pending: to }, { type: "posted", nonce: "n3", room: "@x", seq: 1 });
    expect(state.current).toBe("@x");
    const heard = and(state, event({ ...said(1, "psst", ANN, "@x"), to: [BOB] }));
    expect(heard.pending).toEqual([]);
    expect(heard.rooms["@x"]).toMatchObject({ kind: "direct", others: [BOB] });
  });

  test("the room is opened also where its event comes before the reply", () => {
    const to: Pending = { nonce: "n3", room: "to:bob", to: ["bob"], text: "psst", at: 0, state: "waiting" };
    const state = and(inLobby(1), { type: "open", room: "to:bob" }, { type: "wrote", pending: to });
    expect(and(state, event({ ...said(1, "psst", ANN, "@x"), to: [BOB] })).current).toBe("@x");
  });

  test("drafts stay with their room, also when the name is refused", () => {
    const state = and(inLobby(1), { type: "draft", room: "lobby", text: "half a" }, { type: "refused", error: "taken", code: "name_taken" });
    expect(state.drafts).toEqual({ lobby: "half a" });
    expect(state.joinError).toBe("taken");
  });
});

describe("people", () => {
  test("are here when they speak, and not because they once spoke", () => {
    const replay = event({ type: "replay", room: "lobby", events: [said(1)], more: false });
    const state = after({ type: "welcome", welcome: welcome(told("lobby", 1)), sameLog: false }, replay);
    expect(presentIds(state).has(BOB.id)).toBe(false);
    expect(presentIds(and(state, event(said(2)))).has(BOB.id)).toBe(true);
  });

  test("come, go, and take other names", () => {
    const came = and(inLobby(0), event({ type: "presence", room: "lobby", user: BOB, state: "joined" }));
    const renamed = and(came, event({ type: "presence", room: "lobby", user: { id: "b", name: "rob" }, state: "renamed", was: "bob" }));
    const left = and(renamed, event({ type: "presence", room: "lobby", user: BOB, state: "left" }));
    expect(came.rooms["lobby"]!.members["b"]?.name).toBe("bob");
    expect(renamed.rooms["lobby"]!.members["b"]?.name).toBe("rob");
    expect(left.rooms["lobby"]!.members).toEqual({});
  });

  test("a note to the room in view is shown before the server has told of that room", () => {
    const early = after(
      { type: "kept", kept: { me: welcome().user, epoch: "e", rooms: byName(), drafts: byName(), settings: NO_SETTINGS, pending: [], current: "quiet" } },
      { type: "note", room: "quiet", text: "Not yet.", kind: "error" },
      { type: "note", room: "elsewhere", text: "Nobody sees this.", kind: "error" },
    );
    const state = and(early, { type: "welcome", welcome: welcome(told("quiet", 0)), sameLog: true });
    expect(state.rooms["quiet"]?.notes.map((note) => note.text)).toEqual(["Not yet."]);
    expect(Object.keys(state.rooms)).toEqual(["quiet"]);
  });

  test("one's own new name is noted, and one's own leaving closes the room", () => {
    const state = inLobby(0);
    const renamed = and(state, event({ type: "presence", room: "lobby", user: { id: "a", name: "anna" }, state: "renamed" }));
    expect(renamed.me?.name).toBe("anna");
    expect(and(state, event({ type: "presence", room: "lobby", user: ANN, state: "left" })).rooms).toEqual({});
  });

  test("typing ends by itself and by a message", () => {
    const typing = and(inLobby(0), event({ type: "typing", room: "lobby", user: BOB }));
    expect(Object.keys(typing.rooms["lobby"]!.typing)).toEqual(["b"]);
    expect(and(typing, { type: "tick", now: 60_000 }).rooms["lobby"]!.typing).toEqual({});
    expect(and(typing, event(said(1))).rooms["lobby"]!.typing).toEqual({});
  });

  test("an event of a later release changes nothing", () => {
    const state = inLobby(1);
    expect(and(state, event({ type: "reaction", room: "lobby" } as never))).toBe(state);
  });
});
