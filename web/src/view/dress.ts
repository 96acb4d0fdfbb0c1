// What the page's root shows of the store: the title and the theme, from before the first paint.

import { effect } from "@preact/signals";
import { settings, title } from "./selectors";

export function dressDocument(): void {
  effect(() => {
    document.title = title.value;
  });
  effect(() => {
    document.documentElement.dataset["theme"] = settings.value.theme;
  });
}
