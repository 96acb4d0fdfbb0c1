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
  const { joinError, joinCode, phase, serverName } = store.value;
  const name = useSignal(keep.name());
  const password = useSignal("");
  const isMember = useSignal(chat.invite !== null || !guestsWelcome());
  const asked = isMember.value || joinCode === "not_signed_in" || joinCode === "bad_password" || joinCode === "name_taken";
  const problem = useSignal("");
  const field = useRef<HTMLInputElement>(null);
  // At once: `autofocus` waits for a frame, and by then somebody may have typed a letter.
  useLayoutEffect(() => field.current?.focus(), []);
  const busy = phase === "joining";
  const room = wantedRoom() ?? defaultRoom() ?? "";
  const join = (): void => {
    const typed = name.value.trim();
    const lacks = isMember.value && password.value === "";
    problem.value = typed === "" ? strings.nameEmpty : lacks ? strings.passwordEmpty : "";
    if (problem.value === "" && !busy) chat.join(typed, asked ? password.value : "");
  };
  const hint = chat.invite !== null ? strings.invited : asked ? strings.signInHint(room) : strings.joinHint(room);
  const waiting = busy && line.value.state === "down" ? strings.unreachable : hint;
  const button = (
    <button type="submit" class="primary" aria-disabled={busy}>
      {busy ? strings.joining : asked && chat.invite === null ? strings.signIn : strings.join}
    </button>
  );
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
            autocomplete={asked ? "username" : "nickname"}
            autocapitalize="none"
            spellcheck={false}
            enterkeyhint="go"
            readOnly={busy}
            aria-invalid={problem.value !== "" || joinError !== null}
            aria-describedby="join-problem join-hint"
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
          {asked ? null : button}
        </div>
        {asked ? (
          <>
            <label for="password">{chat.invite === null ? strings.yourPassword : strings.newPassword}</label>
            <div class="with-button">
              <input
                id="password"
                name="password"
                type="password"
                value={password.value}
                maxLength={128}
                autocomplete={chat.invite === null ? "current-password" : "new-password"}
                enterkeyhint="go"
                readOnly={busy}
                aria-describedby="join-problem"
                onInput={(event) => (password.value = event.currentTarget.value)}
              />
              {button}
            </div>
          </>
        ) : (
          <button type="button" class="link" onClick={() => (isMember.value = true)}>
            {strings.haveAccount}
          </button>
        )}
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

/** Whether the server lets in whoever has no account. */
function guestsWelcome(): boolean {
  return document.querySelector<HTMLMetaElement>('meta[name="guests"]')?.content !== "off";
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
