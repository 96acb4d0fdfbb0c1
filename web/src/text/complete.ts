// What may be meant by the word at the caret: a command, what stands behind one, a name, an emoji. Pure.

import type * as wire from "../protocol";
import { choices, wanted, type Sources, type Wanted } from "./arguments";
import { fold } from "./mention";
import { titleOfName } from "./room-name";

export interface Choice {
  /** What takes the word's place. */
  insert: string;
  label: string;
  hint: string;
}

export interface Completion {
  /** A `word` is a room, a role and the like behind a command, which may also be as one types it. */
  kind: "command" | "name" | "word" | "emoji";
  /** Where the word begins and ends in the text. */
  start: number;
  end: number;
  word: string;
  /** What a word behind a command may be. */
  wanted?: Wanted;
}

export const CHOICES_MOST = 8;

/** The word before the caret, if it begins like something that can be completed. */
export function completionAt(text: string, caret: number, commands: readonly wire.CommandInfo[] = []): Completion | null {
  const before = text.slice(0, caret);
  const command = /^\/(\w*)$/.exec(before);
  if (command !== null) return { kind: "command", start: 0, end: caret, word: command[1] ?? "" };
  const argument = wanted(before, commands);
  const completion = argument === null ? null : behindCommand(argument, caret);
  if (completion !== null) return completion;
  if (argument !== null && !argument.inText) return null;
  const name = /(?:^|[\s(])@([\p{L}\p{N}_.-]*)$/u.exec(before)?.[1];
  if (name !== undefined) return { kind: "name", start: caret - name.length - 1, end: caret, word: name };
  const emoji = /(?:^|[\s(])(:[a-z0-9_+-]{2,})$/i.exec(before)?.[1];
  if (emoji !== undefined) return { kind: "emoji", start: caret - emoji.length, end: caret, word: emoji.slice(1) };
  return null;
}

/** Nothing is offered unasked for what may be left out, nor for the words of a text. */
function behindCommand(argument: Wanted, caret: number): Completion | null {
  const { word } = argument;
  const [first] = argument.arguments;
  if (first === undefined || (word === "" && first.optional === true)) return null;
  const at = { start: caret - word.length, end: caret, word, wanted: argument };
  if (first.kind === "person" || first.kind === "people") return { kind: "name", ...at };
  if (argument.inText && choices(argument, { people: [], rooms: [], commands: [] }).length === 0) return null;
  return { kind: "word", ...at };
}

/** What may stand behind a command: people, rooms, other commands, words of its own. */
export function argumentChoices(argument: Wanted, sources: Sources): Choice[] {
  return choices(argument, sources)
    .slice(0, CHOICES_MOST)
    .map((each) => ({ insert: `${each} `, label: sources.rooms.includes(each) ? titleOfName(each) : each, hint: "" }));
}

export function commandChoices(word: string, commands: readonly wire.CommandInfo[]): Choice[] {
  const start = word.toLowerCase();
  return commands
    .filter((command) => command.name.startsWith(start))
    .slice(0, CHOICES_MOST)
    .map((command) => ({ insert: `/${command.name} `, label: command.usage, hint: command.summary }));
}

/** `names` with those that were heard last first. */
export function nameChoices(word: string, names: readonly string[]): Choice[] {
  const start = fold(word);
  return names
    .filter((name) => fold(name).startsWith(start))
    .slice(0, CHOICES_MOST)
    .map((name) => ({ insert: `@${name} `, label: `@${name}`, hint: "" }));
}

/** The text with a choice in the word's place, and where the caret then is. */
export function completed(text: string, completion: Completion, choice: Choice): { text: string; caret: number } {
  const rest = text.slice(completion.end).replace(/^ /, "");
  const before = text.slice(0, completion.start) + choice.insert;
  return { text: before + rest, caret: before.length };
}
