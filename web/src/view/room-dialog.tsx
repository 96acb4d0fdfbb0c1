// What a room is, who is in it, and, for those who may, what it shall be.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ComponentChildren, VNode } from "preact";
import { defaultRoom } from "../chat/chat";
import type * as wire from "../protocol";
import type { Member, Room } from "../store/state";
import { peopleOf, titleOf } from "../store/views";
import { strings } from "../strings";
import { sentenceOf } from "../text/done";
import { bare, roomWord } from "../text/room-name";
import { ROOM_ROLES, type Role } from "./act";
import { chat } from "./app-chat";
import { Avatar } from "./avatar";
import { useDeed } from "./deed";
import { Dialog } from "./dialog";
import { MoreIcon } from "./icons";
import { noteOf } from "./people";
import { openPersonMenu } from "./person-menu";
import { Audit, Penalties } from "./record";
import { me, room } from "./selectors";

export function RoomDialog(): VNode | null {
  const here = room.value;
  useEffect(() => {
    if (here !== undefined) void chat.rooms.readMembers(here.name);
  }, []);
  if (here === undefined) return null;
  const may = (right: string): boolean => here.may.includes(right);
  return (
    <Dialog title={titleOf(here)} kind="settings about-room">
      <p class="quiet">{sentences(here)}</p>
      {may("topic") ? <Topic room={here} /> : here.topic === "" ? null : <p dir="auto">{here.topic}</p>}
      {may("settings") ? <Kind room={here} /> : null}
      {here.kind === "private" && may("invite_here") ? <Invite room={here} /> : null}
      <Members room={here} />
      {may("audit_here") ? (
        <>
          <Folded title={strings.mutes}>
            <Penalties room={here.name} none={strings.noMutes} />
          </Folded>
          <Folded title={strings.auditHere}>
            <Audit room={here.name} />
          </Folded>
        </>
      ) : null}
    </Dialog>
  );
}

function sentences(here: Room): string {
  const kind = here.kind === "private" ? strings.isPrivate : strings.isPublic;
  const more = [here.readOnly ? strings.isReadOnly : "", here.archived ? strings.isArchived : ""];
  const role = here.role === "moderator" || here.role === "owner" ? strings.yourRole(here.role) : "";
  return [kind, ...more, role].filter((each) => each !== "").join(" ");
}

interface FieldProps {
  id: string;
  label: string;
  button: string;
  initial: string;
  most: number;
  /** What is done with it; what is said when that is done. */
  doing: (value: string) => Promise<string>;
  /** Whether the field is empty again when it is done. */
  clears?: boolean;
}

/** One line of text that is sent off by its button. */
export function Field({ id, label, button, initial, most, doing, clears = false }: FieldProps): VNode {
  const value = useSignal(initial);
  const told = useSignal("");
  const deed = useDeed();
  const submit = async (): Promise<void> => {
    told.value = "";
    let said = "";
    if (!(await deed.run(async () => (said = await doing(value.value.trim()))))) return;
    told.value = said;
    if (clears) value.value = "";
  };
  const idle = value.value.trim() === initial.trim() || value.value.trim() === "";
  return (
    <form
      class="name-field"
      onSubmit={(event) => {
        event.preventDefault();
        if (!idle) void submit();
      }}
    >
      <label for={id}>{label}</label>
      <div class="with-button">
        <input
          id={id}
          dir="auto"
          value={value.value}
          maxLength={most}
          autocomplete="off"
          aria-describedby={`${id}-said`}
          aria-invalid={deed.problem.value !== ""}
          onInput={(event) => (value.value = event.currentTarget.value)}
        />
        <button type="submit" class="plain" disabled={idle}>
          {button}
        </button>
      </div>
      <p id={`${id}-said`} class={deed.problem.value === "" ? "quiet" : "failure"} role={deed.problem.value === "" ? "status" : "alert"}>
        {deed.problem.value || told.value}
      </p>
    </form>
  );
}

