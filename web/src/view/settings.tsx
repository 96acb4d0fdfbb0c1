import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { withoutName } from "../store/by-name";
import type { Theme } from "../store/state";
import { dispatch, store } from "../store/store";
import { strings } from "../strings";
import { chat } from "./app-chat";
import { useDeed } from "./deed";
import { Dialog } from "./dialog";
import { me, push, settings } from "./selectors";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function SettingsDialog(): VNode {
  const { theme, notices, ignored } = settings.value;
  const people = Object.entries(ignored);
  return (
    <Dialog title={strings.settings} kind="settings">
      <NameField />
      <fieldset>
        <legend>{strings.theme}</legend>
        <div class="segments">
          {THEMES.map((each) => (
            <label key={each}>
              <input type="radio" name="theme" checked={each === theme} onChange={() => dispatch({ type: "settings", settings: { theme: each } })} />
              <span>{strings.themes[each]}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <label class="switch-row">
        <input type="checkbox" checked={notices} onChange={(event) => dispatch({ type: "settings", settings: { notices: event.currentTarget.checked } })} />
        <span>{strings.notices}</span>
      </label>
      <section>
        <h3>{strings.notifications}</h3>
        <p class="quiet">{push.value.on ? strings.pushOn : strings.pushOff}</p>
        <p class="buttons">
          <button type="button" class="plain" onClick={() => dispatch({ type: "dialog", dialog: "notifications" })}>
            {strings.pushOpen}
          </button>
        </p>
      </section>
      <section>
        <h3>{strings.ignoredPeople}</h3>
        {people.length === 0 ? <p class="quiet">{strings.ignoreNone}</p> : null}
        <ul class="ignored">
          {people.map(([id, name]) => (
            <li key={id}>
              <bdi>{name}</bdi>
              <button type="button" class="link" aria-label={strings.stopIgnoringWhom(name)} onClick={() => stopIgnoring(id, name)}>
                {strings.stopIgnoring}
              </button>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h3>{strings.account}</h3>
        {me.value?.kind === "guest" ? <Register /> : <p class="quiet">{strings.youAre(me.value?.role ?? "")}</p>}
        <p class="buttons">
          {store.value.may.includes("sessions") ? (
            <button type="button" class="plain" onClick={() => dispatch({ type: "dialog", dialog: "account" })}>
              {strings.accountOpen}
            </button>
          ) : null}
          <button type="button" class="plain" onClick={() => dispatch({ type: "dialog", dialog: "keys" })}>
            {strings.keys}
          </button>
          <button type="button" class="plain danger" onClick={() => chat.leaveForGood()}>
            {me.value?.kind === "guest" ? strings.leaveServer : strings.signOut}
          </button>
        </p>
      </section>
    </Dialog>
  );
}

function stopIgnoring(id: string, name: string): void {
  // The server has it too, for notices.
  chat.command(`/unignore ${name}`).catch(() => undefined);
  dispatch({ type: "settings", settings: { ignored: withoutName(settings.value.ignored, id) } });
}

function NameField(): VNode {
  const name = useSignal(me.value?.name ?? "");
  const { problem, run } = useDeed();
  const change = (): Promise<boolean> => run(() => chat.command(`/nick ${name.value.trim()}`));
  return (
    <form
      class="name-field"
      onSubmit={(event) => {
        event.preventDefault();
        void change();
      }}
    >
      <label for="my-name">{strings.name}</label>
      <div class="with-button">
        <input
          id="my-name"
          value={name.value}
          maxLength={store.value.limits["name_chars"] ?? 32}
          autocomplete="nickname"
          spellcheck={false}
          aria-invalid={problem.value !== ""}
          aria-describedby="name-problem"
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={name.value.trim() === "" || name.value === me.value?.name}>
          {strings.changeName}
        </button>
      </div>
      <p class="failure" id="name-problem" role="alert">
        {problem.value}
      </p>
    </form>
  );
}

/** A password makes a guest a member, with an invitation where the server asks for one. */
function Register(): VNode {
  const { registration } = store.value;
  const password = useSignal("");
  const invitation = useSignal(chat.identity.invite ?? "");
  const { problem, run } = useDeed();
  const field = useRef<HTMLInputElement>(null);
  // Whoever comes by an invitation's link has nothing else to do here.
  useEffect(() => {
    if (chat.identity.invite !== null) field.current?.focus();
  }, []);
  const code = invitation.value.trim().replace(/^.*#invite=/, "");
  const register = (): Promise<boolean> => run(() => chat.command(`/register ${password.value}${code === "" ? "" : ` ${code}`}`));
  const byInvitation = registration === "invite" || invitation.value !== "";
  if (registration === "closed" && !byInvitation) return <p class="quiet">{strings.accountLater}</p>;
  return (
    <form
      class="name-field"
      onSubmit={(event) => {
        event.preventDefault();
        void register();
      }}
    >
      <p class="quiet">{chat.identity.invite === null ? strings.accountLater : strings.invitedGuest}</p>
      {byInvitation ? (
        <>
          <label for="invitation">{strings.invitation}</label>
          <input id="invitation" value={invitation.value} autocomplete="off" spellcheck={false} onInput={(event) => (invitation.value = event.currentTarget.value)} />
        </>
      ) : null}
      <label for="new-password">{strings.newPassword}</label>
      <div class="with-button">
        <input
          ref={field}
          id="new-password"
          type="password"
          value={password.value}
          maxLength={128}
          autocomplete="new-password"
          aria-invalid={problem.value !== ""}
          aria-describedby="register-hint register-problem"
          onInput={(event) => (password.value = event.currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={password.value === ""}>
          {strings.becomeMember}
        </button>
      </div>
      <p class="quiet" id="register-hint">
        {strings.memberHint}
      </p>
      <p class="failure" id="register-problem" role="alert">
        {problem.value}
      </p>
    </form>
  );
}
