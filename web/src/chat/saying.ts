// What a person writes: messages, whispers and commands, on their way to the log.

import { Outbox, type Said } from "../line/outbox";
import { Refused, type Line } from "../line/line";
import type * as wire from "../protocol";
import type { Pending } from "../store/state";
import { dispatch, store } from "../store/store";
import { strings } from "../strings";
import { readSlashes } from "../text/slashes";
import { ignoring, type OwnAnswer } from "./own";
import { isSecret, keep } from "./keep";
import type { Rooms } from "./rooms";

/** Without an answer for so long the line is taken to be broken, though it may give signs of life. */
export const ANSWER_MS = 30_000;

export class Saying {
  #outbox = new Outbox();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #commands = new Map<Said, (answer: string | Refused) => void>();
  /** A command of this tab is on the way: where it takes the person, the view follows. */
  #follows = false;

  constructor(
    private readonly line: Line,
    private readonly rooms: Rooms,
    private readonly quit: () => void,
  ) {}

  /** Says a text in a room, or carries it out if it is a command; false keeps it in the composer. */
  say(room: string, text: string): boolean {
    const read = readSlashes(text);
    if ("command" in read) return this.#command(room, read.command);
    this.post(room, read.posts);
    return true;
  }

  /** Says a text as it is, whatever it begins with. */
  post(room: string, text: string): void {
    const pending: Pending = { nonce: nonce(), room, text, at: Date.now(), state: "waiting" };
    if (room.startsWith("to:")) pending.to = room.slice(3).split(",");
    keep.setUnsent(pending);
    dispatch({ type: "wrote", pending });
    this.takeUp(pending);
  }

  /** Takes something that was written before, in this tab or an earlier one. */
  takeUp(pending: Pending): void {
    if (pending.state === "failed") return;
    const { room, text, nonce, to } = pending;
    this.#outbox.add(to === undefined ? { type: "post", room, text, nonce } : { type: "whisper", to: [...to], text, nonce });
    this.#pump();
  }

  retry({ error: _, ...pending }: Pending): void {
    const again: Pending = { ...pending, state: "waiting" };
    dispatch({ type: "retried", nonce: pending.nonce });
    keep.setUnsent(again);
    this.takeUp(again);
  }

  /** This browser's person is somebody new: what may have been said as another is not said again by itself. */
  giveUp(why: string): void {
    this.#outbox = new Outbox();
    for (const pending of store.value.pending) if (pending.state === "waiting") this.#fail(pending, why);
  }

  discard(nonce: string): void {
    this.#outbox.remove(nonce);
    keep.forgetUnsent(nonce);
    dispatch({ type: "dropped", nonce });
  }

  /** Another tab has said it, or thrown it away. */
  saidElsewhere(nonce: string): void {
    if (this.#outbox.remove(nonce)) dispatch({ type: "dropped", nonce });
  }

  renamed(was: string, room: string): void {
    this.#outbox.renamed(was, room);
  }

  lineUp(): void {
    this.#pump();
  }

  lineDown(): void {
    const lost = this.#outbox.lineLost();
    if (lost !== null) this.#refused(lost, new Refused("line_lost", lost.type === "command" ? strings.uncertainCommand : strings.noAnswer, false, null));
  }

  forget(): void {
    this.#outbox = new Outbox();
    this.#commands.clear();
  }

  /** A message has come: an own whisper that was typed as a command opens its conversation. */
  heard(message: wire.Message): void {
    if (this.#follows && message.to !== undefined && message.from.id === store.value.me?.id) {
      this.#follows = false;
      this.rooms.open(message.room);
    }
  }

  #command(room: string, line: string): boolean {
    const answer = ignoring(store.value, line);
    const isKept = answer?.settings?.ignored !== undefined && store.value.me?.kind !== "guest";
    if (answer !== null && !isKept) {
      this.#ownAnswer(room, answer);
      // It is a guest's own, but notices come from the server, which has to know it.
      if (answer.settings?.ignored !== undefined && this.line.isUp) {
        this.line.ask({ type: "command", line, ...inView(room) }).catch(() => undefined);
      }
      return answer.refused !== true;
    }
    const [word = "", ...rest] = line.slice(1).split(/\s+/);
    const name = word.toLowerCase();
    if (!this.line.isUp) {
      dispatch({ type: "note", room, text: strings.offlineCommand, kind: "error" });
      return false;
    }
    if (answer !== null) {
      this.ignore(room, line, answer);
    } else if (name === "quit" || name === "exit" || name === "bye") {
      this.quit();
    } else if (name === "leave" || name === "part") {
      void this.#try(room, line, this.rooms.leave(rest[0]?.replace(/^#/, "") || room));
    } else if ((name === "join" || name === "j") && rest[0]) {
      void this.#try(room, line, this.rooms.enter(rest[0]));
    } else {
      if (name === "room" && rest[0]?.toLowerCase() === "new") this.rooms.openNext();
      this.#run(room, { type: "command", line, ...inView(room) });
    }
    return true;
  }

