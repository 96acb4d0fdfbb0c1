// `/ignore` and `/notices`, which clients carry out themselves (docs/protocol.md). Pure.

import { withName, withoutName } from "../store/by-name";
import type { Settings, State } from "../store/state";
import { strings } from "../strings";
import { fold } from "../text/mention";

export interface OwnAnswer {
  text: string;
  refused?: boolean;
  settings?: Partial<Settings>;
}

/** What such a line does; null for every other line. */
export function ignoring(state: State, line: string): OwnAnswer | null {
  const [word = "", rest = ""] = line.slice(1).split(/\s+/);
  const name = rest.replace(/^@/, "");
  switch (word.toLowerCase()) {
    case "notices":
      if (rest !== "on" && rest !== "off") return { text: strings.noticesUsage, refused: true };
      return { text: strings.noticesAre(rest === "on"), settings: { notices: rest === "on" } };
    case "ignore":
      return ignore(state, name);
    case "unignore":
      return unignore(state, name);
    default:
      return null;
  }
}

/** The lines by which the server learns whom a person ignores who has just become a member. */
export function ignoredAnew({ ignored }: Settings): string[] {
  return Object.values(ignored).map((name) => `/ignore ${name}`);
}

function ignore(state: State, name: string): OwnAnswer {
  const { ignored } = state.settings;
  if (name === "") return { text: strings.youIgnore(Object.values(ignored).sort().join(", ")) };
  const person = known(state).find((each) => fold(each.name) === fold(name));
  if (person === undefined) return { text: strings.nobodyCalled(name), refused: true };
  if (person.id === state.me?.id) return { text: strings.notSelf, refused: true };
  return { text: strings.nowIgnored(person.name), settings: { ignored: withName(ignored, person.id, person.name) } };
}

function unignore(state: State, name: string): OwnAnswer {
  const { ignored } = state.settings;
  const found = Object.entries(ignored).find(([, each]) => fold(each) === fold(name));
  if (found === undefined) return { text: strings.notIgnored(name), refused: true };
  return { text: strings.noLongerIgnored(found[1]), settings: { ignored: withoutName(ignored, found[0]) } };
}

function known(state: State): { id: string; name: string }[] {
  return Object.values(state.rooms).flatMap((room) => [
    ...Object.values(room.members),
    ...room.others,
    ...room.events.map((event) => event.from),
  ]);
}
