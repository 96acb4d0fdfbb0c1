// What is shown of a notice. The service worker is one file of its own: this is not for the page.

import { words } from "./words";

/** What the server sends (docs/protocol.md, Notices). */
export interface Notice {
  room: string;
  from: string;
  text: string;
  direct: boolean;
}

/** What a hidden tab tells the worker of a message that it has heard itself. */
export interface Heard {
  type: "heard";
  notice: Notice;
  seq: number;
}

export interface Shown {
  title: string;
  body: string;
  /** A notice takes the place of the last one with the same tag. */
  tag: string;
}

/** A notice as it came; whatever else came is null. */
export function readNotice(text: string | null): Notice | null {
  try {
    const found: unknown = JSON.parse(text ?? "");
    if (typeof found !== "object" || found === null) return null;
    const { room, from, text: said, direct } = found as Record<string, unknown>;
    if (typeof room !== "string" || typeof from !== "string" || typeof said !== "string") return null;
    return { room, from, text: said, direct: direct === true };
  } catch {
    return null;
  }
}

/** How it looks. Something has to be shown for whatever comes: browsers insist. */
export function shown(notice: Notice | null): Shown {
  if (notice === null) return { title: words.app, body: words.something, tag: "?" };
  if (notice.room === "") return { title: words.app, body: words.test, tag: "test" };
  const title = notice.direct ? notice.from : words.inRoom(notice.from, notice.room);
  return { title, body: notice.text, tag: notice.room };
}

/** Where a click leads. */
export function addressOf(room: string): string {
  return room === "" ? "/" : `/#${encodeURIComponent(room)}`;
}
