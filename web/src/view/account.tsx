// A member's account: where one is signed in, and the password.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { VNode } from "preact";
import type * as wire from "../protocol";
import { strings } from "../strings";
import { browserOf } from "../text/device";
import { quoted } from "../text/quoted";
import { fullTime, momentOf } from "../text/times";
import { chat } from "./app-chat";
import { useDeed } from "./deed";
import { Dialog } from "./dialog";
import { me } from "./selectors";

export function AccountDialog(): VNode {
  const version = useSignal(0);
  return (
    <Dialog title={strings.accountTitle} kind="settings">
      <p class="quiet">{strings.youAre(me.value?.role ?? "")}</p>
      <Sessions version={version.value} />
      <Password changed={() => (version.value += 1)} />
      <p class="buttons">
        <button type="button" class="plain danger" onClick={() => chat.leaveForGood()}>
          {strings.signOut}
        </button>
      </p>
    </Dialog>
  );
}

function deviceOf(device: string): string {
  const found = browserOf(device);
  return found === null ? device || strings.unknownDevice : strings.device(found.browser, found.system);
}

function Sessions({ version }: { version: number }): VNode {
  const sessions = useSignal<readonly wire.SignedIn[] | null>(null);
  const deed = useDeed();
  const read = async (): Promise<void> => {
    sessions.value = (await chat.line.ask({ type: "sessions" })).sessions;
  };
  useEffect(() => void deed.run(read), [version]);
  const end = (id: string): Promise<boolean> =>
    deed.run(async () => {
      await chat.command(`/sessions end ${id}`);
      await read();
    });
  return (
    <section>
      <h3>{strings.sessions}</h3>
      {sessions.value === null && deed.problem.value === "" ? <p class="quiet">{strings.loading}</p> : null}
      <ul class="listed">
        {(sessions.value ?? []).map((session) => (
          <li key={session.id}>
            <div title={session.device}>
              <p>
                <b>
                  <bdi>{deviceOf(session.device)}</bdi>
                </b>
                {session.current ? ` (${strings.thisSession})` : ""}
              </p>
              <p class="quiet" title={fullTime(session.used)}>
                {strings.lastUsed(momentOf(session.used))}
              </p>
            </div>
            {session.current ? null : (
              <button type="button" class="plain" aria-label={strings.endWhich(deviceOf(session.device))} onClick={() => void end(session.id)}>
                {strings.end}
              </button>
            )}
          </li>
        ))}
      </ul>
      <p class="failure" role="alert">
        {deed.problem.value}
      </p>
    </section>
  );
}

function Password({ changed }: { changed: () => void }): VNode {
  const former = useSignal("");
  const next = useSignal("");
  const told = useSignal("");
  const deed = useDeed();
  const change = async (): Promise<void> => {
    told.value = "";
    if (!(await deed.run(() => chat.command(`/password ${quoted(former.value)} ${quoted(next.value)}`)))) return;
    former.value = next.value = "";
    told.value = strings.passwordChanged;
    changed();
  };
  return (
    <form
      class="name-field"
      onSubmit={(event) => {
        event.preventDefault();
        if (former.value !== "" && next.value !== "") void change();
      }}
    >
      <h3>{strings.password}</h3>
      {/* Without it a password manager does not know whose password that is. */}
      <input class="unseen" type="text" name="username" autocomplete="username" value={me.value?.name ?? ""} tabIndex={-1} aria-hidden="true" readOnly />
      <Secret id="old-password" label={strings.oldPassword} kind="current-password" value={former} />
      <Secret id="new-password" label={strings.newPassword} kind="new-password" value={next} />
      <p class={deed.problem.value === "" ? "quiet" : "failure"} role={deed.problem.value === "" ? "status" : "alert"}>
        {deed.problem.value || told.value}
      </p>
      <p class="buttons">
        <button type="submit" class="plain" disabled={former.value === "" || next.value === ""}>
          {strings.change}
        </button>
      </p>
    </form>
  );
}

interface SecretProps {
  id: string;
  label: string;
  kind: "current-password" | "new-password";
  value: { value: string };
}

function Secret({ id, label, kind, value }: SecretProps): VNode {
  return (
    <>
      <label for={id}>{label}</label>
      <input id={id} type="password" value={value.value} maxLength={128} autocomplete={kind} onInput={(event) => (value.value = event.currentTarget.value)} />
    </>
  );
}
