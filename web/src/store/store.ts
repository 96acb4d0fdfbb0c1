import { signal } from "@preact/signals";
import type { Action } from "./actions";
import { reduce } from "./reduce";
import { initial, type State } from "./state";

/** The one place that holds state. */
export const store = signal<State>(initial());

export function dispatch(action: Action): void {
  store.value = reduce(store.value, action);
}
