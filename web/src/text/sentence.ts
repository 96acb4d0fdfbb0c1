// What somebody did, in the words of every other client (tests/golden/sentences.json).

import type * as wire from "../protocol";
import { strings } from "../strings";

/** What became of a room is told by what changed, in store/views.ts. */
export function sentence(event: Exclude<wire.Act, wire.Settings> | wire.Presence): string {
  switch (event.type) {
    case "topic":
      return strings.setTopic(event.from.name, event.text);
    case "deleted":
      return strings.deletedBy(event.from.name);
    case "unknown":
      return strings.notKnown(event.from.name);
    case "presence":
      return strings.presence(event.state, event.user.name, event.was ?? "");
    default:
      return event satisfies never;
  }
}
