import { expect, test } from "vitest";
import golden from "../../../tests/golden/completion.json";
import { choices, needsRoom, wanted } from "./arguments";

const SOURCES = { people: golden.people, rooms: golden.rooms, commands: golden.names };

test.each(golden.cases)("$before completes as in the terminal", ({ before, wanted: expected }) => {
  const found = wanted(before, golden.commands);
  const told = found === null ? null : { word: found.word, choices: choices(found, SOURCES), in_text: found.inText };
  expect(told).toEqual(expected);
});

test.each(Object.entries(golden.needs_room))("%s needs a room in view: %s", (line, needs) => {
  expect(needsRoom(line, golden.commands)).toBe(needs);
});
