import type * as wire from "../protocol";
import type { ByName } from "./by-name";
import type { Dialog, Line, Pending, Push, Room, Settings } from "./state";

/** What was kept by the browser from an earlier visit. */
export interface Kept {
  me: wire.Self | null;
  epoch: string | null;
  rooms: ByName<Room>;
  drafts: ByName<string>;
  settings: Settings;
  pending: readonly Pending[];
  current: string | null;
}

/** Everything that can change the state: the server's events, the line's, the person's. */
export type Action =
  // the server
  /** `first` is the room that one begins in who has not been anywhere. */
  | { type: "welcome"; welcome: wire.Welcome; sameLog: boolean; first?: string | null }
  | { type: "event"; event: wire.Event; now: number }
  | { type: "joined"; joined: wire.Joined; asked: boolean }
  | { type: "page"; room: string; page: wire.Page; where: "older" | "newer" | "jump" }
  | { type: "members"; room: string; members: readonly wire.Member[]; fresh: boolean }
  | { type: "renamed"; was: string; room: string }
  | { type: "directory"; rooms: readonly wire.RoomSummary[] }
  | { type: "gone"; room: string }
  // the line
  | { type: "line"; line: Line }
  | { type: "out"; error: string | null }
  | { type: "refused"; error: string; code: string }
  // what was written
  | { type: "wrote"; pending: Pending }
  | { type: "posted"; nonce: string; room: string; seq: number }
  | { type: "failed"; pending: Pending; error: string }
  | { type: "retried"; nonce: string }
  | { type: "dropped"; nonce: string }
  // the person
  | { type: "kept"; kept: Kept }
  | { type: "joining" }
  | { type: "open"; room: string }
  | { type: "loading"; room: string; loading: Room["loading"] }
  | { type: "following"; room: string; following: boolean }
  | { type: "read"; room: string; seq: number }
  | { type: "draft"; room: string; text: string }
  | { type: "note"; room: string; text: string; kind: "info" | "error" }
  | { type: "hide_note"; room: string; id: number }
  | { type: "settings"; settings: Partial<Settings> }
  | { type: "push"; push: Partial<Push> }
  | { type: "notify"; room: string; level: string }
  | { type: "dialog"; dialog: Dialog }
  | { type: "panel"; rooms?: boolean; people?: boolean }
  | { type: "looking"; looking: boolean }
  | { type: "target"; target: string | null }
  | { type: "tick"; now: number };
