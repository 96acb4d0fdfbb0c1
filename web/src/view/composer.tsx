// Where one writes: drafts by room, completion, recall.

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { noteRefusal } from "../chat/refusal";
import type { Room } from "../store/state";
import { dispatch, store } from "../store/store";
import { namesOf, titleOf, titleOfNew, typingNow } from "../store/views";
import { strings } from "../strings";
import {
  CHOICES_MOST,
  commandChoices,
  completed,
  completionAt,
  nameChoices,
  type Choice,
  type Completion,
} from "../text/complete";
import { emojiChoices, loadEmoji, withEmoji } from "../text/emoji";
import { chat } from "./app-chat";
import { Choices, choiceId } from "./choices";
import { refocus } from "./dialog";
import { EmojiPicker } from "./emoji-picker";
import { SendIcon, SmileIcon } from "./icons";
import { current, drafts, me, room } from "./selectors";

export const COMPOSER = "composer";

interface Offered {
  completion: Completion;
  choices: readonly Choice[];
  at: number;
}

export function Composer(): VNode | null {
  const name = current.value;
  const text = drafts.value[name ?? ""] ?? "";
  const box = useRef<HTMLTextAreaElement>(null);
  const offered = useSignal<Offered | null>(null);
  const picking = useSignal(false);
  const recalled = useRef(0);

  const caretAt = useRef<number | null>(null);

  useLayoutEffect(() => {
    grow(box.current);
    if (caretAt.current !== null) box.current?.setSelectionRange(caretAt.current, caretAt.current);
    caretAt.current = null;
  }, [text, name]);
  useLayoutEffect(() => {
    offered.value = null;
    recalled.current = 0;
    if (matchMedia("(pointer: fine)").matches) refocus(box.current);
  }, [name]);

  if (name === null) return null;
  const closed = closedFor(room.value);
  if (closed !== "") return <Closed why={closed} />;
  const title = room.value === undefined ? titleOfNew(name) : titleOf(room.value);

  const write = (next: string, caret = next.length): void => {
    caretAt.current = caret;
    dispatch({ type: "draft", room: name, text: next });
  };
  const choose = (choice: Choice): void => {
    const found = offered.value;
    offered.value = null;
    if (found === null) return;
    const next = completed(text, found.completion, choice);
    write(next.text, next.caret);
    box.current?.focus();
  };
  const onInput = (): void => {
    const value = box.current?.value ?? "";
    recalled.current = 0;
    dispatch({ type: "draft", room: name, text: value });
    if (value !== "" && !value.startsWith("/")) chat.rooms.typing(name);
    void offer(value, box.current?.selectionStart ?? value.length, offered);
  };
  const send = (): void => {
    const said = withEmoji(text).replace(/\s+$/, "");
    if (said.trim() === "" || overBy(said) > 0) return;
    recalled.current = 0;
    offered.value = null;
    if (chat.saying.say(name, said)) dispatch({ type: "draft", room: name, text: "" });
    box.current?.focus();
  };
  const recall = (step: number): void => {
    const own = ownTexts(name);
    const next = Math.max(0, Math.min(own.length, recalled.current + step));
    recalled.current = next;
    write(next === 0 ? "" : (own[next - 1] ?? ""));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (offered.value !== null && onChoiceKey(event, offered, choose)) {
      event.preventDefault();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && (text === "" || recalled.current > 0) && !modified(event)) {
      event.preventDefault();
      recall(1);
    } else if (event.key === "ArrowDown" && recalled.current > 0 && !modified(event)) {
      event.preventDefault();
      recall(-1);
    }
  };

  const over = overBy(text);
  const open = offered.value;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {open === null ? null : <Choices kind={open.completion.kind} choices={open.choices} at={open.at} choose={choose} />}
      {picking.value ? (
        <EmojiPicker
          close={() => {
            picking.value = false;
            box.current?.focus();
          }}
          pick={(character) => {
            const caret = box.current?.selectionStart ?? text.length;
            write(text.slice(0, caret) + character + text.slice(caret), caret + character.length);
          }}
        />
      ) : null}
      <div class="field">
        <button type="button" class="icon" aria-label={strings.emoji} aria-expanded={picking.value} onClick={() => (picking.value = !picking.value)}>
          <SmileIcon />
        </button>
        <textarea
          id={COMPOSER}
          ref={box}
          rows={1}
          dir="auto"
          value={text}
          placeholder={strings.writeTo(title)}
          aria-label={strings.writeTo(title)}
          aria-autocomplete="list"
          aria-controls={open === null ? undefined : "choices"}
          aria-activedescendant={open === null ? undefined : choiceId(open.at)}
          enterkeyhint="send"
          autocapitalize="sentences"
          onInput={onInput}
          onKeyDown={onKeyDown}
          onBlur={() => (offered.value = null)}
        />
        <button type="submit" class="icon send" aria-label={strings.send} disabled={text.trim() === "" || over > 0}>
          <SendIcon />
        </button>
      </div>
      <Below over={over} />
    </form>
  );
}