function Topic({ room: { name, topic } }: { room: Room }): VNode {
  const doing = async (value: string): Promise<string> => {
    await chat.command(`/topic ${value}`, name);
    return strings.saved;
  };
  return <Field key={topic} id="room-topic" label={strings.topic} button={strings.save} initial={topic} most={250} doing={doing} />;
}

/** What only a room's owners change. The room where everybody begins stays what it is. */
function Kind({ room: here }: { room: Room }): VNode {
  const deed = useDeed();
  const first = here.name === defaultRoom();
  const change = (to: Omit<wire.ChangeRoomRequest, "type" | "room">): Promise<wire.RoomChanged> =>
    chat.line.ask({ type: "change_room", room: here.name, ...to });
  const set = (to: Parameters<typeof change>[0]): void => void deed.run(() => change(to));
  const rename = async (typed: string): Promise<string> => {
    await change({ name: roomWord(typed) });
    return strings.saved;
  };
  return (
    <section>
      {first ? null : (
        <>
          <Field
            key={here.name}
            id="room-name"
            label={strings.renameRoom}
            button={strings.rename}
            initial={bare(here.name)}
            most={64}
            doing={rename}
          />
          <label class="switch-row">
            <input type="checkbox" checked={here.kind === "private"} onChange={(event) => set({ kind: event.currentTarget.checked ? "private" : "public" })} />
            <span>{strings.privateSwitch}</span>
          </label>
        </>
      )}
      <label class="switch-row">
        <input type="checkbox" checked={here.readOnly} onChange={(event) => set({ read_only: event.currentTarget.checked })} />
        <span>{strings.readOnlySwitch}</span>
      </label>
      {first ? null : (
        <>
          <p class="buttons">
            <button type="button" class="plain" aria-describedby="archive-hint" onClick={() => set({ archived: !here.archived })}>
              {here.archived ? strings.unarchive : strings.archive}
            </button>
          </p>
          <p class="quiet" id="archive-hint">
            {here.archived ? "" : strings.archiveHint}
          </p>
        </>
      )}
      <p class="failure" role="alert">
        {deed.problem.value}
      </p>
    </section>
  );
}

function Invite({ room: { name } }: { room: Room }): VNode {
  const doing = async (value: string): Promise<string> => sentenceOf(await chat.line.ask({ type: "invite", room: name, name: value }));
  return (
    <section>
      <Field id="room-invite" label={strings.inviteHere} button={strings.invite} initial="" most={32} doing={doing} clears />
    </section>
  );
}

function Members({ room: here }: { room: Room }): VNode {
  const deed = useDeed();
  const give = (member: Member, role: Role): void =>
    void deed.run(async () => {
      await chat.line.ask({ type: "set_role", room: here.name, name: member.name, role });
      await chat.rooms.readMembers(here.name);
    });
  const people = peopleOf(here);
  return (
    <section>
      <h3>{strings.members}</h3>
      <ul class="listed">
        {people.map((member) => (
          <li key={member.id}>
            <Avatar id={member.id} name={member.name} small />
            <bdi class="grows">{member.name}</bdi>
            {here.may.includes("roles_here") && member.id !== me.value?.id && member.role !== "guest" ? (
              <select aria-label={strings.roleTitle(member.name)} value={member.role} onChange={(event) => give(member, event.currentTarget.value as Role)}>
                {ROOM_ROLES.map((role) => (
                  <option key={role} value={role}>
                    {strings.roles[role]}
                  </option>
                ))}
              </select>
            ) : (
              <span class="hint">{member.role === "guest" ? strings.roles["guest"] : noteOf(member, member.id === me.value?.id)}</span>
            )}
            {member.id === me.value?.id ? null : (
              <button
                type="button"
                class="icon"
                aria-label={strings.personMenu(member.name)}
                aria-haspopup="menu"
                onClick={(event) => openPersonMenu(event.currentTarget, member)}
              >
                <MoreIcon />
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

/** A part that is read from the server when somebody opens it. */
function Folded({ title, children }: { title: string; children: ComponentChildren }): VNode {
  const open = useSignal(false);
  return (
    <details onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>{title}</summary>
      {open.value ? children : null}
    </details>
  );
}
