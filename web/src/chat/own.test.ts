import { expect, test } from "vitest";
import { byName } from "../store/by-name";
import { and, event, inLobby, said } from "../store/testing";
import { ignoring } from "./own";

const state = and(inLobby(1), event(said(2)));

test("/ignore hides somebody by id, so that a new name does not help", () => {
  expect(ignoring(state, "/ignore @Bob")?.settings).toEqual({ ignored: { b: "bob" } });
  expect(ignoring(state, "/ignore nobody")?.refused).toBe(true);
  expect(ignoring(state, "/ignore")?.text).toBe("You ignore nobody.");
});

test("/unignore shows somebody again", () => {
  const hidden = and(state, { type: "settings", settings: { ignored: byName([["b", "bob"]]) } });
  expect(ignoring(hidden, "/unignore BOB")?.settings).toEqual({ ignored: {} });
  expect(ignoring(state, "/unignore bob")?.refused).toBe(true);
});

test("/notices takes on and off, and every other line is the server's", () => {
  expect(ignoring(state, "/notices on")?.settings).toEqual({ notices: true });
  expect(ignoring(state, "/notices maybe")?.refused).toBe(true);
  expect(ignoring(state, "/who")).toBeNull();
});
