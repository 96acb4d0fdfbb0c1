// How long something shall last, as people type it: `10m`, `2h`, `1 hour`, `2 days`. Pure. The
// server has the same grammar (src/hubbub/protocol/durations.py); tests/golden/durations.json holds
// both to it.

const UNITS_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 };
const LONGEST_S = 10 * 365 * 86_400;
const TYPED = /^ *([0-9]{1,9}) *(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:(?:ee)?ks?)?) *$/i;

/** A duration in seconds; null for what is none, for nothing, and for more than ten years. */
export function parseDuration(typed: string): number | null {
  const [, count, unit] = TYPED.exec(typed) ?? [];
  if (count === undefined || unit === undefined) return null;
  const seconds = Number(count) * (UNITS_S[unit.charAt(0).toLowerCase()] ?? 0);
  return seconds > 0 && seconds <= LONGEST_S ? seconds : null;
}
