// For how long something shall last: a few usual durations, or one that somebody writes.

import { useSignal, type Signal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { VNode } from "preact";
import { strings } from "../strings";
import { parseDuration } from "../text/duration";

const OTHER = "other";
const FOR_GOOD = "";

export interface Lasting {
  choice: Signal<string>;
  typed: Signal<string>;
  problem: Signal<string>;
}

export function useLasting(first: string): Lasting {
  return { choice: useSignal(first), typed: useSignal(""), problem: useSignal("") };
}

/** The field of a request that says it, empty for good; null where it is not understood, which the field then tells. */
export function lasts({ choice, typed, problem }: Lasting): { duration_s?: number } | null {
  if (choice.value === FOR_GOOD) return {};
  const seconds = parseDuration(choice.value === OTHER ? typed.value : choice.value);
  problem.value = seconds === null ? strings.badDuration : "";
  return seconds === null ? null : { duration_s: seconds };
}

export function Duration({ lasting: { choice, typed, problem } }: { lasting: Lasting }): VNode {
  const told = useId();
  return (
    <>
      <label class="labelled">
        {strings.howLong}
        <select
          value={choice.value}
          onChange={(event) => {
            choice.value = event.currentTarget.value;
            problem.value = "";
          }}
        >
          {strings.durations.map(([each, label]) => (
            <option key={each} value={each}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {choice.value === OTHER ? (
        <>
          <label class="labelled">
            {strings.otherDuration}
            <input
              value={typed.value}
              maxLength={40}
              autocomplete="off"
              placeholder={strings.otherDurationHint}
              aria-invalid={problem.value !== ""}
              aria-describedby={told}
              onInput={(event) => {
                typed.value = event.currentTarget.value;
                problem.value = "";
              }}
            />
          </label>
          <p id={told} class="failure" role="alert">
            {problem.value}
          </p>
        </>
      ) : null}
    </>
  );
}
