// The part of a text that a search has found, with what stands around it. Pure.

export interface Part {
  text: string;
  found: boolean;
}

const BEFORE = 40;
const MOST = 200;

/** The text around the first place of the word, all its places marked; upper and lower case are one. */
export function excerpt(text: string, word: string): Part[] {
  const flat = text.replace(/\s+/g, " ");
  const wanted = word.replace(/\s+/g, " ");
  const places = [...flat.matchAll(new RegExp(escaped(wanted), "giu"))];
  const first = places[0]?.index ?? 0;
  const start = first > BEFORE ? flat.lastIndexOf(" ", first - BEFORE / 2) + 1 || first - BEFORE : 0;
  const end = Math.min(flat.length, start + MOST);
  const parts: Part[] = [];
  let at = start;
  const plain = (to: number): void => {
    if (to > at) parts.push({ text: flat.slice(at, to), found: false });
  };
  for (const place of wanted === "" ? [] : places) {
    if (place.index < at || place.index >= end) continue;
    plain(place.index);
    at = place.index + place[0].length;
    parts.push({ text: place[0], found: true });
  }
  plain(end);
  if (start > 0) parts.unshift({ text: "…", found: false });
  if (end < flat.length) parts.push({ text: "…", found: false });
  return parts;
}

function escaped(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
