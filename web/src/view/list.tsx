// The messages of a room: a window into its log that grows and moves as one scrolls, and stays
// where one reads.

import { Component, createRef, type ComponentChild, type VNode } from "preact";
import { atEnd, atStart, NEW, type Room } from "../store/state";
import { dispatch } from "../store/store";
import { titleOf, type Row } from "../store/views";
import { strings } from "../strings";
import { chat } from "./app-chat";
import { chooseByTouch } from "./choosing";
import { DownIcon, UpIcon } from "./icons";
import { me, names, room, rows, target } from "./selectors";
import { showRow } from "./row";

/** How near to an edge of the window the next page is asked for, in pixels. */
const NEAR_PX = 1200;
const BOTTOM_PX = 48;

interface Props {
  room: Room;
  rows: Row[];
  names: ReadonlySet<string>;
  me: string;
  myName: string;
  target: string | null;
}

interface Anchor {
  key: string;
  top: number;
}

export function MessageList(): VNode | null {
  const shown = room.value;
  if (shown === undefined) return <Begin rows={rows.value} />;
  const { id = "", name = "" } = me.value ?? {};
  return (
    <List key={shown.key} room={shown} rows={rows.value} names={names.value} me={id} myName={name} target={target.value} />
  );
}

function Begin({ rows }: { rows: Row[] }): VNode {
  return (
    <div class="scroll">
      <div class="rows">{rows.map((row) => showRow(row, { names: new Set(), me: "", myName: "" }))}</div>
    </div>
  );
}

class List extends Component<Props> {
  readonly #box = createRef<HTMLDivElement>();
  readonly #rows = createRef<HTMLDivElement>();
  #anchor: Anchor | null = null;
  #size: ResizeObserver | null = null;

  override shouldComponentUpdate(next: Props): boolean {
    return (Object.keys(next) as (keyof Props)[]).some((each) => next[each] !== this.props[each]);
  }

  override componentDidMount(): void {
    this.#size = new ResizeObserver(() => this.#settle());
    if (this.#box.current !== null) this.#size.observe(this.#box.current);
    this.#settle();
  }

  override componentWillUnmount(): void {
    this.#size?.disconnect();
  }

  override componentDidUpdate(): void {
    this.#settle();
  }

  /** Puts the list where the person left it: at its end, or at the row that was looked at. */
  #settle(): void {
    const box = this.#box.current;
    if (box === null) return;
    if (this.props.target !== null) this.#goTo(this.props.target);
    else if (this.props.room.following) box.scrollTop = box.scrollHeight;
    else if (this.#anchor !== null) {
      const row = this.#find(this.#anchor.key);
      if (row !== null) box.scrollTop += row.getBoundingClientRect().top - this.#anchor.top;
    }
    this.#note();
    this.#fill();
  }

  #goTo(key: string): void {
    const row = this.#find(key);
    if (row === null) return;
    for (const former of this.#rows.current?.querySelectorAll("[data-found]") ?? []) former.removeAttribute("data-found");
    if (key !== NEW) row.setAttribute("data-found", "");
    row.scrollIntoView({ block: "start" });
    const box = this.#box.current;
    if (box !== null) box.scrollTop -= box.clientHeight / 4;
    dispatch({ type: "target", target: null });
    // Where everything is in view there is no scrolling that would tell so.
    this.#onScroll();
  }

  #find(key: string): Element | null {
    return this.#rows.current?.querySelector(`[data-key="${key}"]`) ?? null;
  }

  /** Notes the first message in view, which is the one that must not move: what stands between messages does. */
  #note(): void {
    const box = this.#box.current;
    const all = this.#rows.current?.children;
    if (box === null || all === undefined) return;
    const edge = box.getBoundingClientRect().top;
    let low = 0;
    let high = all.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((all[middle]?.getBoundingClientRect().bottom ?? 0) > edge) high = middle;
      else low = middle + 1;
    }
    while (low < all.length - 1 && all[low]?.getAttribute("data-key")?.startsWith("e") !== true) low += 1;
    const row = all[low];
    const key = row?.getAttribute("data-key");
    this.#anchor = row === undefined || key == null ? null : { key, top: row.getBoundingClientRect().top };
  }

  #fill(): void {
    const box = this.#box.current;
    const { room } = this.props;
    if (box === null || room.loading !== null || !chat.line.isUp) return;
    if (box.scrollTop < NEAR_PX && !atStart(room)) {
      if (room.events.length === 0) void chat.rooms.load(room.name, "jump", {});
      else if (!room.following || box.scrollHeight < box.clientHeight + NEAR_PX) chat.rooms.older(room.name);
    } else if (box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX && !atEnd(room)) {
      chat.rooms.newer(room.name);
    }
  }

  readonly #onScroll = (): void => {
    const box = this.#box.current;
    if (box === null) return;
    const { room } = this.props;
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    const following = below < BOTTOM_PX && atEnd(room);
    this.#note();
    if (following !== room.following) dispatch({ type: "following", room: room.name, following });
    else this.#fill();
  };

  override render(): ComponentChild {
    const { room, rows, names, me, myName } = this.props;
    const title = titleOf(room);
    const look = { names, me, myName };
    return (
      <div class="messages">
        <div class="scroll" ref={this.#box} onScroll={this.#onScroll} tabIndex={0} role="region" aria-label={strings.messages(title)} id="messages">
          <div class="top">{top(room, title)}</div>
          <div class="rows" ref={this.#rows} onClick={chooseByTouch}>
            {rows.map((row) => showRow(row, look))}
          </div>
        </div>
        <Jump room={room} />
      </div>
    );
  }
}

function top(room: Room, title: string): ComponentChild {
  if (!atStart(room)) return room.loading === "older" || room.events.length === 0 ? strings.loading : "";
  if (room.kind === "direct") return strings.directBeginning(title);
  return room.events.length === 0 ? strings.empty : strings.beginning(title);
}

function Jump({ room }: { room: Room }): VNode | null {
  if (room.following) {
    const oldest = room.events[0]?.seq ?? 0;
    const far = room.newAfter !== null && !room.newSeen && (room.newAfter < oldest - 1 || room.last - room.newAfter > 15);
    if (!far) return null;
    return (
      <button type="button" class="jump up" onClick={() => void chat.rooms.unread(room.name)}>
        <UpIcon /> {strings.jumpToUnread}
      </button>
    );
  }
  const label = room.unread > 0 ? strings.jumpToNew(room.unread) : strings.jumpToLatest;
  return (
    <button type="button" class={room.unread > 0 ? "jump fresh" : "jump"} onClick={() => void chat.rooms.latest(room.name)}>
      <DownIcon /> {label}
    </button>
  );
}
