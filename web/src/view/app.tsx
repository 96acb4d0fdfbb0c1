import { useLayoutEffect } from "preact/hooks";
import type { VNode } from "preact";
import { dispatch, store } from "../store/store";
import { peopleCount, titleOf, titleOfNew } from "../store/views";
import { strings } from "../strings";
import { covered, focusComposer, openNext } from "./actions";
import { chat } from "./app-chat";
import { chooseMessage, onChosenKey } from "./choosing";
import { Composer } from "./composer";
import { Dialogs } from "./dialogs";
import { InfoIcon, LockIcon, MenuIcon, PeopleIcon, SearchIcon } from "./icons";
import { Join } from "./join";
import { MessageList } from "./list";
import { Menu } from "./menu";
import { People } from "./people";
import { current, line, peopleShown, phase, room, rooms, roomsShown, said } from "./selectors";
import { Sidebar } from "./sidebar";

export function App(): VNode {
  if (phase.value !== "in") return <Join />;
  return <Rooms />;
}

function Rooms(): VNode {
  // At once: an effect waits for a frame, and by then somebody may have pressed Ctrl+K.
  useLayoutEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <div class={`app${peopleShown.value ? " with-people" : ""}`}>
      {current.value === null ? null : (
        <a class="skip" href="#composer" onClick={(event) => (event.preventDefault(), focusComposer())}>
          {strings.skip}
        </a>
      )}
      <Sidebar />
      {roomsShown.value ? <div class="scrim" onClick={() => dispatch({ type: "panel", rooms: false })} /> : null}
      {peopleShown.value ? <div class="scrim for-people" onClick={() => dispatch({ type: "panel", people: false })} /> : null}
      <main class="room">
        <Head />
        <LineState />
        {current.value === null ? <NoRoom /> : <MessageList />}
        <Composer />
      </main>
      <People />
      <Dialogs />
      <Menu />
      <div class="unseen" aria-live="polite" aria-atomic="true">
        {said.value}
      </div>
    </div>
  );
}

/** Whoever was shown out of the last room still reads why, and finds the way into another. */
function NoRoom(): VNode {
  return (
    <div class="no-room">
      <p>{said.value}</p>
      <p class="quiet">{strings.noRoom}</p>
      <button type="button" class="primary" onClick={() => dispatch({ type: "dialog", dialog: "rooms" })}>
        {strings.browse}
      </button>
    </div>
  );
}

function Head(): VNode {
  const here = room.value;
  const name = current.value ?? "";
  const waiting = Object.values(rooms.value).some((each) => each.unread > 0 && each.name !== name);
  const count = here === undefined ? 0 : peopleCount(here);
  return (
    <header class="head">
      <button
        type="button"
        class={waiting ? "icon narrow-only waiting" : "icon narrow-only"}
        aria-label={strings.showRooms}
        aria-expanded={roomsShown.value}
        onClick={() => dispatch({ type: "panel", rooms: !roomsShown.value })}
      >
        <MenuIcon />
      </button>
      <div class="titles">
        <h1>
          {here?.kind === "private" ? <LockIcon /> : null}
          <bdi>{here === undefined ? titleOfNew(name) : titleOf(here)}</bdi>
          {here?.kind === "private" ? <span class="unseen">, {strings.privateRoom}</span> : null}
        </h1>
        {here !== undefined && here.kind !== "direct" ? (
          <p class="topic" dir="auto" title={here.topic}>
            {here.topic || (here.may.includes("topic") ? strings.noTopic : "")}
          </p>
        ) : null}
      </div>
      {here === undefined ? null : (
        <button type="button" class="icon" aria-label={strings.search} title={strings.search} onClick={() => dispatch({ type: "dialog", dialog: "search" })}>
          <SearchIcon />
        </button>
      )}
      {here === undefined || here.kind === "direct" ? null : (
        <button type="button" class="icon" aria-label={strings.aboutRoom} title={strings.aboutRoom} onClick={() => dispatch({ type: "dialog", dialog: "room" })}>
          <InfoIcon />
        </button>
      )}
      {here === undefined ? null : (
        <button
          type="button"
          class="icon people-button"
          aria-label={strings.showPeople(count)}
          aria-expanded={peopleShown.value}
          onClick={() => dispatch({ type: "panel", people: !peopleShown.value })}
        >
          <PeopleIcon />
          <span aria-hidden="true">{count === 0 ? "" : count}</span>
        </button>
      )}
    </header>
  );
}

/** One calm line while there is no connection. */
function LineState(): VNode {
  const down = line.value.state === "down";
  return (
    <div class={down ? "line-state shown" : "line-state"} role="status">
      {down ? strings.reconnecting : ""}
    </div>
  );
}

function onKey(event: KeyboardEvent): void {
  const { dialog, current } = store.value;
  if (event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.shiftKey) {
    event.preventDefault();
    dispatch({ type: "dialog", dialog: dialog === "switch" ? null : "switch" });
  } else if (dialog !== null || document.querySelector("dialog[open]") !== null) {
    return;
  } else if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "f") {
    event.preventDefault();
    if (room.value !== undefined) dispatch({ type: "dialog", dialog: "search" });
  } else if ((event.ctrlKey || event.metaKey) && event.key === "ArrowUp") {
    if (chooseMessage()) event.preventDefault();
  } else if (onChosenKey(event)) {
    event.preventDefault();
  } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    openNext(event.key === "ArrowUp" ? -1 : 1);
  } else if (event.key === "Escape" && current !== null) {
    if (store.value.roomsShown) dispatch({ type: "panel", rooms: false });
    else if (store.value.peopleShown && covered()) dispatch({ type: "panel", people: false });
    else void chat.rooms.latest(current);
    focusComposer();
  } else if (event.key === "PageUp" || event.key === "PageDown") {
    scrollPage(event);
  } else if (writes(event)) {
    // The letter goes where the focus then is.
    focusComposer();
  }
}

/** Whether a key writes a letter that no field takes. */
function writes(event: KeyboardEvent): boolean {
  if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey) return false;
  return document.activeElement?.matches("input, textarea, select") !== true;
}

/** Page Up and Page Down move the messages also while one writes. */
function scrollPage(event: KeyboardEvent): void {
  const list = document.getElementById("messages");
  if (list === null || document.activeElement === list) return;
  event.preventDefault();
  list.scrollBy({ top: list.clientHeight * (event.key === "PageUp" ? -0.85 : 0.85) });
}
