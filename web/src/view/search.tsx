// Search in the room that is open, which the server does; a result leads to its place.

import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import type * as wire from "../protocol";
import { dispatch } from "../store/store";
import { titleOf } from "../store/views";
import { strings } from "../strings";
import { excerpt } from "../text/excerpt";
import { chat } from "./app-chat";
import { useDeed } from "./deed";
import { Dialog } from "./dialog";
import { Moment } from "./record";
import { room } from "./selectors";

/** Nobody types slower than this between two letters of a word. */
const PAUSE_MS = 250;
const PAGE = 30;

interface Results {
  word: string;
  events: readonly wire.Message[];
  next: number | null;
}

export function SearchDialog(): VNode | null {
  const here = room.value;
  const word = useSignal("");
  const results = useSignal<Results | null>(null);
  const deed = useDeed();
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const name = here?.name ?? "";
  const ask = async (text: string, before?: number): Promise<void> => {
    const request: wire.SearchRequest = { type: "search", room: name, text, limit: PAGE, ...(before === undefined ? {} : { before }) };
    const found = await chat.line.ask(request);
    // While the answer was on its way more may have been typed.
    if (text !== word.value.trim()) return;
    const former = before === undefined ? [] : (results.value?.events ?? []);
    results.value = { word: text, events: [...former, ...found.events], next: found.next ?? null };
  };
  const search = async (): Promise<void> => {
    const text = word.value.trim();
    if (text === "") results.value = null;
    else await deed.run(() => ask(text));
    if (word.value.trim() !== text) await search();
  };
  useEffect(() => {
    const timer = setTimeout(() => void search(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [word.value]);
  if (here === undefined) return null;
  const show = (message: wire.Message): void => {
    dispatch({ type: "dialog", dialog: null });
    void chat.rooms.show(here.name, message.seq);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    const at = rows.findIndex((row) => row === document.activeElement);
    if (event.key === "ArrowDown") (rows[at + 1] ?? rows.at(-1))?.focus();
    else if (event.key === "ArrowUp") (at <= 0 ? field.current : rows[at - 1])?.focus();
    else return;
    event.preventDefault();
  };
  const found = results.value;
  const summary =
    found === null ? (word.value.trim() === "" ? strings.searchHint : strings.searching) : found.events.length === 0 && found.next === null ? strings.nothingFound : strings.found(found.events.length, found.next !== null);
  return (
    <Dialog title={strings.searchIn(titleOf(here))} kind="search">
      <div onKeyDown={onKeyDown}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            list.current?.querySelector("button")?.focus();
          }}
        >
          <input
            ref={field}
            type="text"
            role="searchbox"
            dir="auto"
            value={word.value}
            maxLength={200}
            autocomplete="off"
            spellcheck={false}
            enterkeyhint="search"
            aria-label={strings.search}
            onInput={(event) => (word.value = event.currentTarget.value)}
          />
        </form>
        <p class={deed.problem.value === "" ? "quiet" : "failure"} role="status">
          {deed.problem.value || summary}
        </p>
        <ul ref={list} class="results">
          {(found?.events ?? []).map((message) => (
            <li key={message.seq}>
              <button type="button" onClick={() => show(message)}>
                <span class="who">
                  <b>
                    <bdi>{message.from.name}</bdi>
                  </b>{" "}
                  <Moment at={message.at} />
                </span>
                <span class="excerpt" dir="auto">
                  {excerpt(message.text, found?.word ?? "").map((part, index) => (part.found ? <mark key={index}>{part.text}</mark> : part.text))}
                </span>
              </button>
            </li>
          ))}
        </ul>
        {found?.next == null ? null : (
          <button type="button" class="plain" onClick={() => void deed.run(() => ask(found.word, found.next ?? undefined))}>
            {strings.searchOn}
          </button>
        )}
      </div>
    </Dialog>
  );
}
