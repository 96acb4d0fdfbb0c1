// Choosing a message, for its menu. By the keyboard Ctrl+↑ goes to the newest one, ↑ and ↓ to the
// others; on a touch screen a touch does.

import { focusComposer } from "./actions";

function menus(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("#messages .more")];
}

/** Chooses the newest message in view; false where there is none. */
export function chooseMessage(): boolean {
  if (document.activeElement?.matches(".more") === true) return step(-1);
  const box = document.getElementById("messages");
  const edge = box?.getBoundingClientRect().bottom ?? 0;
  return choose(menus().findLast((menu) => menu.getBoundingClientRect().top < edge));
}

/** Whether a key moved on from the message that is chosen. */
export function onChosenKey(event: KeyboardEvent): boolean {
  if (document.activeElement?.matches(".more") !== true) return false;
  if (event.key === "ArrowUp") return step(-1) || true;
  if (event.key === "ArrowDown") return step(1) || true;
  if (event.key !== "Escape") return false;
  focusComposer();
  return true;
}

/** A touch on a message, unless it was meant for a link or a button in it, or selects text. */
export function chooseByTouch(event: MouseEvent): void {
  if (!matchMedia("(hover: none)").matches || !(event.target instanceof Element)) return;
  if (event.target.closest("a, button") !== null || getSelection()?.isCollapsed === false) return;
  event.target.closest(".message")?.querySelector<HTMLElement>(".more")?.focus();
}

function step(by: number): boolean {
  const all = menus();
  return choose(all[all.findIndex((menu) => menu === document.activeElement) + by]);
}

function choose(menu: HTMLElement | undefined): boolean {
  menu?.focus();
  menu?.scrollIntoView({ block: "nearest" });
  return menu !== undefined;
}
