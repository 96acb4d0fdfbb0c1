import type * as wire from "../protocol";
import { sentence } from "../text/sentence";
import type { State } from "./state";

/** What a screen reader says of an event: others' messages in the room that is open. */
export function spoken(state: State, event: wire.LogEvent): string {
  const hidden = event.from.id in state.settings.ignored || event.from.id === state.me?.id;
  if (hidden || event.room !== state.current) return state.said;
  if (event.type === "topic") return sentence(event);
  if (event.type !== "message") return state.said;
  return event.me === true ? `${event.from.name} ${event.text}` : `${event.from.name}: ${event.text}`;
}
