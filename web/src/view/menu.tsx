// A menu at the button that opened it, or at the lower edge of a phone.

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { refocus } from "./dialog";

export interface Item {
  key: string;
  label: string;
  danger?: boolean;
  act: () => void;
}

/** A menu's parts, each with what it is about where that is not the menu's own title. */
export interface Part {
  title?: string;
  items: Item[];
}

interface Open {
  title: string;
  parts: Part[];
  anchor: HTMLElement;
}

const open = signal<Open | null>(null);
const GAP_PX = 4;

export function openMenu(anchor: HTMLElement, title: string, parts: Part[]): void {
  const filled = parts.filter((part) => part.items.length > 0);
  if (filled.length > 0) open.value = { anchor, title, parts: filled };
}

export function Menu(): VNode | null {
  return open.value === null ? null : <Shown {...open.value} />;
}

function Shown({ title, parts, anchor }: Open): VNode {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const menu = box.current;
    menu?.showModal();
    if (menu !== null) place(menu, anchor);
    return () => menu?.close();
  }, []);
  const close = (): void => {
    open.value = null;
    if (anchor.isConnected) refocus(anchor);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const items = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = items.findIndex((item) => item === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1, Tab: at + (event.shiftKey ? -1 : 1) }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    items.at(to % items.length)?.focus();
  };
  return (
    <dialog
      ref={box}
      class="menu"
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        if (event.target === box.current) close();
      }}
      onKeyDown={onKeyDown}
    >
      <div role="menu" aria-label={title}>
        {parts.map((part, index) => (
          <div key={index} role="group" aria-label={part.title ?? title}>
            {part.title === undefined ? null : (
              <p class="about" aria-hidden="true">
                <bdi>{part.title}</bdi>
              </p>
            )}
            {part.items.map((item) => (
              <button
                key={item.key}
                type="button"
                role="menuitem"
                class={item.danger === true ? "danger" : ""}
                onClick={() => {
                  close();
                  item.act();
                }}
              >
                {item.label}
              </button>
            ))}
          </div>
        ))}
      </div>
    </dialog>
  );
}

/** Below the button, or above it, and within the window; the style sheet has the phone's place. */
function place(menu: HTMLElement, anchor: HTMLElement): void {
  if (matchMedia("(max-width: 760px)").matches) return;
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + GAP_PX;
  const top = below + height < innerHeight ? below : Math.max(GAP_PX, at.top - height - GAP_PX);
  const left = Math.min(at.left, innerWidth - width - GAP_PX);
  menu.style.top = `${top}px`;
  menu.style.left = `${Math.max(GAP_PX, left)}px`;
}