  /** What the server keeps for a member holds here when the server has it. */
  ignore(room: string, line: string, answer: OwnAnswer): void {
    const keepIt = async (): Promise<void> => {
      await this.line.ask({ type: "command", line, ...inView(room) });
      this.#ownAnswer(room, answer);
    };
    void this.#try(room, line, keepIt());
  }

  /** Waits for what a line asked for. */
  async #try(room: string, line: string, doing: Promise<unknown>): Promise<void> {
    try {
      await doing;
    } catch (error) {
      if (error instanceof Refused) this.#giveBack(room, line, error.message);
    }
  }

  /** A line that was refused is in the composer again, unless more has been written since; why is said beside it. */
  #giveBack(room: string, line: string, why: string): void {
    const free = (store.value.drafts[room] ?? "") === "";
    const kept = !isSecret(line);
    if (kept && free) dispatch({ type: "draft", room, text: line });
    dispatch({ type: "note", room, text: kept && !free ? strings.refusedLine(why, line) : why, kind: "error" });
  }

  #run(room: string, command: wire.CommandRequest): void {
    this.#commands.set(command, (answer) => {
      if (typeof answer !== "string") {
        this.rooms.openNext(false);
        this.#giveBack(room, command.line, answer.message);
      } else if (answer !== "") {
        dispatch({ type: "note", room, text: answer, kind: "info" });
      }
    });
    this.#follows = true;
    this.#outbox.add(command);
    this.#pump();
  }

  #ownAnswer(room: string, answer: OwnAnswer): void {
    if (answer.settings !== undefined) dispatch({ type: "settings", settings: answer.settings });
    dispatch({ type: "note", room, text: answer.text, kind: answer.refused === true ? "error" : "info" });
  }

  #answer(said: Said, answer: string | Refused): void {
    this.#commands.get(said)?.(answer);
    this.#commands.delete(said);
  }

  #pump(): void {
    clearTimeout(this.#timer);
    if (!this.line.isUp) return;
    const said = this.#outbox.next(Date.now());
    if (said !== null) {
      void this.#send(said);
      return;
    }
    const waitMs = this.#outbox.waitMs(Date.now());
    if (waitMs !== null) this.#timer = setTimeout(() => this.#pump(), waitMs);
  }

  async #send(said: Said): Promise<void> {
    const timer = setTimeout(() => (this.line.redial(), this.lineDown()), ANSWER_MS);
    try {
      const reply = await this.line.ask(said);
      this.#outbox.answered();
      this.#done(said, reply);
    } catch (error) {
      if (!(error instanceof Refused) || error.code === "line_lost") return;
      if (error.temporary) {
        this.#outbox.refused(error.retryAfterMs, Date.now());
      } else {
        this.#outbox.answered();
        this.#refused(said, error);
      }
    } finally {
      clearTimeout(timer);
    }
    this.#pump();
  }

  #done(said: Said, reply: wire.Reply): void {
    if (said.type === "command") {
      this.#answer(said, "text" in reply ? reply.text : "");
      return;
    }
    keep.forgetUnsent(said.nonce);
    if ("seq" in reply) dispatch({ type: "posted", nonce: said.nonce, room: reply.room, seq: reply.seq });
  }

  #refused(said: Said, refused: Refused): void {
    if (said.type === "command") {
      this.#answer(said, refused);
      return;
    }
    const known = store.value.pending.find((each) => each.nonce === said.nonce);
    const room = said.type === "post" ? said.room : `to:${said.to.join(",")}`;
    const pending = known ?? { nonce: said.nonce, room, text: said.text, at: Date.now(), state: "failed" as const };
    this.#fail(pending, refused.message);
  }

  #fail(pending: Pending, error: string): void {
    // It is kept: only the person throws away what was written.
    keep.setUnsent({ ...pending, state: "failed", error });
    dispatch({ type: "failed", pending, error });
  }
}

/** The room in which a command is typed; none where a conversation has not begun. */
export function inView(room: string | null): { room?: string } {
  return room === null || room.startsWith("to:") ? {} : { room };
}

/** A name for a message that no other has: a retry with it is the same message. */
function nonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(15));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}
