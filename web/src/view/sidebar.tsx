import { useComputed } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Room } from "../store/state";
import { dispatch } from "../store/store";
import { badge, roomList, titleOf } from "../store/views";
import { strings } from "../strings";
import { bare } from "../text/room-name";
import { chat } from "./app-chat";
import { Avatar } from "./avatar";
import { CloseIcon, GearIcon, LockIcon, PlusIcon, SearchIcon, ShieldIcon } from "./icons";
import { partsFor } from "./manage";
import { current, drafts, may, me, present, rooms as known, roomsShown, serverName } from "./selectors";

function close(): void {
  dispatch({ type: "panel", rooms: false });
  document.querySelector<HTMLElement>(".head .narrow-only")?.focus();
}

/** The rooms and conversations, and who one is. */
export function Sidebar(): VNode {
  const list = useComputed(() => roomList({ rooms: known.value }));
  const { rooms, direct } = list.value;
  const hide = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (roomsShown.value) hide.current?.focus();
  }, [roomsShown.value]);
  const item = (room: Room): VNode => <Item key={room.name} room={room} current={room.name === current.value} draft={room.name in drafts.value && room.name !== current.value} />;
  return (
    <nav class={roomsShown.value ? "sidebar shown" : "sidebar"} aria-label={strings.rooms} id="rooms">
      <header>
        <strong class="server">{serverName.value}</strong>
        {partsFor(may.value).length === 0 ? null : (
          <button type="button" class="icon" aria-label={strings.manage} title={strings.manage} onClick={() => dispatch({ type: "dialog", dialog: "manage" })}>
            <ShieldIcon />
          </button>
        )}
        <button type="button" class="icon narrow-only" aria-label={strings.hideRooms} ref={hide} onClick={close}>
          <CloseIcon />
        </button>
      </header>
      <button type="button" class="jump-to" onClick={() => dispatch({ type: "dialog", dialog: "switch" })}>
        <SearchIcon /> {strings.switchRoom} <kbd>Ctrl K</kbd>
      </button>
      <div class="lists">
        <section aria-label={strings.rooms}>
          <h2>
            {strings.rooms}
            <button type="button" class="icon" aria-label={strings.browse} title={strings.browse} onClick={() => dispatch({ type: "dialog", dialog: "rooms" })}>
              <PlusIcon />
            </button>
          </h2>
          <ul>{rooms.map(item)}</ul>
        </section>
        {direct.length === 0 ? null : (
          <section aria-label={strings.direct}>
            <h2>{strings.direct}</h2>
            <ul>{direct.map(item)}</ul>
          </section>
        )}
      </div>
      <button type="button" class="self" onClick={() => dispatch({ type: "dialog", dialog: "settings" })}>
        <Avatar id={me.value?.id ?? ""} name={me.value?.name ?? "?"} />
        <bdi>{me.value?.name}</bdi>
        <span class="unseen">{strings.settings}</span>
        <GearIcon />
      </button>
    </nav>
  );
}

function short(count: number): string {
  return count > 99 ? "99+" : String(count);
}

function Item({ room, current, draft }: { room: Room; current: boolean; draft: boolean }): VNode {
  const count = badge(room);
  const one = room.kind === "direct" && room.others.length === 1 ? room.others[0] : undefined;
  const here = one !== undefined && present.value.has(one.id);
  const kind = `${room.unread > 0 && !current ? "unread" : ""}${room.archived ? " archived" : ""}`.trim();
  return (
    <li>
      <a
        href={`#${room.name}`}
        class={kind}
        aria-current={current ? "page" : undefined}
        onClick={(event) => {
          event.preventDefault();
          chat.rooms.open(room.name);
        }}
      >
        {room.kind === "direct" ? (
          <span class={here ? "dot here" : "dot"} aria-hidden="true" />
        ) : (
          <span class="hash" aria-hidden="true">
            {room.kind === "private" ? <LockIcon /> : "#"}
          </span>
        )}
        <bdi class="name">{room.kind === "direct" ? titleOf(room) : bare(room.name)}</bdi>
        {room.kind === "private" ? <span class="unseen">, {strings.privateRoom}</span> : null}
        {draft ? <span class="draft" aria-hidden="true">✎</span> : null}
        {room.unread > 0 && !current ? <span class="unseen">, {strings.unread(room.unread)}</span> : null}
        {count > 0 && !current ? (
          <span class="badge">
            <span class="unseen">{room.kind === "direct" ? "" : strings.mentionsCount(count)}</span>
            <span aria-hidden="true">{short(count)}</span>
          </span>
        ) : room.unread > 0 && !current ? (
          <span class="badge calm" aria-hidden="true">
            {short(room.unread)}
          </span>
        ) : null}
      </a>
    </li>
  );
}
