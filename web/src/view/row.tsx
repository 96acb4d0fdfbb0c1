// The rows of the message list.

import type { VNode } from "preact";
import type { Note, Pending } from "../store/state";
import type { Row } from "../store/views";
import type * as wire from "../protocol";
import { strings } from "../strings";
import { isEmojiOnly } from "../text/format";
import { mentions } from "../text/mention";
import { dayLabel, dayOf, fullTime, hourOf } from "../text/times";
import { chat } from "./app-chat";
import { Avatar } from "./avatar";
import { CloseIcon, MoreIcon } from "./icons";
import { memo } from "./memo";
import { openMessageMenu, openPersonMenu } from "./person-menu";
import { Rich } from "./rich";
import { line } from "./selectors";

export interface Look {
  names: ReadonlySet<string>;
  me: string;
  myName: string;
}

export function showRow(row: Row, look: Look): VNode {
  switch (row.kind) {
    case "day":
      return <DayRow key={row.key} rowKey={row.key} at={row.at} today={dayOf(Date.now())} />;
    case "new":
      return (
        <div key={row.key} data-key={row.key} class="line-new" role="separator" aria-label={strings.newMessages}>
          <span>{strings.newMessages}</span>
        </div>
      );
    case "message":
      return (
        <MessageRow key={row.key} rowKey={row.key} message={row.message} first={row.first} own={row.own} names={look.names} myName={look.myName} />
      );
    case "changed":
      return (
        <div key={row.key} data-key={row.key} class="aside" title={fullTime(row.at)}>
          <bdi>{row.text}</bdi>
        </div>
      );
    case "note":
      return <NoteRow key={row.key} rowKey={row.key} note={row.note} />;
    case "pending":
      return <PendingRow key={row.key} rowKey={row.key} pending={row.pending} first={row.first} names={look.names} myName={look.myName} />;
  }
}

/** `today` is what makes yesterday's line another one at midnight. */
const DayRow = memo(({ rowKey, at }: { rowKey: string; at: string | number; today: string }) => (
  <div data-key={rowKey} class="day" role="separator">
    <span>{dayLabel(at, Date.now())}</span>
  </div>
));

/** What may be done to a message. The keyboard comes here by Ctrl+↑: a stop at each would be too many. */
function More({ message, own }: { message: wire.Message; own: boolean }): VNode {
  return (
    <button
      type="button"
      class="more"
      tabIndex={-1}
      aria-haspopup="menu"
      aria-label={own ? strings.ownMessageMenu : strings.messageMenu(message.from.name)}
      onClick={(event) => openMessageMenu(event.currentTarget, message)}
    >
      <MoreIcon />
    </button>
  );
}

/** A name that opens what may be done to its person. */
function Name({ person, own }: { person: wire.Person; own: boolean }): VNode {
  if (own) return <bdi>{person.name}</bdi>;
  return (
    <button type="button" class="name" tabIndex={-1} aria-haspopup="menu" onClick={(event) => openPersonMenu(event.currentTarget, person)}>
      <bdi>{person.name}</bdi>
    </button>
  );
}

interface MessageProps {
  rowKey: string;
  message: wire.Message;
  first: boolean;
  own: boolean;
  names: ReadonlySet<string>;
  myName: string;
}

const MessageRow = memo(({ rowKey, message, first, own, names, myName }: MessageProps) => {
  const { from, at, text } = message;
  const time = (
    <time dateTime={at} title={fullTime(at)}>
      {hourOf(at)}
    </time>
  );
  const gone = message.deleted === true;
  if (message.me === true && !gone) {
    return (
      <article data-key={rowKey} class="message action">
        <div class="gutter" aria-hidden="true">✦</div>
        <div class="body">
          <b>
            <Name person={from} own={own} />
          </b>{" "}
          <span class="said">
            <Rich text={text} names={names} me={myName} />
          </span>{" "}
          {time}
        </div>
        <More message={message} own={own} />
      </article>
    );
  }
  const calls = !own && !gone && mentions(text, myName);
  const kind = `message${own ? " own" : ""}${first ? " first" : ""}${calls ? " calls" : ""}${gone ? " gone" : ""}`;
  return (
    <article data-key={rowKey} class={kind}>
      <div class="gutter">{own ? null : first ? <Avatar id={from.id} name={from.name} /> : time}</div>
      <div class="body">
        {first && !own ? (
          <div class="who">
            <h2>
              <Name person={from} own={own} />
            </h2>
            {time}
          </div>
        ) : (
          <span class="unseen">{own ? strings.you : from.name}: </span>
        )}
        {gone ? (
          <p class="lost">{strings.deleted}</p>
        ) : (
          <div class={isEmojiOnly(text) ? "said huge" : "said"}>
            <Rich text={text} names={names} me={myName} />
          </div>
        )}
      </div>
      {own ? time : null}
      {gone ? null : <More message={message} own={own} />}
    </article>
  );
});

interface PendingProps {
  rowKey: string;
  pending: Pending;
  first: boolean;
  names: ReadonlySet<string>;
  myName: string;
}

const PendingRow = memo(({ rowKey, pending, first, names, myName }: PendingProps) => (
  <article data-key={rowKey} class={`message own ${pending.state}${first ? " first" : ""}`}>
    <div class="gutter" />
    <div class="body">
      <span class="unseen">{strings.you}: </span>
      <div class={isEmojiOnly(pending.text) ? "said huge" : "said"}>
        <Rich text={pending.text} names={names} me={myName} />
      </div>
      {pending.state === "failed" ? (
        <p class="failure" role="alert">
          {strings.notSent} {pending.error}
          <button type="button" class="link" onClick={() => chat.saying.retry(pending)}>
            {strings.retry}
          </button>
          <button type="button" class="link" onClick={() => chat.saying.discard(pending.nonce)}>
            {strings.discard}
          </button>
        </p>
      ) : null}
    </div>
    <span class="state">{pending.state === "failed" ? "" : line.value.state === "up" ? strings.sending : strings.waiting}</span>
  </article>
));

const NoteRow = memo(({ rowKey, note }: { rowKey: string; note: Note }) => (
  <div data-key={rowKey} class={`note ${note.kind}`} role={note.kind === "error" ? "alert" : "note"}>
    <pre dir="auto">{note.text}</pre>
    <button type="button" class="icon" aria-label={strings.dismiss} onClick={() => chat.hideNote(note.id)}>
      <CloseIcon />
    </button>
  </div>
));
