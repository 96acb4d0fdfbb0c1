// What goes over the wire, version hubbub.v1 (docs/protocol.md). `make format` writes the types
// from the server's own classes, and `make check` fails where they have drifted.

// <!-- generated: types -->

/** Says who is there and what it has seen; must come first. Answered by `welcome`. */
export interface HelloRequest {
  type: "hello";
  id?: string;
  name?: string;
  token?: string;
  password?: string;
  register?: boolean;
  invite?: string;
  epoch?: string;
  rooms?: Record<string, number | null>;
}

/** Enters a room, made if absent; answered with its last page or what came after `after`. */
export interface JoinRequest {
  type: "join";
  id?: string;
  room: string;
  after?: number;
}

/** Leaves a room. */
export interface LeaveRequest {
  type: "leave";
  id?: string;
  room: string;
}

/** Says something in a room. The plain dialect, which cannot retry, leaves `nonce` empty. */
export interface PostRequest {
  type: "post";
  id?: string;
  room: string;
  text: string;
  nonce: string;
}

/** Says something in the direct room of exactly this user and those named. */
export interface WhisperRequest {
  type: "whisper";
  id?: string;
  to: string[];
  text: string;
  nonce: string;
}

/** Runs a slash command, as it would be typed in `room`; some need none. */
export interface CommandRequest {
  type: "command";
  id?: string;
  room?: string;
  line: string;
}

/** A page of a room's log, oldest first: what came before or after a seq, or the last page. */
export interface HistoryRequest {
  type: "history";
  id?: string;
  room: string;
  before?: number;
  after?: number;
  limit?: number;
}

/** Messages of a room with a text in them, newest first, those before a seq where one is given. */
export interface SearchRequest {
  type: "search";
  id?: string;
  room: string;
  text: string;
  before?: number;
  limit?: number;
}

/** A page of the people in a room, by name; `after` is the last name of the page before. */
export interface MembersRequest {
  type: "members";
  id?: string;
  room: string;
  after?: string;
  limit?: number;
}

/** A page of the rooms that this user may see, by name; `after` as in `members`. */
export interface RoomsRequest {
  type: "rooms";
  id?: string;
  after?: string;
  limit?: number;
}

/** Tells a room that this user is writing. */
export interface TypingRequest {
  type: "typing";
  id?: string;
  room: string;
}

/** Moves this user's read marker of a room forward. */
export interface ReadRequest {
  type: "read";
  id?: string;
  room: string;
  seq: number;
}

/** Chooses what of a room is pushed to this user while no client is open. */
export interface NotifyRequest {
  type: "notify";
  id?: string;
  room: string;
  level: "all" | "mentions" | "none";
}

/** Has notices for this user sent to a browser's push service (RFC 8030), too. */
export interface PushRequest {
  type: "push";
  id?: string;
  endpoint: string;
  p256dh: string;
  auth: string;
}

/** Ends what `push` began. */
export interface UnpushRequest {
  type: "unpush";
  id?: string;
  endpoint: string;
}

/** Sends a notice to this user's own browsers and tells what became of it. */
export interface TestPushRequest {
  type: "test_push";
  id?: string;
}

/** Takes the text of a message away, one's own or, for moderators, another's. */
export interface DeleteRequest {
  type: "delete";
  id?: string;
  room: string;
  seq: number;
  reason?: string;
}

/** Lists where this member is signed in; `/sessions end ID` ends one. */
export interface SessionsRequest {
  type: "sessions";
  id?: string;
}

/** A page of what moderators did, newest first, of the server or of one room. */
export interface AuditRequest {
  type: "audit";
  id?: string;
  room?: string;
  before?: number;
  limit?: number;
}

/** Lists the bans and mutes that hold, of the server or of one room. */
export interface BansRequest {
  type: "bans";
  id?: string;
  room?: string;
}

/** Shows somebody out of a room. Answered by `Done`, as are the others that act on people. */
export interface KickRequest {
  type: "kick";
  id?: string;
  room: string;
  name: string;
  reason?: string;
}

/** Takes the word from somebody in a room, or everywhere without one; without `duration_s` for */
export interface MuteRequest {
  type: "mute";
  id?: string;
  room?: string;
  name: string;
  duration_s?: number;
  reason?: string;
}

