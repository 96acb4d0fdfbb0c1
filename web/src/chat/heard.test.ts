import { expect, test } from "vitest";
import { byName } from "../store/by-name";
import { and, ANN, BOB, inLobby, said } from "../store/testing";
import { noticeOf } from "./heard";

const state = inLobby(1);

test("what names this person is told, and of the rest what the room is set to", () => {
  expect(noticeOf(state, said(2, "tea?"))).toBeNull();
  expect(noticeOf(state, said(2, "@ann tea?"))).toEqual({ room: "lobby", from: "bob", text: "@ann tea?", direct: false });
  expect(noticeOf(and(state, { type: "notify", room: "lobby", level: "all" }), said(2, "tea?"))?.text).toBe("tea?");
  expect(noticeOf(and(state, { type: "notify", room: "lobby", level: "none" }), said(2, "@ann tea?"))).toBeNull();
});

test("nothing is told of one's own messages, of hidden people's, nor of other rooms", () => {
  expect(noticeOf(state, said(2, "@ann", ANN))).toBeNull();
  expect(noticeOf(and(state, { type: "settings", settings: { ignored: byName([["b", "bob"]]) } }), said(2, "@ann"))).toBeNull();
  expect(noticeOf(state, said(2, "@ann", BOB, "dev"))).toBeNull();
});

test("a long text is cut between characters", () => {
  expect([...(noticeOf(state, said(2, `@ann ${"🎉".repeat(300)}`))?.text ?? "")]).toHaveLength(240);
});
