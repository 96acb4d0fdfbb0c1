import { useLayoutEffect, useRef } from "preact/hooks";
import type { ComponentChildren, VNode } from "preact";
import { dispatch } from "../store/store";
import { strings } from "../strings";
import { CloseIcon } from "./icons";

/** Gives the focus back, with the caret: the dialog that is gone still had that one. */
export function refocus(element: HTMLElement | null): void {
  element?.blur();
  element?.focus();
}

interface Props {
  title: string;
  kind: string;
  children: ComponentChildren;
}

/** The browser's own dialog: it keeps the focus inside, and Esc closes it. */
export function Dialog({ title, kind, children }: Props): VNode {
  const box = useRef<HTMLDialogElement>(null);
  // Before the next key is pressed: what is typed after Ctrl+K belongs into the dialog.
  useLayoutEffect(() => {
    const dialog = box.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) refocus(before);
    };
  }, []);
  const close = (): void => dispatch({ type: "dialog", dialog: null });
  return (
    <dialog
      ref={box}
      class={kind}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        if (event.target === box.current) close();
      }}
    >
      <div class="inside">
        <header>
          <h2>{title}</h2>
          <button type="button" class="icon" aria-label={strings.close} onClick={close}>
            <CloseIcon />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