/** Gives somebody the word back, where `mute` took it. */
export interface UnmuteRequest {
  type: "unmute";
  id?: string;
  room?: string;
  name: string;
}

/** Shuts somebody out of the server, by a name or an address; without `duration_s` for good. */
export interface BanRequest {
  type: "ban";
  id?: string;
  name: string;
  duration_s?: number;
  reason?: string;
}

/** Lets somebody in again, named as `bans` names them. */
export interface UnbanRequest {
  type: "unban";
  id?: string;
  name: string;
}

/** Gives a member a role in a room, or on the server without one. */
export interface SetRoleRequest {
  type: "set_role";
  id?: string;
  room?: string;
  name: string;
  role: "owner" | "admin" | "moderator" | "member" | "guest";
}

/** Makes a room and enters it; answered as `join` is. A private one's name is told there. */
export interface MakeRoomRequest {
  type: "make_room";
  id?: string;
  room: string;
  private?: boolean;
  read_only?: boolean;
}

/** Changes what a room is; what is not given stays as it is. Answered by `RoomChanged`. */
export interface ChangeRoomRequest {
  type: "change_room";
  id?: string;
  room: string;
  kind?: "public" | "private" | "direct";
  read_only?: boolean;
  archived?: boolean;
  name?: string;
}

/** Lets somebody into a private room, at once where they are here. */
export interface InviteRequest {
  type: "invite";
  id?: string;
  room: string;
  name: string;
}

/** Makes an invitation to the server, for so many people and days. */
export interface MakeInvitationRequest {
  type: "make_invitation";
  id?: string;
  uses?: number;
  days?: number;
}

/** Lists the invitations that can be used. */
export interface InvitationsRequest {
  type: "invitations";
  id?: string;
}

/** Ends an invitation, named by its id in `invitations`. */
export interface RevokeInvitationRequest {
  type: "revoke_invitation";
  id?: string;
  invitation: string;
}

/** Asks for an `ok` and nothing else. */
export interface PingRequest {
  type: "ping";
  id?: string;
}

/** Who this connection is. */
export interface Self {
  id: string;
  name: string;
  kind: string;
  role: string;
}

/** What answers; `registration` (open, invite or closed) is how one becomes a member. */
export interface ServerInfo {
  name: string;
  version: string;
  registration?: string;
  guests?: boolean;
}

/** One of this user's rooms: where its log begins and ends, and how far the user has read. */
export interface RoomState {
  room: string;
  kind: string;
  topic: string;
  first: number;
  last: number;
  read: number;
  unread: number;
  role: string;
  notify?: string;
  read_only?: boolean;
  archived?: boolean;
  may?: string[];
  was?: string;
}

/** A word that a slash command takes; `kind` says what completes it. */
export interface ArgumentInfo {
  name: string;
  kind?: string;
  optional?: boolean;
  choices?: string[];
}

/** One slash command, for help and completion; with `room` it needs one in view. */
export interface CommandInfo {
  name: string;
  usage: string;
  summary: string;
  room?: boolean;
  arguments?: ArgumentInfo[];
  aliases?: string[];
}

/** A user as an event names it: a stable id, and the name at that time. */
export interface Person {
  id: string;
  name: string;
}

/** The answer to `hello`. `session` is a secret: whoever has it can be this user. */
export interface Welcome {
  type: "welcome";
  id?: string;
  user: Self;
  session: string;
  epoch: string;
  server: ServerInfo;
  ping_s: number;
  rooms: RoomState[];
  commands: CommandInfo[];
  limits: Record<string, number>;
  may?: string[];
  ignored?: Person[];
  push_key?: string;
}

/** Done; nothing to tell. */
export interface Ok {
  type: "ok";
  id?: string;
}

/** The reply to `join`; `room` is its name now, where the request had a former one. */
export interface Joined {
  type: "ok";
  id?: string;
  room: string;
  topic: string;
  kind: string;
  read_only: boolean;
  archived: boolean;
  role: string;
  may: string[];
  first: number;
  last: number;
  events: (Message | Topic | Deleted | Settings | Unknown)[];
  more: boolean;
}

/** The reply to `post` and `whisper`: it is durable, and this is its place in the log. */
export interface Posted {
  type: "ok";
  id?: string;
  room: string;
  seq: number;
  at: string;
  dup?: boolean;
}

/** The reply to `command`: what a person who typed it should read, or nothing. */
export interface Ran {
  type: "ok";
  id?: string;
  text: string;
}

