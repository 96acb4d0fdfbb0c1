import type { VNode } from "preact";
import { hueOf } from "../store/views";

const HUES = 8;

/** A person's first letter on one of a few quiet colours. */
export function Avatar({ id, name, small = false }: { id: string; name: string; small?: boolean }): VNode {
  const letter = [...name][0]?.toUpperCase() ?? "?";
  return (
    <span class={`avatar hue${hueOf(id, HUES)}${small ? " small" : ""}`} aria-hidden="true">
      {letter}
    </span>
  );
}
