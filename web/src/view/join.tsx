import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { defaultRoom, wantedRoom } from "../chat/chat";
import { keep } from "../chat/keep";
import { store } from "../store/store";
import { strings } from "../strings";
import { chat } from "./app-chat";
import { line } from "./selectors";

/** The first view: a name, and in. */
export function Join(): VNode {
  const { joinError, phase, serverName } = store.value;
  const name = useSignal(keep.name());
  const problem = useSignal("");
  const field = useRef<HTMLInputElement>(null);
  // At once: `autofocus` waits for a frame, and by then somebody may have typed a letter.
  useLayoutEffect(() => field.current?.focus(), []);
  const busy = phase === "joining";
  const room = wantedRoom() ?? defaultRoom() ?? "";
  const join = (): void => {
    const typed = name.value.trim();
    problem.value = typed === "" ? strings.nameEmpty : "";
    if (typed !== "" && !busy) chat.join(typed);
  };
  const waiting = busy && line.value.state === "down" ? strings.unreachable : strings.joinHint(room);
  return (
    <main class="join">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          join();
        }}
      >
        <Mark />
        <h1>{serverName}</h1>
        <label for="name">{strings.yourName}</label>
        <div class="with-button">
          <input
            ref={field}
            id="name"
            name="name"
            dir="auto"
            value={name.value}
            maxLength={64}
            autocomplete="nickname"
            autocapitalize="none"
            spellcheck={false}
            enterkeyhint="go"
            readOnly={busy}
            aria-invalid={problem.value !== "" || joinError !== null}
            aria-describedby="join-problem join-hint"
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
          <button type="submit" class="primary" aria-disabled={busy}>
            {busy ? strings.joining : strings.join}
          </button>
        </div>
        <p class={joinError === strings.left ? "quiet" : "failure"} id="join-problem" role="alert">
          {problem.value || joinError}
        </p>
        <p class="quiet" id="join-hint">
          {waiting}
        </p>
      </form>
    </main>
  );
}

/** Two speech balloons, one answering the other. */
function Mark(): VNode {
  return (
    <svg class="mark" viewBox="0 0 64 64" width="56" height="56" aria-hidden="true">
      <path class="back" d="M26 10h24a8 8 0 0 1 8 8v13a8 8 0 0 1-8 8h-1v8l-9-8" />
      <path class="front" d="M14 20h22a8 8 0 0 1 8 8v12a8 8 0 0 1-8 8H25l-10 8v-8h-1a8 8 0 0 1-8-8V28a8 8 0 0 1 8-8Z" />
      <circle cx="17" cy="34" r="2.6" />
      <circle cx="25" cy="34" r="2.6" />
      <circle cx="33" cy="34" r="2.6" />
    </svg>
  );
}
