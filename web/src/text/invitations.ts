// What `/invite link` and `/invite list` say: there is no request for it. Pure.

export interface Invitation {
  id: string;
  holds: string;
}

/** The link of a new invitation. */
export function linkIn(said: string): string | null {
  return /\bhttps?:\/\/\S+#invite=\S+/.exec(said)?.[0] ?? null;
}

/** Those that hold, one a line: an id, and how much is left of it. */
export function invitationsIn(said: string): Invitation[] {
  return said.split("\n").flatMap((line) => {
    const found = /^([0-9a-f]{8}) {2}(\S.*)$/.exec(line);
    return found === null ? [] : [{ id: found[1] ?? "", holds: found[2] ?? "" }];
  });
}
