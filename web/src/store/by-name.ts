// Maps by names that people or servers choose: rooms, ids, drafts. A plain object has `constructor`
// and `__proto__` before anything is put into it, and a room may be called so. These have nothing from
// a prototype, and the compiler takes no plain object, or copy of one, in their place.

declare class Bare {
  // A copy by `...` loses it, and with it the type.
  private readonly bare: true;
}

export type ByName<T> = Readonly<Record<string, T>> & Bare;

/** A map of its own with these entries, the last of a name. */
export function byName<T>(entries: Iterable<readonly [string, T]> = []): ByName<T> {
  const all = Object.create(null) as Record<string, T>;
  for (const [name, value] of entries) all[name] = value;
  return all as ByName<T>;
}

/** A copy in which a name has this value; a new name comes last. */
export function withName<T>(all: ByName<T>, name: string, value: T): ByName<T> {
  const copy = Object.assign(Object.create(null), all) as Record<string, T>;
  copy[name] = value;
  return copy as ByName<T>;
}

/** A copy without a name. */
export function withoutName<T>(all: ByName<T>, name: string): ByName<T> {
  return byName(Object.entries(all).filter(([each]) => each !== name));
}
