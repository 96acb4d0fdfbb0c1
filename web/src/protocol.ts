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

/** Runs a slash command, as it would be typed in `room`. */
export interface CommandRequest {
  type: "command";
  id?: string;
  room: string;
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
}

/** One slash command, for help and completion. */
export interface CommandInfo {
  name: string;
  usage: string;
  summary: string;
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
  push_key?: string;
}

/** Done; nothing to tell. */
export interface Ok {
  type: "ok";
  id?: string;
}

/** The reply to `join`. */
export interface Joined {
  type: "ok";
  id?: string;
  room: string;
  topic: string;
  first: number;
  last: number;
  events: (Message | Topic)[];
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
  events: (Message | Topic)[];
  more: boolean;
  first: number;
  last: number;
}

/** Somebody in a room. */
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
}

/** The reply to `rooms`. */
export interface RoomPage {
  type: "ok";
  id?: string;
  rooms: RoomSummary[];
  more: boolean;
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

/** A user as an event names it: a stable id, and the name at that time. */
export interface Person {
  id: string;
  name: string;
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
}

/** What a room's log has after the client's last seq; comes right after `welcome`. */
export interface Replay {
  type: "replay";
  room: string;
  events: (Message | Topic)[];
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

export type Request =
  | HelloRequest
  | JoinRequest
  | LeaveRequest
  | PostRequest
  | WhisperRequest
  | CommandRequest
  | HistoryRequest
  | MembersRequest
  | RoomsRequest
  | TypingRequest
  | ReadRequest
  | NotifyRequest
  | PushRequest
  | UnpushRequest
  | TestPushRequest
  | PingRequest;

export type LogEvent =
  | Message
  | Topic;

export type EphemeralEvent =
  | Presence
  | Typing
  | ReadMarker
  | Notice
  | Count
  | You;

export type Event =
  | Message
  | Topic
  | Presence
  | Typing
  | ReadMarker
  | Notice
  | Count
  | You
  | Replay
  | Gap;

export type Reply =
  | Welcome
  | Ok
  | Joined
  | Posted
  | Ran
  | Pushed
  | Page
  | MemberPage
  | RoomPage
  | Error;

export type ErrorCode =
  | "bad_name"
  | "bad_password"
  | "bad_request"
  | "bad_token"
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
