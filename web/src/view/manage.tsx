// For the server's moderators: who is banned, who may come in, who is what, and what was done.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import type * as wire from "../protocol";
import { store } from "../store/store";
import { strings } from "../strings";
import { sentenceOf } from "../text/done";
import { momentOf } from "../text/times";
import { Reason, SERVER_ROLES, type Role } from "./act";
import { chat } from "./app-chat";
import { copyText } from "./copy";
import { useDeed } from "./deed";
import { Dialog } from "./dialog";
import { Duration, lasts, useLasting } from "./duration";
import { Audit, Penalties } from "./record";

type Part = "bans" | "invitations" | "audit";

/** The parts of the dialog that somebody may see; nobody sees the button to it who may see none. */
export function partsFor(may: readonly string[]): Part[] {
  const parts: Part[] = [];
  if (may.includes("ban") || may.includes("audit") || may.includes("roles")) parts.push("bans");
  if (may.includes("invite")) parts.push("invitations");
  if (may.includes("audit")) parts.push("audit");
  return parts;
}

export function ManageDialog(): VNode {
  const { may } = store.value;
  const parts = partsFor(may);
  const part = useSignal<Part | undefined>(parts[0]);
  return (
    <Dialog title={strings.manage} kind="settings manage">
      <fieldset>
        <legend class="unseen">{strings.manage}</legend>
        <div class="segments">
          {parts.map((each) => (
            <label key={each}>
              <input type="radio" name="part" checked={part.value === each} onChange={() => (part.value = each)} />
              <span>{strings.managed[each]}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {part.value === "bans" ? <People may={may} /> : null}
      {part.value === "invitations" ? <Invitations /> : null}
      {part.value === "audit" ? <Audit room={null} /> : null}
    </Dialog>
  );
}

function People({ may }: { may: readonly string[] }): VNode {
  const version = useSignal(0);
  return (
    <>
      {may.includes("audit") ? (
        <section>
          <h3>{strings.bansNow}</h3>
          <Penalties room={null} none={strings.noBans} version={version.value} />
        </section>
      ) : null}
      {may.includes("ban") ? <BanForm banned={() => (version.value += 1)} /> : null}
      {may.includes("roles") ? <RoleForm /> : null}
    </>
  );
}

function BanForm({ banned }: { banned: () => void }): VNode {
  const whom = useSignal("");
  const lasting = useLasting("1d");
  const reason = useSignal("");
  const told = useSignal("");
  const deed = useDeed();
  const ban = async (): Promise<void> => {
    told.value = "";
    const duration = lasts(lasting);
    if (duration === null) return;
    const request = { type: "ban", name: whom.value.trim(), ...duration, reason: reason.value.trim() } as const;
    let said = "";
    if (!(await deed.run(async () => (said = sentenceOf(await chat.line.ask(request)))))) return;
    told.value = said;
    whom.value = reason.value = "";
    banned();
  };
  return (
    <form
      class="stacked"
      onSubmit={(event) => {
        event.preventDefault();
        if (whom.value.trim() !== "") void ban();
      }}
    >
      <h3>{strings.banSomebody}</h3>
      <label class="labelled">
        {strings.nameOrAddress}
        <input value={whom.value} maxLength={64} autocomplete="off" onInput={(event) => (whom.value = event.currentTarget.value)} />
      </label>
      <Duration lasting={lasting} />
      <Reason value={reason} />
      <Said told={told.value} problem={deed.problem.value} />
      <p class="buttons">
        <button type="submit" class="plain danger" disabled={whom.value.trim() === ""}>
          {strings.ban}
        </button>
      </p>
    </form>
  );
}

function RoleForm(): VNode {
  const whom = useSignal("");
  const role = useSignal<Role>("moderator");
  const told = useSignal("");
  const deed = useDeed();
  const give = async (): Promise<void> => {
    told.value = "";
    const request = { type: "set_role", name: whom.value.trim(), role: role.value } as const;
    let said = "";
    if (await deed.run(async () => (said = sentenceOf(await chat.line.ask(request))))) told.value = said;
  };
  return (
    <form
      class="stacked"
      onSubmit={(event) => {
        event.preventDefault();
        if (whom.value.trim() !== "") void give();
      }}
    >
      <h3>{strings.roleOfSomebody}</h3>
      <label class="labelled">
        {strings.theirName}
        <input value={whom.value} maxLength={33} autocomplete="off" onInput={(event) => (whom.value = event.currentTarget.value)} />
      </label>
      <label class="labelled">
        {strings.roleOnServer}
        <select value={role.value} onChange={(event) => (role.value = event.currentTarget.value as Role)}>
          {SERVER_ROLES.map((each) => (
            <option key={each} value={each}>
              {strings.roles[each]}
            </option>
          ))}
        </select>
      </label>
      <Said told={told.value} problem={deed.problem.value} />
      <p class="buttons">
        <button type="submit" class="plain" disabled={whom.value.trim() === ""}>
          {strings.give}
        </button>
      </p>
    </form>
  );
}

function Invitations(): VNode {
  const held = useSignal<readonly wire.Invitation[] | null>(null);
  const uses = useSignal("1");
  const days = useSignal("7");
  const link = useSignal("");
  const deed = useDeed();
  const read = async (): Promise<void> => {
    held.value = (await chat.line.ask({ type: "invitations" })).invitations;
  };
  useEffect(() => void deed.run(read), []);
  const make = (): Promise<boolean> =>
    deed.run(async () => {
      const request = { type: "make_invitation", uses: Number(uses.value), days: Number(days.value) } as const;
      link.value = (await chat.line.ask(request)).link;
      await read();
    });
  const revoke = (id: string): Promise<boolean> =>
    deed.run(async () => {
      await chat.line.ask({ type: "revoke_invitation", invitation: id });
      await read();
    });
  return (
    <>
      <form
        class="stacked"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <h3>{strings.newInvitation}</h3>
        <div class="beside">
          <label class="labelled">
            {strings.uses}
            <input type="number" min={1} max={1000} required value={uses.value} onInput={(event) => (uses.value = event.currentTarget.value)} />
          </label>
          <label class="labelled">
            {strings.days}
            <input type="number" min={1} max={365} required value={days.value} onInput={(event) => (days.value = event.currentTarget.value)} />
          </label>
        </div>
        <p class="buttons">
          <button type="submit" class="primary">
            {strings.makeLink}
          </button>
        </p>
        <Link link={link.value} />
      </form>
      <section>
        <h3>{strings.invitationsNow}</h3>
        {held.value?.length === 0 ? <p class="quiet">{strings.noInvitations}</p> : null}
        <ul class="listed">
          {(held.value ?? []).map((each) => (
            <li key={each.id}>
              <div>
                <code>{each.id}</code> <span class="quiet">{strings.invitationHolds(each.uses, momentOf(each.until))}</span>
              </div>
              <button type="button" class="plain" aria-label={strings.revokeWhich(each.id)} onClick={() => void revoke(each.id)}>
                {strings.revoke}
              </button>
            </li>
          ))}
        </ul>
        <Said told="" problem={deed.problem.value} />
      </section>
    </>
  );
}

function Link({ link }: { link: string }): VNode | null {
  const box = useRef<HTMLInputElement>(null);
  const copied = useSignal("");
  if (link === "") return null;
  const copy = async (): Promise<void> => {
    box.current?.select();
    if (await copyText(link)) copied.value = link;
  };
  return (
    <>
      <label for="invitation-link">{strings.link}</label>
      <div class="with-button">
        <input ref={box} id="invitation-link" readOnly value={link} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" class="plain" onClick={() => void copy()}>
          {copied.value === link ? strings.copied : strings.copy}
        </button>
      </div>
      <p class="quiet">{strings.linkHint}</p>
    </>
  );
}

function Said({ told, problem }: { told: string; problem: string }): VNode {
  return (
    <p class={problem === "" ? "quiet" : "failure"} role={problem === "" ? "status" : "alert"}>
      {problem || told}
    </p>
  );
}
