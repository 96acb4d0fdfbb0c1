// What a word of a slash command may become, from the table that the server tells. Pure. The terminal
// clients have the same program (src/hubbub/client/completion.py); tests/golden/completion.json holds
// both to it.

import type * as wire from "../protocol";
import { parseDuration } from "./duration";
import { fold } from "./mention";
import { bare } from "./room-name";

/** Whom and what one may name, in the order in which it is offered. */
export interface Sources {
  people: readonly string[];
  rooms: readonly string[];
  commands: readonly string[];
}

export interface Wanted {
  word: string;
  /** What it may be, the next argument first. */
  arguments: readonly wire.ArgumentInfo[];
  /** Whether it may be a word of a text, in which anybody may be named. */
  inText: boolean;
}

/** What the word before the caret may be; null where no argument of a command is typed. */
export function wanted(before: string, commands: readonly wire.CommandInfo[]): Wanted | null {
  const [first = "", ...words] = before.split(" ");
  const info = words.length === 0 ? undefined : find(first, commands);
  if (info === undefined) return null;
  let word = words.pop() ?? "";
  const left = after(info.arguments ?? [], words.filter((each) => each !== ""));
  const end = left.findIndex((each) => !maySkip(each));
  const may = end < 0 ? left : left.slice(0, end + 1);
  const kind = may[0]?.kind;
  if (kind === "people") word = word.slice(word.lastIndexOf(",") + 1);
  if (kind === "people" || kind === "person") word = word.replace(/^@/, "");
  return { word, arguments: may, inText: may.some((each) => each.kind === "text") };
}

/** What the word may become. */
export function choices({ word, arguments: may }: Wanted, sources: Sources): string[] {
  const fits = (name: string, start = word): boolean => fold(name).startsWith(fold(start));
  const found = may.flatMap(({ kind, choices = [] }) => {
    const fixed = choices.filter((each) => fits(each));
    switch (kind) {
      case "person":
      case "people":
        return [...fixed, ...sources.people.filter((name) => fits(name))];
      case "room": {
        const start = word.replace(/^#/, "");
        return [...fixed, ...sources.rooms.filter((name) => fits(name, start) || fits(bare(name), start))];
      }
      case "command":
        return [...fixed, ...sources.commands.filter((name) => fits(name, word.replace(/^\//, "")))];
      default:
        return fixed;
    }
  });
  return [...new Set(found)];
}

/** The command that `/name` or one of its other names means. */
export function find(typed: string, commands: readonly wire.CommandInfo[]): wire.CommandInfo | undefined {
  if (!typed.startsWith("/")) return undefined;
  const name = typed.slice(1).toLowerCase();
  return commands.find((each) => each.name === name || each.aliases?.includes(name) === true);
}

/** Whether a line is a command about the room in which it is typed. */
export function needsRoom(line: string, commands: readonly wire.CommandInfo[]): boolean {
  const [first = "", ...rest] = line.split(/[ \n]/);
  const info = find(first, commands);
  if (info === undefined || info.room === true) return info !== undefined;
  // One that takes a room takes the one in view where none is named.
  return rest.every((each) => each === "") && info.arguments?.[0]?.kind === "room";
}

/** The arguments that are left after the words that are complete. */
function after(all: readonly wire.ArgumentInfo[], complete: readonly string[]): readonly wire.ArgumentInfo[] {
  let left = all;
  for (const word of complete) {
    while (left[0] !== undefined && maySkip(left[0]) && !fitsArgument(left[0], word)) left = left.slice(1);
    const kind = left[0]?.kind;
    if (kind !== "text" && !(kind === "people" && word.endsWith(","))) left = left.slice(1);
  }
  return left;
}

/** Only these can be told from other words, so that an optional one may be missing. */
function maySkip({ optional, kind }: wire.ArgumentInfo): boolean {
  return optional === true && (kind === "choice" || kind === "duration" || kind === "number");
}

function fitsArgument({ kind, choices }: wire.ArgumentInfo, word: string): boolean {
  if (kind === "choice") return choices?.includes(word.toLowerCase()) === true;
  return kind === "duration" ? parseDuration(word) !== null : /^[0-9]+$/.test(word);
}
