// What came of an act upon somebody, as whoever did it reads it. Pure.

import type * as wire from "../protocol";
import { strings } from "../strings";
import { titleOfName } from "./room-name";
import { momentOf } from "./times";

export function sentenceOf({ act, whom, room, until, role = "" }: wire.Done): string {
  const place = room === undefined ? null : titleOfName(room);
  const lasting = until === undefined ? strings.forGood : strings.until(momentOf(until));
  switch (act) {
    case "kick":
      return strings.kicked(whom, place ?? "");
    case "mute":
      return strings.muted(whom, place, lasting);
    case "unmute":
      return strings.unmuted(whom, place);
    case "ban":
      return strings.banned(whom, lasting);
    case "unban":
      return strings.unbanned(whom);
    case "set_role":
      return strings.roleGiven(whom, strings.roles[role] ?? role, place);
    case "invite":
      return strings.invitedWhom(whom);
  }
}
