// A field and the list of what fits: the switcher, and the rooms there are.

import { useSignal } from "@preact/signals";
import type { ComponentChild, VNode } from "preact";

export interface Found {
  key: string;
  label: ComponentChild;
  hint: ComponentChild;
  open: () => void;
}

interface Props {
  label: string;
  none: string;
  find: (word: string) => Found[];
}

export function Finder({ label, none, find }: Props): VNode {
  const word = useSignal("");
  const at = useSignal(0);
  const found = find(word.value);
  const chosen = Math.min(at.value, Math.max(0, found.length - 1));
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") at.value = (chosen + 1) % Math.max(1, found.length);
    else if (event.key === "ArrowUp") at.value = (chosen + found.length - 1) % Math.max(1, found.length);
    else if (event.key === "Enter") found[chosen]?.open();
    else return;
    event.preventDefault();
  };
  return (
    <div class="finder">
      <input
        type="text"
        role="combobox"
        autofocus
        autocomplete="off"
        spellcheck={false}
        value={word.value}
        placeholder={label}
        aria-label={label}
        aria-expanded={found.length > 0}
        aria-controls="found"
        aria-activedescendant={found.length > 0 ? `found-${chosen}` : undefined}
        onInput={(event) => {
          word.value = event.currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={onKeyDown}
      />
      {found.length === 0 ? <p class="quiet">{none}</p> : null}
      <ul id="found" role="listbox" aria-label={label}>
        {found.map((each, index) => (
          <li key={each.key} id={`found-${index}`} role="option" aria-selected={index === chosen} onClick={each.open}>
            <bdi class="label">{each.label}</bdi>
            <span class="hint">{each.hint}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
