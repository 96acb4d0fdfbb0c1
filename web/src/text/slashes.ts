// What a typed text begins with: docs/protocol.md, "Slashes"; tests/golden/slashes.json holds the
// server and the terminal clients to the same.

import type * as wire from "../protocol";
import { find } from "./arguments";

const ESCAPED = /^\/\/+[^\s/][^\n]*$/u;

/** A line that begins with a slash is a command; `//word` posts `/word`; pasted code stays as it is. */
export function readSlashes(text: string): { command: string } | { posts: string } {
  if (!text.startsWith("/")) return { posts: text };
  if (!text.startsWith("//")) return { command: text };
  return { posts: ESCAPED.test(text) ? text.slice(1) : text };
}

/** Commands that this client carries out by itself, whatever the server tells of them. */
const OWN = new Set(["ignore", "unignore", "notices", "quit", "exit", "bye", "leave", "part", "join", "j"]);

/** Several lines that begin as a command and are none: pasted, and maybe meant as a text. */
export function isDoubtful(text: string, commands: readonly wire.CommandInfo[]): boolean {
  const read = readSlashes(text);
  if (!("command" in read) || !read.command.includes("\n") || commands.length === 0) return false;
  const word = read.command.split(/\s/, 1)[0] ?? "";
  return find(word, commands) === undefined && !OWN.has(word.slice(1).toLowerCase());
}