/** Why nobody like this person writes here; nothing, where they may. */
function closedFor(here: Room | undefined): string {
  if (here === undefined) return "";
  if (here.archived) return strings.archivedRoom;
  if (here.may.includes("post")) return "";
  return here.readOnly ? strings.readOnlyRoom : strings.mayNotWrite;
}

function Closed({ why }: { why: string }): VNode {
  const here = room.value;
  const mayOpen = here?.archived === true && here.may.includes("settings");
  const open = (): void => void noteRefusal(here?.name ?? null, chat.command("/room unarchive", here?.name));
  return (
    // Where the link over the messages leads, too.
    <div class="composer closed" id={COMPOSER} tabIndex={-1}>
      <p role="status">{why}</p>
      {mayOpen ? (
        <button type="button" class="plain" onClick={open}>
          {strings.unarchive}
        </button>
      ) : null}
    </div>
  );
}

function Below({ over }: { over: number }): VNode {
  const writing = room.value === undefined ? "" : typingNow(room.value);
  return (
    <p class={over > 0 ? "below wrong" : "below"} role={over > 0 ? "alert" : undefined}>
      {over > 0 ? strings.tooLong(over) : writing}
    </p>
  );
}

async function offer(text: string, caret: number, offered: { value: Offered | null }): Promise<void> {
  const completion = completionAt(text, caret);
  if (completion === null) {
    offered.value = null;
    return;
  }
  const choices = await choicesFor(completion, text);
  // While the list was loaded, more may have been typed.
  const now = store.value.drafts[store.value.current ?? ""] ?? "";
  offered.value = choices.length > 0 && now === text ? { completion, choices, at: 0 } : null;
}

async function choicesFor(completion: Completion, text: string): Promise<Choice[]> {
  switch (completion.kind) {
    case "command":
      return commandChoices(completion.word, store.value.commands);
    case "name":
      return nameChoices(completion.word, namesOf(store.value, room.value), text, completion.start);
    case "emoji":
      return loadEmoji().then(
        (all) => emojiChoices(all, completion.word, CHOICES_MOST),
        () => [],
      );
  }
}

function onChoiceKey(event: KeyboardEvent, offered: { value: Offered | null }, choose: (choice: Choice) => void): boolean {
  const open = offered.value;
  if (open === null || modified(event)) return false;
  const count = open.choices.length;
  const choice = open.choices[open.at];
  switch (event.key) {
    case "ArrowDown":
      offered.value = { ...open, at: (open.at + 1) % count };
      return true;
    case "ArrowUp":
      offered.value = { ...open, at: (open.at + count - 1) % count };
      return true;
    case "Escape":
      offered.value = null;
      return true;
    case "Tab":
    case "Enter":
      // What is typed out already is sent, not completed.
      if (event.key === "Enter" && choice?.insert.trim().replace(/^[/@]/, "") === open.completion.word) return false;
      if (choice !== undefined) choose(choice);
      return true;
    default:
      return false;
  }
}

function modified(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
}

/** What this person wrote in a room, newest first. */
function ownTexts(name: string): string[] {
  const state = store.value;
  const own = me.value?.id;
  const events = state.rooms[name]?.events ?? [];
  const said = events.filter((event) => event.type === "message").filter((each) => each.from.id === own && each.deleted !== true);
  const waiting = state.pending.filter((each) => each.room === name);
  return [...said, ...waiting].map((each) => each.text).reverse();
}

const encoder = new TextEncoder();

/** By how many bytes a text is too long for the server. */
function overBy(text: string): number {
  const most = store.value.limits["text_bytes"] ?? Infinity;
  return text.length * 4 <= most ? 0 : Math.max(0, encoder.encode(text).length - most);
}

/** Makes the field as high as its text; the style sheet sets the bound. */
function grow(box: HTMLTextAreaElement | null): void {
  if (box === null || CSS.supports("field-sizing", "content")) return;
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}
