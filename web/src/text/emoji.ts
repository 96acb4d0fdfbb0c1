// Emoji by name; the list is loaded when somebody first looks for one.

import type { Choice } from "./complete";

export type Emoji = readonly [character: string, names: readonly string[], group: number, words: readonly string[]];

let loading: Promise<readonly Emoji[]> | null = null;
let byName: ReadonlyMap<string, string> = new Map();

export function loadEmoji(): Promise<readonly Emoji[]> {
  loading ??= import("virtual:emoji").then(
    (module) => {
      byName = new Map(module.default.flatMap(([character, names]) => names.map((name) => [name, character])));
      return module.default;
    },
    (error: unknown) => {
      loading = null;
      throw error;
    },
  );
  return loading;
}

/** Those whose names begin with a word, then those that hold it. */
export function search(all: readonly Emoji[], word: string, most: number): Emoji[] {
  const wanted = word.toLowerCase();
  const begin = all.filter(([, names]) => names.some((name) => name.startsWith(wanted)));
  const exact = begin.filter(([, names]) => names.includes(wanted));
  const hold = all.filter(
    ([, names, , words]) => names.some((name) => name.includes(wanted)) || words.some((each) => each.startsWith(wanted)),
  );
  return [...new Set([...exact, ...begin, ...hold])].slice(0, most);
}

export function emojiChoices(all: readonly Emoji[], word: string, most: number): Choice[] {
  return search(all, word, most).map(([character, names]) => ({
    insert: `${character} `,
    label: character,
    hint: `:${names[0] ?? ""}:`,
  }));
}

/** The text with every `:name:` of a known emoji as its character, code left as it is. */
export function withEmoji(text: string): string {
  if (byName.size === 0 || !text.includes(":")) return text;
  return text
    .split(/(```[\s\S]*?(?:```|$)|`[^`\n]*`)/)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part.replace(/(?<![\w:/]):([a-z0-9_+-]{2,40}):(?!\/)/g, (whole, name: string) => byName.get(name) ?? whole),
    )
    .join("");
}
