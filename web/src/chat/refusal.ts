// What the server refuses a person is said where they asked for it.

import { Refused } from "../line/line";
import { dispatch } from "../store/store";

/** Waits for something; what speaks against it becomes a note in the room. */
export async function noteRefusal(room: string | null, doing: Promise<unknown>): Promise<void> {
  try {
    await doing;
  } catch (error) {
    if (error instanceof Refused && room !== null) dispatch({ type: "note", room, text: error.message, kind: "error" });
  }
}
