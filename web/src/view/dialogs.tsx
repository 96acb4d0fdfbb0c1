import { useEffect } from "preact/hooks";
import type { VNode } from "preact";
import { dispatch, store } from "../store/store";
import { badge, namesOf, roomList, titleOf } from "../store/views";
import { strings } from "../strings";
import { fold } from "../text/mention";
import { titleOfName } from "../text/room-name";
import { AccountDialog } from "./account";
import { ActDialog } from "./act";
import { openDirect } from "./actions";
import { chat } from "./app-chat";
import { Dialog } from "./dialog";
import { Finder, type Found } from "./finder";
import { dialog, room } from "./selectors";
import { ManageDialog } from "./manage";
import { NewRoomDialog } from "./new-room";
import { NotificationsDialog } from "./notifications";
import { RoomDialog } from "./room-dialog";
import { SearchDialog } from "./search";
import { SettingsDialog } from "./settings";

/** The dialog that is open, if one is. */
export function Dialogs(): VNode | null {
  const open = dialog.value;
  if (open !== null && typeof open === "object") return <ActDialog act={open} />;
  switch (open) {
    case "switch":
      return <SwitchDialog />;
    case "rooms":
      return <RoomsDialog />;
    case "settings":
      return <SettingsDialog />;
    case "notifications":
      return <NotificationsDialog />;
    case "account":
      return <AccountDialog />;
    case "new_room":
      return <NewRoomDialog />;
    case "room":
      return <RoomDialog />;
    case "search":
      return <SearchDialog />;
    case "manage":
      return <ManageDialog />;
    case "keys":
      return <KeysDialog />;
    case null:
      return null;
  }
}

const FOUND_MOST = 12;

function enter(name: string): void {
  dispatch({ type: "dialog", dialog: null });
  void chat.rooms.enterOrSay(name);
}

function SwitchDialog(): VNode {
  useEffect(() => void chat.rooms.readDirectory(), []);
  const find = (word: string): Found[] => {
    const state = store.value;
    const wanted = fold(word.replace(/^[#@]/, ""));
    const fits = (name: string): boolean => fold(name).includes(wanted);
    const { rooms, direct } = roomList(state);
    const waiting = [...rooms, ...direct].sort((one, other) => other.unread - one.unread);
    const known = waiting
      .filter((each) => fits(titleOf(each)))
      .map((each) => ({
        key: each.name,
        label: titleOf(each),
        hint: each.unread > 0 ? strings.unread(Math.max(each.unread, badge(each))) : each.topic,
        open: () => chat.rooms.open(each.name),
      }));
    const talking = new Set(direct.filter((each) => each.others.length === 1).map((each) => each.others[0]?.name));
    const people = namesOf(state, room.value)
      .filter((name) => fits(name) && !talking.has(name))
      .map((name) => ({ key: `to:${name}`, label: `@${name}`, hint: strings.direct, open: () => openDirect([name]) }));
    const others = (state.directory ?? [])
      .filter((each) => wanted !== "" && !(each.room in state.rooms) && fits(each.room))
      .map((each) => ({ key: each.room, label: titleOfName(each.room), hint: each.topic || strings.people(each.users), open: () => enter(each.room) }));
    return [...known, ...people, ...others].slice(0, FOUND_MOST);
  };
  return (
    <Dialog title={strings.switchRoom} kind="switch">
      <Finder label={strings.switchHint} none={strings.nobodyFits} find={find} />
    </Dialog>
  );
}

function RoomsDialog(): VNode {
  useEffect(() => void chat.rooms.readDirectory(), []);
  const find = (word: string): Found[] => {
    const wanted = word.replace(/^#/, "").trim();
    const directory = store.value.directory ?? [];
    const fits = directory.filter((each) => fold(each.room).includes(fold(wanted)) || fold(each.topic).includes(fold(wanted)));
    const found = fits.map((each) => ({
      key: each.room,
      label: titleOfName(each.room),
      hint: (
        <>
          {each.topic} <span class="count">{strings.people(each.users)}</span>
        </>
      ),
      open: () => enter(each.room),
    }));
    const known = directory.some((each) => fold(each.room) === fold(wanted));
    if (wanted === "" || known || !mayMake()) return found;
    return [...found, { key: "create", label: strings.createRoom(wanted), hint: "", open: () => enter(wanted) }];
  };
  return (
    <Dialog title={strings.browse} kind="rooms">
      <Finder label={strings.newRoomName} none={store.value.directory === null ? strings.loading : strings.noRooms} find={find} />
      {mayMake() ? (
        <p class="buttons">
          <button type="button" class="plain" onClick={() => dispatch({ type: "dialog", dialog: "new_room" })}>
            {strings.makeRoom}
          </button>
        </p>
      ) : null}
    </Dialog>
  );
}

/** A server that tells of no rights is of an earlier release, and lets everybody. */
function mayMake(): boolean {
  const { may } = store.value;
  return may.length === 0 || may.includes("create_room");
}

function KeysDialog(): VNode {
  return (
    <Dialog title={strings.keys} kind="keys">
      <dl>
        {strings.keyList.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
