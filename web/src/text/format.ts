// A message's text as a tree: code, quotes, and inline what marked's lexer finds. Nothing here, nor
// in what shows the tree, makes HTML of a text.

import { Lexer, type Token, type Tokens } from "marked";
import { FENCE, mentionsIn } from "./mention";

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "break" }
  | { kind: "code"; text: string }
  | { kind: "strong" | "em" | "del"; children: Inline[] }
  | { kind: "link"; href: string; children: Inline[] }
  | { kind: "mention"; name: string; text: string };

export type Block =
  | { kind: "paragraph"; children: Inline[] }
  | { kind: "quote"; children: Inline[] }
  | { kind: "code"; text: string; language: string };

/** Longer texts are shown as they are: nobody formats a log by hand, and lexing has its price. */
const FORMATTED_CHARS = 6000;
const NESTED_MOST = 8;
const URL_IN_TEXT = /https?:\/\/[^\s<>"'`]{1,2000}/g;

/** The blocks of a text; `people` are those that count as people here, folded. */
export function format(text: string, people: ReadonlySet<string>): Block[] {
  // Only the whole text says who is named: a piece of it does not know what stands before it.
  const names = new Set(mentionsIn(text).map((each) => each.key).filter((key) => people.has(key)));
  if (text.length > FORMATTED_CHARS) return [{ kind: "paragraph", children: plain(text, names) }];
  return blocks(text).map((block) => {
    if (block.kind === "code") return block;
    return { kind: block.kind, children: inline(block.text, names) };
  });
}

type Raw = { kind: "paragraph" | "quote"; text: string } | { kind: "code"; text: string; language: string };

function blocks(text: string): Raw[] {
  const found: Raw[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const fence = FENCE.exec(line);
    if (fence !== null) {
      const end = lines.findIndex((each, index) => index > at && each.trim() === fence[1]);
      const last = end === -1 ? lines.length : end;
      found.push({ kind: "code", text: lines.slice(at + 1, last).join("\n"), language: fence[2] ?? "" });
      at = last;
      continue;
    }
    const quoted = line.startsWith("> ");
    const kind = quoted ? "quote" : "paragraph";
    const said = quoted ? line.slice(2) : line;
    const former = found.at(-1);
    if (former?.kind === kind && at > 0 && !FENCE.test(lines[at - 1] ?? "")) former.text += `\n${said}`;
    else found.push({ kind, text: said });
  }
  // Blank lines around a block of code are the fence's air, not the text's.
  return found.filter((block) => block.kind === "code" || found.length === 1 || block.text.trim() !== "");
}

function inline(text: string, names: ReadonlySet<string>): Inline[] {
  try {
    return walk(Lexer.lexInline(text, { gfm: true, breaks: true }), names, 0);
  } catch {
    return plain(text, names);
  }
}

function walk(tokens: readonly Token[], names: ReadonlySet<string>, depth: number): Inline[] {
  return tokens.flatMap((token) => node(token, names, depth));
}

function node(token: Token, names: ReadonlySet<string>, depth: number): Inline[] {
  if (depth > NESTED_MOST) return [{ kind: "text", text: token.raw }];
  switch (token.type) {
    case "br": {
      // The lexer takes the next line's indent with it; people mean theirs.
      const indent = token.raw.slice(token.raw.lastIndexOf("\n") + 1);
      return indent === "" ? [{ kind: "break" }] : [{ kind: "break" }, { kind: "text", text: indent }];
    }
    case "codespan":
      return [{ kind: "code", text: (token as Tokens.Codespan).text }];
    case "strong":
    case "em":
    case "del":
      return [{ kind: token.type, children: walk((token as Tokens.Strong).tokens, names, depth + 1) }];
    case "link": {
      const link = token as Tokens.Link;
      const href = safeLink(link.href);
      if (href === null) return [{ kind: "text", text: link.raw }];
      return [{ kind: "link", href, children: walk(link.tokens, new Set(), depth + 1) }];
    }
    case "text":
      return withBreaks((token as Tokens.Text).raw, names);
    case "escape":
      return [{ kind: "text", text: (token as Tokens.Escape).text }];
    default:
      // HTML, images and what a later release of the lexer finds: as they were typed.
      return withBreaks(token.raw, names);
  }
}

/** The address of a link that may be followed: http, https and mail, nothing else. */
export function safeLink(href: string): string | null {
  if (/[\u0000-\u0020\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(href)) return null;
  try {
    const url = new URL(href);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function withBreaks(text: string, names: ReadonlySet<string>): Inline[] {
  return text.split("\n").flatMap((line, index) => {
    const nodes = withMentions(line, names);
    return index === 0 ? nodes : [{ kind: "break" as const }, ...nodes];
  });
}

function withMentions(text: string, names: ReadonlySet<string>): Inline[] {
  const found: Inline[] = [];
  let end = 0;
  if (names.size === 0) return text === "" ? [] : [{ kind: "text", text }];
  const people = mentionsIn(text).filter((each) => names.has(each.key) && /[@＠]/.test(text.charAt(each.start)));
  for (const [index, each] of people.entries()) {
    // Of several ends of one name the last is the longest name of somebody who is here.
    if (people[index + 1]?.start === each.start) continue;
    if (each.start > end) found.push({ kind: "text", text: text.slice(end, each.start) });
    found.push({ kind: "mention", name: text.slice(each.start + 1, each.end), text: text.slice(each.start, each.end) });
    end = each.end;
  }
  if (end < text.length) found.push({ kind: "text", text: text.slice(end) });
  return found;
}

function plain(text: string, names: ReadonlySet<string>): Inline[] {
  const found: Inline[] = [];
  let end = 0;
  for (const match of text.matchAll(URL_IN_TEXT)) {
    const href = safeLink(match[0]);
    if (href === null) continue;
    found.push(...withBreaks(text.slice(end, match.index), names));
    found.push({ kind: "link", href, children: [{ kind: "text", text: match[0] }] });
    end = match.index + match[0].length;
  }
  found.push(...withBreaks(text.slice(end), names));
  return found;
}

const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}(?:\p{EMod}|\uFE0F|\u200D\p{Extended_Pictographic})*\s*){1,5}$/u;

/** Whether a text is nothing but a few emoji, which are then shown large. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= 40 && EMOJI_ONLY.test(text);
}
