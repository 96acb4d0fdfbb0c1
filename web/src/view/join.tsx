import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { defaultRoom, wantedRoom } from "../chat/chat";
import { keep } from "../chat/keep";
import { store } from "../store/store";
import { strings } from "../strings";
import { chat } from "./app-chat";
import { Mark } from "./icons";
import { line } from "./selectors";

/** How somebody comes in: by a name alone, as a member, or as somebody who becomes one. */
type Way = "guest" | "member" | "new";

/** What the server refuses to a guest who should have said a password. */
const ASKS_PASSWORD = new Set(["not_signed_in", "bad_password", "name_taken"]);

/** The first view: a name, and in. */
export function Join(): VNode {
  const { joinError, joinCode, phase, serverName } = store.value;
  const name = useSignal(keep.name());
  const password = useSignal("");
  const chosen = useSignal<Way>(chat.identity.invite !== null ? "new" : guestsWelcome() ? "guest" : "member");
  const way: Way = chosen.value === "guest" && ASKS_PASSWORD.has(joinCode ?? "") ? "member" : chosen.value;
  const problem = useSignal("");
  const field = useRef<HTMLInputElement>(null);
  // At once: `autofocus` waits for a frame, and by then somebody may have typed a letter.
  useLayoutEffect(() => field.current?.focus(), []);
  const busy = phase === "joining";
  const join = (): void => {
    const typed = name.value.trim();
    const lacks = way !== "guest" && chosen.value !== "guest" && password.value === "";
    problem.value = typed === "" ? strings.nameEmpty : lacks ? strings.passwordEmpty : "";
    if (problem.value !== "" || busy) return;
    chat.join({ name: typed, password: way === "guest" ? "" : password.value, register: way === "new" });
  };
  const choose = (next: Way): void => {
    chosen.value = next;
    problem.value = "";
    field.current?.focus();
  };
  const button = (
    <button type="submit" class="primary" aria-disabled={busy}>
      {busy ? strings.joining : { guest: strings.join, member: strings.signIn, new: chat.identity.invite === null ? strings.signUp : strings.join }[way]}
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
            autocomplete={way === "guest" ? "nickname" : "username"}
            autocapitalize="none"
            spellcheck={false}
            enterkeyhint="go"
            readOnly={busy}
            aria-invalid={problem.value !== "" || joinError !== null}
            aria-describedby="join-problem join-hint"
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
          {way === "guest" ? button : null}
        </div>
        {way === "guest" ? null : (
          <>
            <label for="password">{way === "new" ? strings.newPassword : strings.yourPassword}</label>
            <div class="with-button">
              <input
                // Another field, so that a browser fills in what belongs there.
                key={way}
                id="password"
                name="password"
                type="password"
                value={password.value}
                maxLength={128}
                autocomplete={way === "new" ? "new-password" : "current-password"}
                enterkeyhint="go"
                readOnly={busy}
                aria-describedby="join-problem"
                onInput={(event) => (password.value = event.currentTarget.value)}
              />
              {button}
            </div>
          </>
        )}
        <p class={joinError === strings.left ? "quiet" : "failure"} id="join-problem" role="alert">
          {problem.value || joinError}
        </p>
        <p class="quiet" id="join-hint">
          {busy && line.value.state === "down" ? strings.unreachable : hint(way)}
        </p>
        <p class="ways">
          {otherWays(chosen.value).map((each) => (
            <button key={each} type="button" class="link" onClick={() => choose(each)}>
              {{ guest: strings.asGuest, member: strings.haveAccount, new: strings.noAccount }[each]}
            </button>
          ))}
        </p>
      </form>
    </main>
  );
}

function hint(way: Way): string {
  const room = wantedRoom() ?? defaultRoom() ?? "";
  if (way === "guest") return strings.joinHint(room);
  if (way === "new") return chat.identity.invite === null ? strings.signUpHint : strings.invited;
  if (guestsWelcome() || registration() === "open") return strings.signInHint(room);
  return `${strings.signInHint(room)} ${registration() === "invite" ? strings.needInvitation : strings.onlyOperator}`;
}

/** How else one may come in. */
function otherWays(way: Way): Way[] {
  const ways: Way[] = [];
  if (guestsWelcome()) ways.push("guest");
  ways.push("member");
  if (chat.identity.invite !== null || registration() === "open") ways.push("new");
  return ways.filter((each) => each !== way);
}

/** Whether the server lets in whoever has no account. */
function guestsWelcome(): boolean {
  return document.querySelector<HTMLMetaElement>('meta[name="guests"]')?.content !== "off";
}

/** How one becomes a member: open, invite or closed. */
function registration(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="registration"]')?.content ?? "open";
}
