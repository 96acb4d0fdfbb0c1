// What is done to somebody, or to a message: asked once more, with a duration and a reason.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ComponentChildren, VNode } from "preact";
import type * as wire from "../protocol";
import type { Act } from "../store/state";
import { dispatch, store } from "../store/store";
import { strings } from "../strings";
import { sentenceOf } from "../text/done";
import { titleOfName } from "../text/room-name";
import { chat } from "./app-chat";
import { done, useDeed, type Deed } from "./deed";
import { Dialog } from "./dialog";
import { Duration, lasts, useLasting } from "./duration";

export function ActDialog({ act }: { act: Act }): VNode {
  switch (act.kind) {
    case "delete":
      return <Delete message={act.message} />;
    case "kick":
      return <Kick {...act} />;
    case "mute":
      return <Mute {...act} />;
    case "ban":
      return <Ban {...act} />;
    case "role":
      return <Role {...act} />;
  }
}

interface About {
  person: wire.Person;
  room: string;
}

interface FormProps {
  title: string;
  button: string;
  danger?: boolean;
  deed: Deed;
  /** Does it, and says what came of it; null where a field has something against it and tells so. */
  doing: () => Promise<string | null>;
  children: ComponentChildren;
}

/** A dialog that does one thing; what the server has against it stands above its buttons. */
function ActForm({ title, button, danger = false, deed, doing, children }: FormProps): VNode {
  const submit = async (): Promise<void> => {
    let said: string | null = null;
    if ((await deed.run(async () => (said = await doing()))) && said !== null) done(said);
  };
  return (
    <Dialog title={title} kind="act">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {children}
        <p class="failure" role="alert">
          {deed.problem.value}
        </p>
        <p class="buttons">
          <button type="submit" class={danger ? "primary risky" : "primary"} aria-disabled={deed.busy.value}>
            {button}
          </button>
          <button type="button" class="plain" onClick={() => dispatch({ type: "dialog", dialog: null })}>
            {strings.cancel}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

function Delete({ message }: { message: wire.Message }): VNode {
  const deed = useDeed();
  const reason = useSignal("");
  const own = message.from.id === store.value.me?.id;
  const doing = async (): Promise<string> => {
    const { room, seq } = message;
    await chat.line.ask({ type: "delete", room, seq, reason: reason.value.trim() });
    return "";
  };
  return (
    <ActForm title={strings.deleteTitle} button={strings.delete} danger deed={deed} doing={doing}>
      <blockquote class="quoted" dir="auto">
        {own ? null : <b>{message.from.name}: </b>}
        {message.text}
      </blockquote>
      <p class="quiet">{strings.deleteHint}</p>
      {own ? null : <Reason value={reason} hint={strings.auditHint} />}
    </ActForm>
  );
}

function Kick({ person, room }: About): VNode {
  const deed = useDeed();
  const reason = useSignal("");
  return (
    <ActForm
      title={strings.kickTitle(person.name, titleOfName(room))}
      button={strings.kick}
      danger
      deed={deed}
      doing={async () => sentenceOf(await chat.line.ask({ type: "kick", room, name: person.name, reason: reason.value.trim() }))}
    >
      <p class="quiet">{strings.kickHint}</p>
      <Reason value={reason} />
    </ActForm>
  );
}

function Mute({ person, room }: About): VNode {
  const deed = useDeed();
  const { rooms, may } = store.value;
  const here = rooms[room]?.may.includes("mute") === true && rooms[room]?.kind !== "direct";
  const mayEverywhere = may.includes("mute_everywhere");
  const everywhere = useSignal(!here);
  const lasting = useLasting("1h");
  const reason = useSignal("");
  const muted = useMutes(person.name, here ? room : null, mayEverywhere);
  const lift = async (mute: wire.Ban): Promise<void> => {
    let said = "";
    const unmute = { type: "unmute", name: person.name, ...at(mute.room) } as const;
    if (await deed.run(async () => (said = sentenceOf(await chat.line.ask(unmute))))) done(said);
  };
  const mute = async (): Promise<string | null> => {
    const duration = lasts(lasting);
    if (duration === null) return null;
    const where = at(everywhere.value ? null : room);
    return sentenceOf(await chat.line.ask({ type: "mute", name: person.name, ...where, ...duration, reason: reason.value.trim() }));
  };
  return (
    <ActForm title={strings.muteTitle(person.name)} button={strings.mute} deed={deed} doing={mute}>
      {muted.map((mute) => (
        <p key={mute.room ?? ""} class="holds">
          <span>{mute.room === null ? `${strings.mutedNow(person.name)} ${strings.everywhere}.` : strings.mutedNow(person.name)}</span>
          <button type="button" class="plain" onClick={() => void lift(mute)}>
            {strings.unmute}
          </button>
        </p>
      ))}
      <p class="quiet">{strings.muteHint}</p>
      <Duration lasting={lasting} />
      <Reason value={reason} />
      {here && mayEverywhere ? (
        <label class="switch-row">
          <input type="checkbox" checked={everywhere.value} onChange={(event) => (everywhere.value = event.currentTarget.checked)} />
          <span>{strings.everywhere}</span>
        </label>
      ) : null}
    </ActForm>
  );
}

/** Where something holds; in no room is everywhere. */
function at(room: string | null): { room?: string } {
  return room === null ? {} : { room };
}

/** The mutes of somebody that hold, as far as one may see them. */
function useMutes(name: string, room: string | null, everywhere: boolean): readonly wire.Ban[] {
  const found = useSignal<readonly wire.Ban[]>([]);
  useEffect(() => {
    const asked: wire.BansRequest[] = [];
    if (room !== null) asked.push({ type: "bans", room });
    if (everywhere) asked.push({ type: "bans" });
    for (const request of asked) {
      const take = ({ bans }: wire.BanList): void => {
        const mutes = bans.filter((each) => each.kind === "mute" && each.whom === name);
        const known = new Set(found.value.map((each) => each.room));
        found.value = [...found.value, ...mutes.filter((each) => !known.has(each.room))];
      };
      chat.line.ask(request).then(take, () => undefined);
    }
  }, []);
  return found.value;
}

function Ban({ person }: About): VNode {
  const deed = useDeed();
  const lasting = useLasting("");
  const reason = useSignal("");
  const ban = async (): Promise<string | null> => {
    const duration = lasts(lasting);
    if (duration === null) return null;
    return sentenceOf(await chat.line.ask({ type: "ban", name: person.name, ...duration, reason: reason.value.trim() }));
  };
  return (
    <ActForm title={strings.banTitle(person.name)} button={strings.ban} danger deed={deed} doing={ban}>
      <p class="quiet">{strings.banHint}</p>
      <Duration lasting={lasting} />
      <Reason value={reason} />
    </ActForm>
  );
}

export type Role = wire.SetRoleRequest["role"];
export const ROOM_ROLES: readonly Role[] = ["member", "moderator", "owner"];
export const SERVER_ROLES: readonly Role[] = ["member", "moderator", "admin", "owner"];

function Role({ person, room }: About): VNode {
  const deed = useDeed();
  const { rooms, may } = store.value;
  const here = rooms[room];
  const mayHere = here?.may.includes("roles_here") === true && here.kind !== "direct";
  const roleNow = here?.members[person.id]?.role ?? "";
  const there = useSignal<Role | null>(null);
  const onServer = useSignal<Role | null>(null);
  const known = useSignal("");
  useEffect(() => {
    void chat.rooms.readMembers(room);
    if (may.includes("roles")) chat.command(`/role ${person.name}`, room).then((said) => (known.value = said), () => undefined);
  }, []);
  const doing = async (): Promise<string> => {
    const said: string[] = [];
    const give = async (role: Role, where: { room?: string }): Promise<void> => {
      said.push(sentenceOf(await chat.line.ask({ type: "set_role", name: person.name, role, ...where })));
    };
    if (mayHere && there.value !== null && there.value !== roleNow) await give(there.value, { room });
    if (onServer.value !== null) await give(onServer.value, {});
    void chat.rooms.readMembers(room);
    return said.join("\n");
  };
  return (
    <ActForm title={strings.roleTitle(person.name)} button={strings.save} deed={deed} doing={doing}>
      {mayHere ? <Choice name="there" legend={strings.roleHere(titleOfName(room))} roles={ROOM_ROLES} now={roleNow} value={there} /> : null}
      {may.includes("roles") ? <Choice name="server" legend={strings.roleOnServer} roles={SERVER_ROLES} value={onServer} /> : null}
      <p class="quiet">{known.value}</p>
    </ActForm>
  );
}

interface ChoiceProps {
  name: string;
  legend: string;
  roles: readonly Role[];
  /** What is chosen as long as nobody chooses. */
  now?: string;
  value: { value: Role | null };
}

function Choice({ name, legend, roles, now = "", value }: ChoiceProps): VNode {
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div class="segments">
        {roles.map((role) => (
          <label key={role}>
            <input type="radio" name={name} checked={(value.value ?? now) === role} onChange={() => (value.value = role)} />
            <span>{strings.roles[role] ?? role}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Reason({ value, hint = strings.reasonHint }: { value: { value: string }; hint?: string }): VNode {
  return (
    <label class="labelled">
      {strings.reason}
      <input value={value.value} maxLength={200} autocomplete="off" placeholder={hint} onInput={(event) => (value.value = event.currentTarget.value)} />
    </label>
  );
}
