import type { VNode } from "preact";
import { dispatch } from "../store/store";
import type { Member } from "../store/state";
import { peopleOf } from "../store/views";
import { strings } from "../strings";
import { openDirect } from "./actions";
import { chat } from "./app-chat";
import { Avatar } from "./avatar";
import { CloseIcon, LeaveIcon, MoreIcon } from "./icons";
import { openPersonMenu } from "./person-menu";
import { me, peopleShown, room } from "./selectors";

function close(): void {
  dispatch({ type: "panel", people: false });
  // The button that is gone had the focus.
  document.querySelector<HTMLElement>(".people-button")?.focus();
}

/** What stands behind a name: a role is told of those who have one. */
export function noteOf(person: Member, own: boolean): string {
  const role = person.role === "owner" || person.role === "moderator" ? (strings.roles[person.role] ?? "").toLowerCase() : "";
  return [role, own ? strings.you : person.away ? strings.away : ""].filter((each) => each !== "").join(", ");
}

/** Who is in the room; a press begins a conversation. */
export function People(): VNode | null {
  const here = room.value;
  if (!peopleShown.value || here === undefined) return null;
  const people = peopleOf(here);
  return (
    <aside class="people" aria-label={strings.peopleTitle} id="people">
      <header>
        <h2>{here.users === null ? strings.people(people.length) : strings.people(here.users)}</h2>
        <button type="button" class="icon" aria-label={strings.close} onClick={close}>
          <CloseIcon />
        </button>
      </header>
      <ul>
        {people.map((person) => {
          const own = person.id === me.value?.id;
          return (
            <li key={person.id} class={person.away ? "away" : ""}>
              <button type="button" disabled={own} title={own ? undefined : strings.messageTo(person.name)} onClick={() => openDirect([person.name])}>
                <Avatar id={person.id} name={person.name} small />
                <bdi>{person.name}</bdi>
                <span class="hint">{noteOf(person, own)}</span>
              </button>
              {own ? null : (
                <button
                  type="button"
                  class="icon"
                  aria-label={strings.personMenu(person.name)}
                  aria-haspopup="menu"
                  onClick={(event) => openPersonMenu(event.currentTarget, person)}
                >
                  <MoreIcon />
                </button>
              )}
            </li>
          );
        })}
        {people.length <= 1 ? <li class="quiet alone">{strings.onlyYou}</li> : null}
      </ul>
      {here.kind === "direct" ? null : (
        <button type="button" class="leave" onClick={() => void chat.rooms.leave(here.name).catch(() => undefined)}>
          <LeaveIcon /> {strings.leaveRoom}
        </button>
      )}
    </aside>
  );
}
