// What of a message is told while its tab is hidden: what the server pushes to whom has none open. Pure.

import type * as wire from "../protocol";
import type { Notice } from "../push/notice";
import type { State } from "../store/state";
import { mentions } from "../text/mention";

/** As the server cuts what it pushes (docs/protocol.md, Notices). */
const TEXT_CHARS = 240;

/** The notice of a message that has just come; null for one of which nothing is told. */
export function noticeOf({ me, rooms, settings }: State, message: wire.Message): Notice | null {
  const { room: name, from } = message;
  const room = rooms[name];
  if (me === null || room === undefined || room.notify === "none") return null;
  if (from.id === me.id || from.id in settings.ignored) return null;
  const direct = room.kind === "direct";
  if (!direct && room.notify !== "all" && !mentions(message.text, me.name)) return null;
  return { room: name, from: from.name, text: [...message.text].slice(0, TEXT_CHARS).join(""), direct };
}