/** What became of a notice; `service` is the host of a browser's push service. */
export interface PushFate {
  service: string;
  sent: boolean;
  why: string;
}

/** The reply to `test_push`: one for each browser of the user's. */
export interface Pushed {
  type: "ok";
  id?: string;
  pushed: PushFate[];
}

/** The reply to `history`; `first` and `last` are the ends of the room's whole log. */
export interface Page {
  type: "ok";
  id?: string;
  events: (Message | Topic | Deleted | Settings | Unknown)[];
  more: boolean;
  first: number;
  last: number;
}

/** The reply to `search`, newest first; `next` is the `before` that goes on from there. */
export interface Found {
  type: "ok";
  id?: string;
  events: Message[];
  next?: number;
}

/** Somebody in a room, with the role there; guests who have none are `guest`. */
export interface Member {
  id: string;
  name: string;
  role: string;
  away: boolean;
}

/** The reply to `members`. */
export interface MemberPage {
  type: "ok";
  id?: string;
  members: Member[];
  more: boolean;
}

/** A room as a list shows it. */
export interface RoomSummary {
  room: string;
  topic: string;
  users: number;
  kind?: string;
}

/** The reply to `rooms`. */
export interface RoomPage {
  type: "ok";
  id?: string;
  rooms: RoomSummary[];
  more: boolean;
}

/** A session of this user's; instants in RFC 3339, `current` is the one that asks. */
export interface SignedIn {
  id: string;
  device: string;
  created: string;
  used: string;
  current: boolean;
}

/** The reply to `sessions`, the last used first. */
export interface SessionList {
  type: "ok";
  id?: string;
  sessions: SignedIn[];
}

/** An act of moderation: who did what to whom, where and why; empty where there is none. */
export interface AuditEntry {
  id: number;
  at: string;
  act: string;
  by: string;
  whom: string;
  room: string;
  reason: string;
}

/** The reply to `audit`, newest first; `more` goes on before the last `id`. */
export interface AuditPage {
  type: "ok";
  id?: string;
  entries: AuditEntry[];
  more: boolean;
}

/** A ban or a mute that holds; without `room` on the whole server, without `until` for good. */
export interface Ban {
  kind: "ban" | "mute";
  whom: string;
  room: string | null;
  by: string;
  at: string;
  until: string | null;
  reason: string;
}

/** The reply to `bans`, the newest first. */
export interface BanList {
  type: "ok";
  id?: string;
  bans: Ban[];
}

/** The reply to an act upon somebody: who it was, by their name or as an address; in which room, */
export interface Done {
  type: "ok";
  id?: string;
  act: "ban" | "invite" | "kick" | "mute" | "set_role" | "unban" | "unmute";
  whom: string;
  room?: string;
  until?: string;
  role?: string;
}

/** The reply to `change_room`: what the room is now, and what this user is in it. */
export interface RoomChanged {
  type: "ok";
  id?: string;
  room: string;
  kind: string;
  read_only: boolean;
  archived: boolean;
  role: string;
}

/** The reply to `make_invitation`; `code` is a secret that is told once, `link` has it too. */
export interface InvitationMade {
  type: "ok";
  id?: string;
  code: string;
  link: string;
  uses: number;
  until: string;
}

/** An invitation to the server; `id` names it where its secret is not shown. */
export interface Invitation {
  id: string;
  uses: number;
  until: string;
}

/** The reply to `invitations`, the next to run out first. */
export interface InvitationList {
  type: "ok";
  id?: string;
  invitations: Invitation[];
}

/** A request that was not carried out; `retry_after` is in seconds. */
export interface Error {
  type: "error";
  id?: string;
  code: string;
  message: string;
  temporary: boolean;
  retry_after?: number;
  room?: string;
}

/** Something said in a room; `to` names the others of a direct room, `me` an action. */
export interface Message {
  type: "message";
  room: string;
  seq: number;
  at: string;
  from: Person;
  text: string;
  me?: boolean;
  to?: Person[];
  deleted?: boolean;
}

/** The room's topic from here on. */
export interface Topic {
  type: "topic";
  room: string;
  seq: number;
  at: string;
  from: Person;
  text: string;
}

/** The message with the seq `target` has lost its text. */
export interface Deleted {
  type: "deleted";
  room: string;
  seq: number;
  at: string;
  from: Person;
  target: number;
}

