// A room's name as a person reads it. Pure.

/** The title of a room that is not a conversation: a private one has it between `+` and its id. */
export function titleOfName(name: string): string {
  return bare(name) === name ? `#${name}` : bare(name);
}

/** The same without the `#`. */
export function bare(name: string): string {
  return /^\+(.+)-[^-]{6}$/u.exec(name)?.[1] ?? name;
}

/** A name as it is typed for a room: it has no blanks in it. */
export function roomWord(typed: string): string {
  return typed.trim().replace(/^#/, "").replace(/\s+/g, "-");
}
