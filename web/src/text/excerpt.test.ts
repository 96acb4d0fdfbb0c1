import { expect, test } from "vitest";
import { excerpt } from "./excerpt";

const shown = (text: string, word: string): string =>
  excerpt(text, word)
    .map((part) => (part.found ? `[${part.text}]` : part.text))
    .join("");

test("every place of the word is marked, in whatever case", () => {
  expect(shown("Tea, tea and TEA", "tea")).toBe("[Tea], [tea] and [TEA]");
});

test("what has a meaning in a pattern is only a text", () => {
  expect(shown("what? (a.b)", "(a.b)")).toBe("what? [(a.b)]");
  expect(shown("1+1 = 2", "1+1")).toBe("[1+1] = 2");
});

test("of a long text there is the part around the first place", () => {
  const found = shown(`${"far away ".repeat(30)}here it is${" and more".repeat(60)}`, "here");
  expect(found).toMatch(/^….*\[here\] it is.*…$/);
  expect(found.length).toBeLessThan(220);
});

test("a text without the word, as other letters may be folded, is shown from its beginning", () => {
  expect(shown("straße", "STRASSE")).toBe("straße");
  expect(shown("", "x")).toBe("");
});