/** What the room is from here on; `was` is its former name, where it has got another. */
export interface Settings {
  type: "settings";
  room: string;
  seq: number;
  at: string;
  from: Person;
  kind: string;
  read_only?: boolean;
  archived?: boolean;
  was?: string;
}

/** Somebody came, went, or changed; with `renamed`, `user` has the new name, `was` the old. */
export interface Presence {
  type: "presence";
  room: string;
  user: Person;
  state: "away" | "back" | "joined" | "left" | "renamed";
  was?: string;
}

/** Somebody is writing. */
export interface Typing {
  type: "typing";
  room: string;
  user: Person;
}

/** Another connection of this user has read up to `seq`. */
export interface ReadMarker {
  type: "read";
  room: string;
  seq: number;
}

/** A sentence of the server's to this connection alone. */
export interface Notice {
  type: "notice";
  text: string;
}

/** How many users are in a room that is too large for `presence`. */
export interface Count {
  type: "count";
  room: string;
  users: number;
}

/** This connection's own user has changed: become a member, or got another role. */
export interface You {
  type: "you";
  user: Self;
  may?: string[];
  commands?: CommandInfo[];
  session?: string;
}

/** What this user is, and may do, in a room from now on. */
export interface Standing {
  type: "standing";
  room: string;
  role: string;
  may: string[];
}

/** What a room's log has after the client's last seq; comes right after `welcome`. */
export interface Replay {
  type: "replay";
  room: string;
  events: (Message | Topic | Deleted | Settings | Unknown)[];
  more: boolean;
}

/** Too much was missed to replay: the client has up to `have`; `next` to `last` is stored. */
export interface Gap {
  type: "gap";
  room: string;
  have: number;
  next: number;
  last: number;
}

/** What a client takes an entry for whose kind it does not know; no server sends it. */
export interface Unknown {
  type: "unknown";
  room: string;
  seq: number;
  at: string;
  from: Person;
  kind: string;
}

export type Request =
  | HelloRequest
  | JoinRequest
  | LeaveRequest
  | PostRequest
  | WhisperRequest
  | CommandRequest
  | HistoryRequest
  | SearchRequest
  | MembersRequest
  | RoomsRequest
  | TypingRequest
  | ReadRequest
  | NotifyRequest
  | PushRequest
  | UnpushRequest
  | TestPushRequest
  | DeleteRequest
  | SessionsRequest
  | AuditRequest
  | BansRequest
  | KickRequest
  | MuteRequest
  | UnmuteRequest
  | BanRequest
  | UnbanRequest
  | SetRoleRequest
  | MakeRoomRequest
  | ChangeRoomRequest
  | InviteRequest
  | MakeInvitationRequest
  | InvitationsRequest
  | RevokeInvitationRequest
  | PingRequest;

export type Act =
  | Topic
  | Deleted
  | Settings
  | Unknown;

export type LogEvent =
  | Message
  | Topic
  | Deleted
  | Settings
  | Unknown;

export type EphemeralEvent =
  | Presence
  | Typing
  | ReadMarker
  | Notice
  | Count
  | You
  | Standing;

export type Event =
  | Message
  | Topic
  | Deleted
  | Settings
  | Presence
  | Typing
  | ReadMarker
  | Notice
  | Count
  | You
  | Standing
  | Replay
  | Gap
  | Unknown;

export type Reply =
  | Welcome
  | Ok
  | Joined
  | Posted
  | Ran
  | Pushed
  | Page
  | Found
  | MemberPage
  | RoomPage
  | SessionList
  | AuditPage
  | BanList
  | Done
  | RoomChanged
  | InvitationMade
  | InvitationList
  | Error;

export const ENTRIES: readonly string[] = ["message", "topic", "deleted", "settings"];

export type ErrorCode =
  | "bad_name"
  | "bad_password"
  | "bad_request"
  | "bad_token"
  | "banned"
  | "conflict"
  | "forbidden"
  | "hello_first"
  | "internal"
  | "muted"
  | "name_taken"
  | "no_such_command"
  | "no_such_room"
  | "no_such_user"
  | "not_a_member"
  | "not_signed_in"
  | "rate_limited"
  | "room_full"
  | "server_full"
  | "too_long"
  | "unavailable"
  | "unknown_type";

// <!-- end generated -->
