// The commands that dialogs put together. Pure; the server's own words are in docs/protocol.md.

export interface Mute {
  name: string;
  everywhere: boolean;
  duration: string;
  reason: string;
}

export function muteLine({ name, everywhere, duration, reason }: Mute): string {
  return line("/mute", name, everywhere ? "everywhere" : "", duration, saying(reason, duration));
}

export function unmuteLine(name: string, everywhere: boolean): string {
  return line("/unmute", name, everywhere ? "everywhere" : "");
}

export function kickLine(name: string, reason: string): string {
  return line("/kick", name, flat(reason));
}

export function banLine(whom: string, duration: string, reason: string): string {
  return line("/ban", whom, duration, saying(reason, duration));
}

export function roleLine(name: string, role: string, here: boolean): string {
  return line("/role", name, role, here ? "here" : "");
}

/** A room of that name, as its maker wants it. */
export function newRoomLine(name: string, isPrivate: boolean, readOnly: boolean): string {
  return line("/room new", roomWord(name), isPrivate ? "private" : "", readOnly ? "read-only" : "");
}

/** A room's name has no blanks in it. */
export function roomWord(typed: string): string {
  return typed.trim().replace(/^#/, "").replace(/\s+/g, "-");
}

/** Both passwords, whatever stands in them. */
export function passwordLine(former: string, next: string): string {
  return line("/password", quoted(former), quoted(next));
}

function line(...words: string[]): string {
  return words.filter((word) => word !== "").join(" ");
}

/** A reason that is none of the words before it: a duration is read where one may stand. */
function saying(reason: string, duration: string): string {
  const said = flat(reason);
  return duration === "" && /^(\d+\s?[a-z]+|everywhere)\b/i.test(said) ? `: ${said}` : said;
}

function flat(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}

function quoted(word: string): string {
  return `"${word.replace(/["\\]/g, "\\$&")}"`;
}
