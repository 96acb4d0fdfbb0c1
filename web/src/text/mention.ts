/** How names are compared here; the server's rule is RFC 8265 (docs/protocol.md, Names). */
export function fold(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

const NAME = /@([\p{L}\p{N}](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_])?)/gu;

/** Whether a text speaks to somebody: `@name` anywhere, or `name:` at its start. */
export function mentions(text: string, name: string): boolean {
  const wanted = fold(name);
  for (const found of text.matchAll(NAME)) if (fold(found[1] ?? "") === wanted) return true;
  const start = fold(text.slice(0, name.length + 1));
  return start === `${wanted}:` || start === `${wanted},`;
}
