// Where one writes: drafts by room, completion, recall.

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { noteRefusal } from "../chat/refusal";
import { inView } from "../chat/saying";
import type { Room } from "../store/state";
import { dispatch, store } from "../store/store";
import { namesOf, titleOf, titleOfNew, typingNow } from "../store/views";
import { strings } from "../strings";
import { needsRoom, type Sources, type Wanted } from "../text/arguments";
import {
  argumentChoices,
  CHOICES_MOST,
  commandChoices,
  completed,
  completionAt,
  nameChoices,
  type Choice,
  type Completion,
} from "../text/complete";
import { isDoubtful } from "../text/slashes";
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
  /** Whether somebody has gone through them. */
  moved: boolean;
}

export function Composer(): VNode | null {
  const name = current.value;
  const text = drafts.value[name ?? ""] ?? "";
  const box = useRef<HTMLTextAreaElement>(null);
  const offered = useSignal<Offered | null>(null);
  const picking = useSignal(false);
  const recalled = useRef(0);
  const doubted = useSignal<string | null>(null);

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
    // Where the text stays the same nothing is drawn, and the caret would jump at the next letter.
    if (next === text) return box.current?.setSelectionRange(caret, caret);
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
  const send = (asText = false): void => {
    const said = withEmoji(text).replace(/\s+$/, "");
    if (said.trim() === "" || problemOf(name, said) !== "") return;
    doubted.value = asText || !isDoubtful(said, store.value.commands) ? null : text;
    if (doubted.value !== null) return;
    recalled.current = 0;
    offered.value = null;
    // Before it is said: what is refused at once comes back.
    dispatch({ type: "draft", room: name, text: "" });
    if (asText) chat.saying.post(name, said);
    else if (!chat.saying.say(name, said)) dispatch({ type: "draft", room: name, text });
    box.current?.focus();
  };
  const recall = (step: number): void => {
    const own = ownTexts(name);
    const next = Math.max(0, Math.min(own.length, recalled.current + step));
    recalled.current = next;
    write(next === 0 ? "" : (own[next - 1] ?? ""));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
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

  const problem = problemOf(name, text);
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
        <button type="submit" class="icon send" aria-label={strings.send} disabled={text.trim() === "" || problem !== ""}>
          <SendIcon />
        </button>
      </div>
      {doubted.value === text ? <Doubt send={() => send(true)} back={() => ((doubted.value = null), box.current?.focus())} /> : <Below problem={problem} />}
    </form>
  );
}

/** Asks what is meant: a command that is mistyped, or pasted code. */
function Doubt({ send, back }: { send: () => void; back: () => void }): VNode {
  const first = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  return (
    <div class="below wrong doubt" role="alert">
      {strings.slashNoCommand}
      <button ref={first} type="button" class="plain" onClick={send}>
        {strings.sendAsText}
      </button>
      <button type="button" class="plain" onClick={back}>
        {strings.keepWriting}
      </button>
    </div>
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
  const open = (): void => void noteRefusal(here?.name ?? null, chat.line.ask({ type: "change_room", room: here?.name ?? "", archived: false }));
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

function Below({ problem }: { problem: string }): VNode {
  const writing = room.value === undefined ? "" : typingNow(room.value);
  return (
    <p class={problem === "" ? "below" : "below wrong"} role={problem === "" ? undefined : "alert"}>
      {problem || writing}
    </p>
  );
}

/** What speaks against sending a text, in a room or to begin a conversation with. */
function problemOf(name: string, text: string): string {
  const over = overBy(text);
  if (over > 0) return strings.tooLong(over);
  const nowhere = inView(name).room === undefined && needsRoom(text, store.value.commands);
  return nowhere ? strings.needsRoom(text.split(/\s/, 1)[0] ?? "") : "";
}

async function offer(text: string, caret: number, offered: { value: Offered | null }): Promise<void> {
  const completion = completionAt(text, caret, store.value.commands);
  if (completion === null) {
    offered.value = null;
    return;
  }
  const choices = await choicesFor(completion);
  // While the list was loaded, more may have been typed.
  const now = store.value.drafts[store.value.current ?? ""] ?? "";
  offered.value = choices.length > 0 && now === text ? { completion, choices, at: 0, moved: false } : null;
}

async function choicesFor(completion: Completion): Promise<Choice[]> {
  switch (completion.kind) {
    case "command":
      return commandChoices(completion.word, store.value.commands);
    case "name":
    case "word":
      if (completion.wanted !== undefined) return argumentChoices(completion.wanted, await sourcesFor(completion.wanted));
      return nameChoices(completion.word, namesOf(store.value, room.value));
    case "emoji":
      return loadEmoji().then(
        (all) => emojiChoices(all, completion.word, CHOICES_MOST),
        () => [],
      );
  }
}

async function sourcesFor(argument: Wanted): Promise<Sources> {
  const rooms = argument.arguments.some((each) => each.kind === "room");
  if (rooms && store.value.directory === null) await chat.rooms.readDirectory();
  const { rooms: own, directory, commands } = store.value;
  const names = Object.values(own).filter((each) => each.kind !== "direct").map((each) => each.name);
  return {
    people: namesOf(store.value, room.value),
    rooms: [...new Set([...names, ...(directory ?? []).map((each) => each.room)])],
    commands: commands.map((each) => each.name),
  };
}

function onChoiceKey(event: KeyboardEvent, offered: { value: Offered | null }, choose: (choice: Choice) => void): boolean {
  const open = offered.value;
  if (open === null || modified(event)) return false;
  const count = open.choices.length;
  const choice = open.choices[open.at];
  switch (event.key) {
    case "ArrowDown":
      offered.value = { ...open, at: (open.at + 1) % count, moved: true };
      return true;
    case "ArrowUp":
      offered.value = { ...open, at: (open.at + count - 1) % count, moved: true };
      return true;
    case "Escape":
      offered.value = null;
      return true;
    case "Tab":
    case "Enter":
      // A room, say, may be another one than those that begin so.
      if (event.key === "Enter" && open.completion.kind === "word" && !open.moved) return false;
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
