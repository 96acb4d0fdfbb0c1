// Every sentence that a person reads, in one place: to translate, or to reword.

import type { Presence } from "./protocol";

const people = (count: number): string => (count === 1 ? "1 person" : `${count} people`);

export const strings = {
  app: "hubbub",
  skip: "Skip to the messages",

  // the first view
  yourName: "Your name",
  yourPassword: "Your password",
  newPassword: "A new password",
  haveAccount: "I am a member",
  invited: "You are invited: take a name and a password, and both are yours.",
  signIn: "Sign in",
  passwordEmpty: "Type your password, too.",
  becomeMember: "Become a member",
  memberHint: "With a password this name is yours for good, and you come back by it from anywhere.",
  youAre: (role: string): string => `You are signed in, as ${role} of this server.`,
  signOut: "Sign out",
  join: "Join",
  joining: "Joining…",
  joinHint: (room: string): string => `You come in to ${room === "" ? "the chat" : `#${room}`}. No account, no password.`,
  signInHint: (room: string): string => `You come in to ${room === "" ? "the chat" : `#${room}`}.`,
  unreachable: "The server does not answer yet; trying again.",
  nameEmpty: "Type a name first.",
  sessionEnded: "Your session has run out. Choose your name again.",
  left: "You have left. Come back any time.",
  tooOld: "The server ended the connection.",

  // the line
  reconnecting: "Connection lost. Reconnecting; what you write is kept.",
  connecting: "Connecting…",
  offlineCommand: "There is no connection at the moment; commands need one.",
  uncertainCommand: "The connection broke before the answer came; the command may have run or not.",

  // rooms
  rooms: "Rooms",
  direct: "Direct",
  showRooms: "Show rooms",
  hideRooms: "Hide rooms",
  browse: "Browse rooms",
  switchRoom: "Jump to…",
  switchHint: "Jump to a room or a person",
  newRoom: "New room",
  newRoomName: "Find or create a room",
  createRoom: (name: string): string => `Create #${name}`,
  openRoom: (name: string): string => `Open #${name}`,
  noRooms: "No room has that name.",
  nobodyFits: "No room and nobody here has that name.",
  unread: (count: number): string => `${count} unread`,
  mentionsCount: (count: number): string => (count === 1 ? "1 mention" : `${count} mentions`),
  leaveRoom: "Leave room",
  noTopic: "No topic yet: /topic sets one",
  people,
  showPeople: (count: number): string => `Show people, ${people(count)}`,
  peopleTitle: "People",
  you: "you",
  away: "away",
  messageTo: (name: string): string => `Message ${name}`,
  onlyYou: "Nobody else is here right now.",
  close: "Close",

  // messages
  messages: (room: string): string => `Messages in ${room}`,
  beginning: (room: string): string => `This is the beginning of ${room}.`,
  directBeginning: (names: string): string => `Only you and ${names} can read this.`,
  empty: "Nothing has been said here yet. Say hello!",
  loading: "Loading…",
  newMessages: "New messages",
  jumpToNew: (count: number): string => (count === 1 ? "1 new message" : `${count} new messages`),
  jumpToUnread: "Jump to first unread",
  jumpToLatest: "Jump to latest",
  today: "Today",
  yesterday: "Yesterday",
  sending: "Sending…",
  waiting: "Not sent yet",
  notSent: "Not sent.",
  retry: "Retry",
  discard: "Discard",
  setTopic: (name: string, topic: string): string =>
    topic === "" ? `${name} removed the topic` : `${name} set the topic: ${topic}`,
  hidden: "Hidden: you ignore this person.",
  dismiss: "Dismiss",
  copy: "Copy",
  code: "Code",

  // who does what
  typing: (names: readonly string[]): string => {
    const [one, two] = names;
    if (one === undefined) return "";
    if (names.length === 1) return `${one} is typing…`;
    return names.length === 2 ? `${one} and ${two} are typing…` : "Several people are typing…";
  },
  presence: (state: Presence["state"], name: string, was: string): string =>
    ({
      joined: `${name} came in.`,
      left: `${name} left.`,
      renamed: `${was} is now ${name}.`,
      away: `${name} is away.`,
      back: `${name} is back.`,
    })[state],

  // the composer
  writeTo: (room: string): string => `Message ${room}`,
  send: "Send",
  emoji: "Emoji",
  emojiSearch: "Search emoji",
  emojiNone: "No emoji has that name.",
  completions: "Suggestions",
  tooLong: (over: number): string => `${over} bytes too long; send it in parts.`,
  almostTooLong: (left: number): string => `${left} bytes left`,
  emojiGroups: ["Smileys", "People", "", "Nature", "Food", "Travel", "Activities", "Objects", "Symbols", "Flags"],

  // settings
  settings: "Settings",
  name: "Name",
  changeName: "Change",
  theme: "Theme",
  themes: { system: "System", light: "Light", dark: "Dark" },
  notices: "Show who comes and goes",
  notifications: "Notifications",
  account: "Account",
  accountLater: "You are a guest here: this browser keeps your name.",
  ignoredPeople: "Ignored people",
  ignoreNone: "Nobody.",
  stopIgnoring: "Stop ignoring",
  stopIgnoringWhom: (name: string): string => `Stop ignoring ${name}`,
  leaveServer: "Leave and forget my name",
  // notifications
  pushOn: "On in this browser.",
  pushOff: "Off in this browser.",
  pushOpen: "Set up and test…",
  pushHere: "Notify me in this browser",
  pushWhat: "You are told of mentions and direct messages while hubbub is open nowhere.",
  pushObstacles: {
    offline: "There is no connection to the server at the moment. Try again when it is back.",
    serverOff: "This server sends no notifications; its operator can turn them on.",
    insecure: "This page is not encrypted, and browsers notify only over https. Ask for the server's https address.",
    notInstalled: "On an iPhone or iPad only apps can notify: press Share, then “Add to Home Screen”, and open hubbub from there.",
    unsupported: "This browser cannot be notified: it has no push, or it is in private mode. Try another one.",
    blocked: "This browser blocks the notifications of this page. Allow them in its site settings, beside the address, and come back.",
  },
  pushNotAllowed: "You have not allowed it yet: the browser asks, and only “Allow” turns it on.",
  pushNoWorker: "The browser has not finished loading this page for offline use. Load the page anew and try again.",
  pushNoService: (why: string): string =>
    `The browser could not register with its maker's push service (${why}). A blocker, a firewall or a browser without that service may be the cause.`,
  pushNoKeys: "The browser gave no keys for its notifications. Try another one.",
  pushTest: "Send myself a test",
  pushTestAsked: "Sending…",
  pushTestTaken: "The push service has it; waiting for it to come here…",
  pushTestArrived: "It has arrived. If you saw no notification, look at your system's settings: “do not disturb”, or notifications of this browser.",
  pushTestLost: "The push service took it, but it has not come here. The browser may be saving power, or something between blocks it; it may still come.",
  pushTestRefused: "No push service took it.",
  pushFate: (service: string, sent: boolean, why: string): string => (sent ? `${service}: taken` : `${service}: ${why}`),
  pushMuted: (names: string): string => `You hear nothing of ${names}: muted below.`,
  pushRooms: "What of each room",
  pushLevels: { all: "Everything", mentions: "Mentions", none: "Nothing" },

  keys: "Keyboard shortcuts",
  keyList: [
    ["Ctrl K", "Jump to a room or a person"],
    ["Enter", "Send"],
    ["Shift Enter", "New line"],
    ["↑", "Recall what you wrote last"],
    ["Alt ↑ / ↓", "Previous / next room"],
    ["/", "Commands"],
    ["@", "Names"],
    [":", "Emoji"],
    ["Page Up / Down", "Scroll the messages"],
    ["Esc", "Close, or jump to the latest message"],
  ] as const,

  // what clients do themselves (docs/protocol.md, `/ignore`)
  noticesAre: (on: boolean): string => `Notices are ${on ? "on" : "off"}.`,
  noticesUsage: "/notices takes on or off.",
  youIgnore: (names: string): string => (names === "" ? "You ignore nobody." : `You ignore ${names}.`),
  nowIgnored: (name: string): string => `You ignore ${name} from now on; /unignore ${name} ends it.`,
  notIgnored: (name: string): string => `You do not ignore ${name}.`,
  noLongerIgnored: (name: string): string => `You no longer ignore ${name}.`,
  notSelf: "You cannot ignore yourself.",
  nobodyCalled: (name: string): string => `There is nobody called ${name} here.`,
};
