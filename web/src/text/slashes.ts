// What a typed text begins with: docs/protocol.md, "Slashes"; tests/golden/slashes.json holds the
// server and the terminal clients to the same.

const ESCAPED = /^\/\/+[^\s/][^\n]*$/u;

/** A line that begins with a slash is a command; `//word` posts `/word`; pasted code stays as it is. */
export function readSlashes(text: string): { command: string } | { posts: string } {
  if (!text.startsWith("/")) return { posts: text };
  if (!text.startsWith("//")) return { command: text };
  return { posts: ESCAPED.test(text) ? text.slice(1) : text };
}
