import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { strings } from "../strings";
import { loadEmoji, search, type Emoji } from "../text/emoji";

const SHOWN_MOST = 180;
/** A sign for each of `strings.emojiGroups`. */
const SIGNS = ["😀", "👋", "", "🐻", "🍎", "🚗", "⚽", "💡", "💬", "🏁"];

interface Props {
  pick: (character: string) => void;
  close: () => void;
}

/** All emoji in their groups, or those that fit a word. */
export function EmojiPicker({ pick, close }: Props): VNode {
  const all = useSignal<readonly Emoji[]>([]);
  const word = useSignal("");
  const group = useSignal(0);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    field.current?.focus();
    const outside = (event: PointerEvent): void => {
      if (event.target instanceof Element && event.target.closest(".composer") === null) close();
    };
    document.addEventListener("pointerdown", outside);
    loadEmoji().then(
      (loaded) => (all.value = loaded),
      () => close(),
    );
    return () => document.removeEventListener("pointerdown", outside);
  }, []);

  const shown = word.value === "" ? all.value.filter((each) => each[2] === group.value) : search(all.value, word.value, SHOWN_MOST);
  const done = (character: string): void => {
    pick(character);
    close();
  };
  return (
    <div
      class="picker"
      role="dialog"
      aria-label={strings.emoji}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          close();
        }
      }}
    >
      <input
        ref={field}
        type="search"
        value={word.value}
        placeholder={strings.emojiSearch}
        aria-label={strings.emojiSearch}
        onInput={(event) => (word.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          const first = shown[0];
          if (first !== undefined) done(first[0]);
        }}
      />
      <div class="groups" role="group" aria-label={strings.emoji}>
        {strings.emojiGroups.map((name, index) =>
          name === "" ? null : (
            <button
              type="button"
              key={name}
              title={name}
              aria-label={name}
              aria-pressed={index === group.value && word.value === ""}
              onClick={() => ((group.value = index), (word.value = ""))}
            >
              {SIGNS[index]}
            </button>
          ),
        )}
      </div>
      <div class="grid">
        {shown.map(([character, names]) => (
          <button type="button" key={character} title={`:${names[0] ?? ""}:`} aria-label={names[0]?.replaceAll("_", " ")} onClick={() => done(character)}>
            {character}
          </button>
        ))}
        {shown.length === 0 ? <p>{all.value.length === 0 ? strings.loading : strings.emojiNone}</p> : null}
      </div>
    </div>
  );
}
