// What may be meant by the word at the caret: a command, a name, an emoji. Pure.

import type * as wire from "../protocol";
import { fold } from "./mention";

export interface Choice {
  /** What takes the word's place. */
  insert: string;
  label: string;
  hint: string;
}

export interface Completion {
  kind: "command" | "name" | "emoji";
  /** Where the word begins and ends in the text. */
  start: number;
  end: number;
  word: string;
}

export const CHOICES_MOST = 8;

/** The word before the caret, if it begins like something that can be completed. */
export function completionAt(text: string, caret: number): Completion | null {
  const before = text.slice(0, caret);
  const command = /^\/(\w*)$/.exec(before);
  if (command !== null) return { kind: "command", start: 0, end: caret, word: command[1] ?? "" };
  const name = /(?:^|[\s(])@([\p{L}\p{N}_.-]*)$/u.exec(before);
  if (name !== null) return at("name", name[1] ?? "");
  const person = /^\/(?:whisper|w|msg|whois|ignore|unignore|kick|mute|unmute|ban|role|invite)\s+(?:[^\s]*,)?@?([\p{L}\p{N}_.-]*)$/u.exec(before);
  if (person !== null) {
    const word = person[1] ?? "";
    return { kind: "name", start: caret - word.length, end: caret, word };
  }
  const emoji = /(?:^|[\s(])(:[a-z0-9_+-]{2,})$/i.exec(before);
  if (emoji !== null) return { kind: "emoji", start: caret - (emoji[1] ?? "").length, end: caret, word: (emoji[1] ?? "").slice(1) };
  return null;

  function at(kind: "name", word: string): Completion {
    return { kind, start: caret - word.length - 1, end: caret, word };
  }
}

export function commandChoices(word: string, commands: readonly wire.CommandInfo[]): Choice[] {
  const wanted = word.toLowerCase();
  return commands
    .filter((command) => command.name.startsWith(wanted))
    .slice(0, CHOICES_MOST)
    .map((command) => ({ insert: `/${command.name} `, label: command.usage, hint: command.summary }));
}

/** `names` with those that were heard last first. */
export function nameChoices(word: string, names: readonly string[], text: string, start: number): Choice[] {
  const wanted = fold(word);
  const bare = text.startsWith("/") && text[start] !== "@";
  return names
    .filter((name) => fold(name).startsWith(wanted))
    .slice(0, CHOICES_MOST)
    .map((name) => ({ insert: bare ? `${name} ` : `@${name} `, label: bare ? name : `@${name}`, hint: "" }));
}

/** The text with a choice in the word's place, and where the caret then is. */
export function completed(text: string, completion: Completion, choice: Choice): { text: string; caret: number } {
  const rest = text.slice(completion.end).replace(/^ /, "");
  const before = text.slice(0, completion.start) + choice.insert;
  return { text: before + rest, caret: before.length };
}
