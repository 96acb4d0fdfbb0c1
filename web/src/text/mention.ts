// Whom a text names: the grammar of src/hubbub/protocol/mentions.py, in the same order, so that what
// is counted here is what the server tells of. tests/golden/mentions.json holds both to it.

/** How names are compared here; the server's rule is RFC 8265 (docs/protocol.md, Names). */
export function fold(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

/** A place in a text that names somebody, in UTF-16 units; where a name may end at several, shortest first. */
export interface Mention {
  start: number;
  end: number;
  key: string;
}

const NAMES_MOST = 100;
const NAME_CHARS = 32;
const TYPED_CHARS = NAME_CHARS * 4;
const SIGNS = "@＠";
export const FENCE = /^ {0,3}(```+|~~~+)\s*([\w+#.-]{0,20})\s*$/;
// A scheme with its slashes, or a host and a path as people type it: medium.com/@bob.
const ADDRESS =
  /(?<![A-Za-z0-9@.+-])(?:[A-Za-z][A-Za-z0-9+.-]{0,30}:\/\/|(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}(?::[0-9]{1,5})?\/)/g;
const ENDS_ADDRESS = /[\s<>"`\u200b。，、；：！？）】」』》〉“”‘’…—]/u;
const OPENS: Record<string, string> = { "(": ")", "[": "]" };
const WORD = /^[\p{Lu}\p{Ll}\p{Lt}\p{Lm}\p{Lo}\p{Nd}]/u;
const DIGIT = /^\p{Nd}/u;
const MARK = /^\p{M}/u;
const IN_NAME = /^(?![\ufe00-\ufe0f])[\p{Lu}\p{Ll}\p{Lt}\p{Lm}\p{Lo}\p{Nd}\p{Mn}\p{Mc}_.-]/u;
const INHERITS = "\u30fc\uff70";
// Scripts in which words stand without blanks between them, by their blocks.
const UNSPACED: readonly (readonly [number, number, string])[] = [
  [0x0e00, 0x0e7f, "Thai"],
  [0x0e80, 0x0eff, "Lao"],
  [0x0f00, 0x0fff, "Tibetan"],
  [0x1000, 0x109f, "Myanmar"],
  [0x1100, 0x11ff, "Hangul"],
  [0x1780, 0x17ff, "Khmer"],
  [0x2e80, 0x2fdf, "Han"],
  [0x3005, 0x3007, "Han"],
  [0x3041, 0x309f, "Hiragana"],
  [0x30a0, 0x30ff, "Katakana"],
  [0x3100, 0x312f, "Bopomofo"],
  [0x3130, 0x318f, "Hangul"],
  [0x31a0, 0x31bf, "Bopomofo"],
  [0x31f0, 0x31ff, "Katakana"],
  [0x3400, 0x4dbf, "Han"],
  [0x4e00, 0x9fff, "Han"],
  [0xa960, 0xa97f, "Hangul"],
  [0xac00, 0xd7ff, "Hangul"],
  [0xf900, 0xfaff, "Han"],
  [0xff66, 0xff9f, "Katakana"],
  [0xffa0, 0xffdc, "Hangul"],
  [0x20000, 0x3ffff, "Han"],
];

/** Whether a text speaks to somebody: `@name` anywhere, or `name:` at its start. */
export function mentions(text: string, name: string): boolean {
  const wanted = fold(name);
  return mentionsIn(text).some((each) => each.key === wanted);
}

/** The places that name somebody, in order, of the first `NAMES_MOST` names. */
export function mentionsIn(text: string): Mention[] {
  const found: Mention[] = [];
  const take = (start: number, first: number, end: number): void => {
    const key = fold(text.slice(first, end));
    if (looked < NAMES_MOST && WORD.test(key) && [...key].length <= NAME_CHARS) found.push({ start, end, key });
    looked += 1;
  };
  let looked = 0;
  const addressed = addressedTo(text);
  if (addressed > 0) take(0, 0, addressed);
  if (!/[@＠]/.test(text)) return found;
  const plain = withoutAddresses(withoutCode(text));
  for (const sign of plain.matchAll(/[@＠]/g)) {
    if (looked >= NAMES_MOST) break;
    if (!mayPrecede(plain, sign.index)) continue;
    for (const end of ends(plain, sign.index + 1)) take(sign.index, sign.index + 1, end);
  }
  return found;
}

/** The end of the name in `name: …` or `name, …` at the start of a text, or 0. */
function addressedTo(text: string): number {
  let end = 0;
  for (const char of text.slice(0, TYPED_CHARS)) {
    if (!IN_NAME.test(char)) break;
    end += char.length;
  }
  return /^[:,：，]/.test(text.slice(end)) && !text.startsWith("://", end) ? end : 0;
}

/** The character that ends before a place, a surrogate pair as one. */
function before(text: string, at: number): string {
  const low = text.charCodeAt(at - 1);
  return text.slice(at - (low >= 0xdc00 && low <= 0xdfff && at > 1 ? 2 : 1), at);
}

/** Whether what stands before an @ lets it be a mention; else it is part of an address. */
function mayPrecede(text: string, sign: number): boolean {
  let at = sign;
  if (at > 0 && `${SIGNS}\\`.includes(before(text, at))) return false;
  while (at > 0 && ("_%+-".includes(before(text, at)) || MARK.test(before(text, at)))) at -= before(text, at).length;
  return at === 0 || !WORD.test(before(text, at)) || scriptOf(before(text, at)) !== "";
}

/** Where a name that begins at `first` may end. */
function ends(text: string, first: number): number[] {
  const found: number[] = [];
  let at = first;
  let script: string | null = null;
  for (const char of text.slice(first, first + TYPED_CHARS)) {
    if (!IN_NAME.test(char)) break;
    if (WORD.test(char) && !INHERITS.includes(char)) {
      const here = scriptOf(char);
      // A digit goes on with the word before it; 田中2 is somebody else than 田中.
      if (script !== null && here !== script && (here !== "" || !DIGIT.test(char))) found.push(at);
      script = here;
    } else if ((char === "." || char === "-") && text[at + 1] === char) found.push(at);
    at += char.length;
  }
  // `@bob@example.org` names somebody elsewhere.
  const elsewhere = /^[@＠]$/.test(text.charAt(at)) && IN_NAME.test(text.slice(at + 1));
  if (!elsewhere) found.push(at);
  const trimmed = found.map((end) => first + text.slice(first, end).replace(/[_.-]+$/, "").length);
  return [...new Set(trimmed)].filter((end) => end > first).sort((a, b) => a - b);
}

/** The text with blanks for code, in fences and between ticks, as text/format.ts shows it. */
function withoutCode(text: string): string {
  const shown: string[] = [];
  let block: string[] = [];
  let fence = "";
  let quoted = false;
  const close = (): void => {
    if (block.length > 0) shown.push(withoutSpans(block.join("\n")));
    block = [];
  };
  for (const line of text.split("\n")) {
    if (fence !== "") {
      shown.push(" ".repeat(line.length));
      if (line.trim() === fence) fence = "";
      continue;
    }
    const opens = FENCE.exec(line);
    if (opens !== null || line.startsWith("> ") !== quoted) close();
    if (opens !== null) {
      fence = opens[1] ?? "";
      shown.push(" ".repeat(line.length));
      continue;
    }
    quoted = line.startsWith("> ");
    block.push(line);
  }
  close();
  return shown.join("\n");
}

function withoutSpans(block: string): string {
  const runs = [...block.matchAll(/`+/g)].map((run) => [run.index, run.index + run[0].length] as const);
  const last = new Map<number, number[]>();
  // By length, the nearest at the end.
  for (let index = runs.length - 1; index >= 0; index -= 1) {
    const length = runs[index]![1] - runs[index]![0];
    const same = last.get(length);
    if (same === undefined) last.set(length, [index]);
    else same.push(index);
  }
  let kept = "";
  let done = 0;
  for (let index = 0; index < runs.length; index += 1) {
    const [at, end] = runs[index]!;
    const start = escaped(block, at) ? at + 1 : at;
    const same = last.get(end - start) ?? [];
    while (same.length > 0 && same.at(-1)! <= index) same.pop();
    const closing = same.pop();
    if (closing === undefined) continue;
    const to = runs[closing]![1];
    kept += block.slice(done, start) + block.slice(start, to).replace(/[^\n]/g, " ");
    done = to;
    index = closing;
  }
  return kept + block.slice(done);
}

function escaped(text: string, at: number): boolean {
  let strokes = 0;
  while (text[at - 1 - strokes] === "\\") strokes += 1;
  return strokes % 2 === 1;
}

function withoutAddresses(text: string): string {
  let kept = "";
  let done = 0;
  for (const found of text.matchAll(ADDRESS)) {
    if (found.index < done) continue;
    const end = addressEnd(text, found.index + found[0].length);
    kept += text.slice(done, found.index) + " ".repeat(end - found.index);
    done = end;
  }
  return kept + text.slice(done);
}

/** Where an address ends: at a blank, a mark that is in none, or a bracket it has not opened. */
function addressEnd(text: string, from: number): number {
  const closing: string[] = [];
  let at = from;
  for (; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (ENDS_ADDRESS.test(char)) break;
    if (char in OPENS) closing.push(OPENS[char]!);
    else if (char === ")" || char === "]") {
      if (closing.at(-1) !== char) break;
      closing.pop();
    }
  }
  return at;
}

/** The script of a character where that is written without blanks, else nothing. */
function scriptOf(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return UNSPACED.find(([first, last]) => code >= first && code <= last)?.[2] ?? "";
}
