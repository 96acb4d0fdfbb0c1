// Days and hours as a person reads them.

import { strings } from "../strings";

const hour = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const otherYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });

export function hourOf(at: string | number): string {
  return hour.format(new Date(at));
}

export function fullTime(at: string | number): string {
  return full.format(new Date(at));
}

/** Day and hour in a list. */
export function momentOf(at: string | number): string {
  return moment.format(new Date(at));
}

/** A key of the local day, equal for two instants of one day. */
export function dayOf(at: string | number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

export function dayLabel(at: string | number, now: number): string {
  const day = dayOf(at);
  if (day === dayOf(now)) return strings.today;
  if (day === dayOf(now - 86_400_000)) return strings.yesterday;
  const date = new Date(at);
  return (date.getFullYear() === new Date(now).getFullYear() ? thisYear : otherYear).format(date);
}
