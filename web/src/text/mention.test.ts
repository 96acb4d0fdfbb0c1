import { expect, test } from "vitest";
import golden from "../../../tests/golden/mentions.json";
import { format, type Inline } from "./format";
import { fold, mentions, mentionsIn } from "./mention";

test.each(golden)("$case: $text", ({ text, name, named }) => {
  expect(mentions(text, name)).toBe(named);
});

function marked(nodes: readonly Inline[]): string[] {
  return nodes.flatMap((node) => (node.kind === "mention" ? [fold(node.name)] : "children" in node ? marked(node.children) : []));
}

test.each(golden)("nobody is marked whom it does not name: $case", ({ text, name, named }) => {
  const nodes = format(text, new Set([fold(name)])).flatMap((block) => (block.kind === "code" ? [] : block.children));
  if (!named) expect(marked(nodes)).toEqual([]);
  // Where an address ends in what is shown is for the lexer to say.
  else if (/[@＠]/.test(text) && !text.includes("://")) expect(marked(nodes)).toEqual([fold(name)]);
});

test("a text of nothing but names is read up to a bound", () => {
  expect(mentionsIn(Array.from({ length: 5000 }, (_, number) => `@u${number}`).join(" "))).toHaveLength(100);
});

test.each(["@", "`", "\\`", "a.", "a://", "@aあ", "~~~\n", "-@", "(", "x@", "a`"])("%j over and over takes no time", (piece) => {
  const start = performance.now();
  mentionsIn(piece.repeat(16_384 / piece.length));
  expect(performance.now() - start).toBeLessThan(1000);
});
