import type { VNode } from "preact";
import { strings } from "../strings";
import type { Choice } from "../text/complete";

interface Props {
  kind: string;
  choices: readonly Choice[];
  at: number;
  choose: (choice: Choice) => void;
}

export function choiceId(at: number): string {
  return `choice-${at}`;
}

/** What may be meant, above the field that one writes in. */
export function Choices({ kind, choices, at, choose }: Props): VNode {
  return (
    <ul class={`choices ${kind}`} id="choices" role="listbox" aria-label={strings.completions}>
      {choices.map((choice, index) => (
        <li
          key={choice.insert}
          id={choiceId(index)}
          role="option"
          aria-selected={index === at}
          // The field keeps the focus.
          onMouseDown={(event) => {
            event.preventDefault();
            choose(choice);
          }}
        >
          <span class="label">{choice.label}</span>
          <span class="hint">{choice.hint}</span>
        </li>
      ))}
    </ul>
  );
}
