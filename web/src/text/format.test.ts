import { describe, expect, test } from "vitest";
import { format, isEmojiOnly, safeLink, type Block, type Inline } from "./format";
import { mentions } from "./mention";

const NAMES = new Set(["ann", "bob"]);
const show = (text: string): Block[] => format(text, NAMES);
const inline = (text: string): Inline[] => (show(text)[0] as { children: Inline[] }).children;

/** The text of a tree, which is what was typed less the marks. */
function flat(nodes: readonly Inline[]): string {
  return nodes
    .map((node) => (node.kind === "break" ? "\n" : "children" in node ? flat(node.children) : node.text))
    .join("");
}

describe("formatting", () => {
  test("strong, emphasis, struck out and code", () => {
    expect(inline("**a** *b* ~~c~~ `d*e*`").map((node) => node.kind)).toEqual(["strong", "text", "em", "text", "del", "text", "code"]);
  });

  test("names with underscores and lone stars stay as typed", () => {
    for (const text of ["snake_case_name", "2 * 3 * 4", "*args", "# no heading", "1. no list", "---"]) {
      expect(inline(text)).toEqual([{ kind: "text", text }]);
    }
  });

  test("a fence is code, and nothing in it is formatted", () => {
    expect(show("see:\n```py\nx = **kw\n```\nok")).toEqual([
      { kind: "paragraph", children: [{ kind: "text", text: "see:" }] },
      { kind: "code", text: "x = **kw", language: "py" },
      { kind: "paragraph", children: [{ kind: "text", text: "ok" }] },
    ]);
  });

  test("a fence that is not closed goes to the end", () => {
    expect(show("```\na\nb")).toEqual([{ kind: "code", text: "a\nb", language: "" }]);
  });

  test("lines keep their indents, and blank lines between them", () => {
    const text = "def f():\n    return 1\n\n  - two\n";
    expect(flat(inline(text))).toBe(text);
  });

  test("quotes and lines", () => {
    expect(show("> a\n> b\nc\nd").map((block) => block.kind)).toEqual(["quote", "paragraph"]);
    expect(flat(inline("a\nb"))).toBe("a\nb");
  });

  test("those who are here are mentioned, others are not", () => {
    expect(inline("@Ann, @cara")).toEqual([
      { kind: "mention", name: "Ann", text: "@Ann" },
      { kind: "text", text: ", @cara" },
    ]);
  });

  test("HTML is text", () => {
    const text = '<img src=x onerror="alert(1)"> &lt;b&gt; <b>x</b>';
    expect(flat(inline(text))).toBe(text);
  });

  test("a picture is the text that was typed: nothing is loaded from elsewhere", () => {
    expect(flat(inline("![a](https://x.org/p.png)"))).toContain("![a]");
  });

  test.each(["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "java\tscript:alert(1)", "//x.org", "file:///etc/passwd", "blob:x"])(
    "%s is no link",
    (href) => {
      expect(safeLink(href)).toBeNull();
      expect(JSON.stringify(show(`[a](${href})`))).not.toContain('"link"');
    },
  );

  test("https, http and mail are", () => {
    expect(inline("https://x.org/a_b_c?q=1")[0]).toMatchObject({ kind: "link", href: "https://x.org/a_b_c?q=1" });
    expect(inline("[x](http://x.org)")[0]).toMatchObject({ kind: "link", href: "http://x.org/" });
    expect(safeLink("mailto:a@b.org")).toBe("mailto:a@b.org");
  });

  test.each([
    ["stars", "*".repeat(5900)],
    ["brackets", "[".repeat(5900)],
    ["nested emphasis", "*a **b ".repeat(800)],
    ["ticks", "`".repeat(5900)],
    ["links", "[a](".repeat(1400)],
    ["quotes", "> ".repeat(2900)],
    ["tildes", "~~a".repeat(1900)],
    ["underscores", "_a__b".repeat(1100)],
    ["at signs", "@a.".repeat(1900)],
    ["addresses", "a.b@c".repeat(1100)],
    ["urls", "https://".repeat(700)],
    ["a long text", "word https://x.org/a ".repeat(800)],
  ])("%s take no time", (_, text) => {
    const start = performance.now();
    show(text);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

test("a few emoji alone are large, numbers and words are not", () => {
  for (const text of ["🎉", "👍🏽 👋", "👩‍💻", "❤️"]) expect(isEmojiOnly(text)).toBe(true);
  for (const text of ["1", "ok 🎉", "", "🎉".repeat(6)]) expect(isEmojiOnly(text)).toBe(false);
});

test("a mention is a whole name, in any script and case", () => {
  expect(mentions("hey @Ann!", "ann")).toBe(true);
  expect(mentions("(@ＡＮＮ)", "ann")).toBe(true);
  expect(mentions("@ann.", "ann")).toBe(true);
  expect(mentions("Ann: lunch?", "ann")).toBe(true);
  expect(mentions("@anna @an ann", "ann")).toBe(false);
  expect(mentions("@мила", "Мила")).toBe(true);
});
