// What is done to somebody, or to a message: asked once more, with a duration and a reason.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ComponentChildren, VNode } from "preact";
import { banLine, kickLine, muteLine, roleLine, unmuteLine } from "../chat/lines";
import type * as wire from "../protocol";
import type { Act } from "../store/state";
import { dispatch, store } from "../store/store";
import { strings } from "../strings";
import { titleOfName } from "../text/room-name";
import { chat } from "./app-chat";
import { done, useDeed, type Deed } from "./deed";
import { Dialog } from "./dialog";

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
  doing: () => Promise<string>;
  children: ComponentChildren;
}

/** A dialog that does one thing; what the server has against it stands above its buttons. */
function ActForm({ title, button, danger = false, deed, doing, children }: FormProps): VNode {
  const submit = async (): Promise<void> => {
    let said = "";
    if (await deed.run(async () => (said = await doing()))) done(said);
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
    await chat.line.ask(reason.value.trim() === "" ? { type: "delete", room, seq } : { type: "delete", room, seq, reason: reason.value.trim() });
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
      doing={() => chat.command(kickLine(person.name, reason.value), room)}
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
  const duration = useSignal("1h");
  const reason = useSignal("");
  const muted = useMutes(person.name, here ? room : null, mayEverywhere);
  const lift = async (mute: wire.Ban): Promise<void> => {
    let said = "";
    if (await deed.run(async () => (said = await chat.command(unmuteLine(person.name, mute.room === null), room)))) done(said);
  };
  return (
    <ActForm
      title={strings.muteTitle(person.name)}
      button={strings.mute}
      deed={deed}
      doing={() => chat.command(muteLine({ name: person.name, everywhere: everywhere.value, duration: duration.value, reason: reason.value }), room)}
    >
      {muted.map((mute) => (
        <p key={mute.room ?? ""} class="holds">
          <span>{mute.room === null ? `${strings.mutedNow(person.name)} ${strings.everywhere}.` : strings.mutedNow(person.name)}</span>
          <button type="button" class="plain" onClick={() => void lift(mute)}>
            {strings.unmute}
          </button>
        </p>
      ))}
      <p class="quiet">{strings.muteHint}</p>
      <Duration value={duration} />
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

/** The mutes of somebody that hold, as far as one may see them. */
function useMutes(name: string, room: string | null, everywhere: boolean): readonly wire.Ban[] {
  const found = useSignal<readonly wire.Ban[]>([]);
  useEffect(() => {
    const asked: wire.BansRequest[] = [];
    if (room !== null) asked.push({ type: "bans", room });
    if (everywhere) asked.push({ type: "bans" });
    for (const request of asked) {
      const take = (answer: unknown): void => {
        const mutes = (answer as wire.BanList).bans.filter((each) => each.kind === "mute" && each.whom === name);
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
  const duration = useSignal("");
  const reason = useSignal("");
  return (
    <ActForm
      title={strings.banTitle(person.name)}
      button={strings.ban}
      danger
      deed={deed}
      doing={() => chat.command(banLine(person.name, duration.value, reason.value))}
    >
      <p class="quiet">{strings.banHint}</p>
      <Duration value={duration} />
      <Reason value={reason} />
    </ActForm>
  );
}

export const ROOM_ROLES = ["member", "moderator", "owner"] as const;
export const SERVER_ROLES = ["member", "moderator", "admin", "owner"] as const;

function Role({ person, room }: About): VNode {
  const deed = useDeed();
  const { rooms, may } = store.value;
  const here = rooms[room];
  const mayHere = here?.may.includes("roles_here") === true && here.kind !== "direct";
  const roleNow = here?.members[person.id]?.role ?? "";
  const there = useSignal("");
  const onServer = useSignal("");
  const known = useSignal("");
  useEffect(() => {
    void chat.rooms.readMembers(room);
    if (may.includes("roles")) chat.command(`/role ${person.name}`, room).then((said) => (known.value = said), () => undefined);
  }, []);
  const doing = async (): Promise<string> => {
    const said: string[] = [];
    if (mayHere && there.value !== "" && there.value !== roleNow) said.push(await chat.command(roleLine(person.name, there.value, true), room));
    if (onServer.value !== "") said.push(await chat.command(roleLine(person.name, onServer.value, false), room));
    void chat.rooms.readMembers(room);
    return said.filter((each) => each !== "").join("\n");
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
  roles: readonly string[];
  /** What is chosen as long as nobody chooses. */
  now?: string;
  value: { value: string };
}

function Choice({ name, legend, roles, now = "", value }: ChoiceProps): VNode {
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div class="segments">
        {roles.map((role) => (
          <label key={role}>
            <input type="radio" name={name} checked={(value.value || now) === role} onChange={() => (value.value = role)} />
            <span>{strings.roles[role] ?? role}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Duration({ value }: { value: { value: string } }): VNode {
  return (
    <label class="labelled">
      {strings.howLong}
      <select value={value.value} onChange={(event) => (value.value = event.currentTarget.value)}>
        {strings.durations.map(([each, label]) => (
          <option key={each} value={each}>
            {label}
          </option>
        ))}
      </select>
    </label>
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
