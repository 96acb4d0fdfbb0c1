// Something that a dialog does on the server: whether it is under way, and what spoke against it.

import { useSignal, type Signal } from "@preact/signals";
import { dispatch, store } from "../store/store";

export interface Deed {
  busy: Signal<boolean>;
  problem: Signal<string>;
  /** Does it; whether it was done. A second one waits for nobody: it is not begun. */
  run: (doing: () => Promise<unknown>) => Promise<boolean>;
}

export function useDeed(): Deed {
  const busy = useSignal(false);
  const problem = useSignal("");
  const run = async (doing: () => Promise<unknown>): Promise<boolean> => {
    if (busy.value) return false;
    busy.value = true;
    problem.value = "";
    try {
      await doing();
      return true;
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
      return false;
    } finally {
      busy.value = false;
    }
  };
  return { busy, problem, run };
}

/** Closes the dialog and says in the room what the server said. */
export function done(text: string): void {
  dispatch({ type: "dialog", dialog: null });
  const room = store.value.current;
  if (text !== "" && room !== null) dispatch({ type: "note", room, text, kind: "info" });
}
