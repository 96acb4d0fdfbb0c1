// Notices to this browser: turned on and off, renewed, tested, and what the service worker asks.

import { effect } from "@preact/signals";
import { Refused, type Line } from "../line/line";
import type * as wire from "../protocol";
import { isFor, keyBytes, obstacleOf, surroundings } from "../push/obstacle";
import type { Heard } from "../push/notice";
import type { PushTest } from "../store/state";
import { dispatch, store } from "../store/store";
import { strings } from "../strings";
import { noticeOf } from "./heard";
import { keep } from "./keep";

/** How long a service worker may take to be there. */
const WORKER_MS = 10_000;
/** How long a notice may take from the push service to this browser. */
const ARRIVAL_MS = 20_000;

export type Level = wire.NotifyRequest["level"];

export class Pushing {
  /** Whom the server was told of since the page was loaded, and in which log. */
  #told = "";
  #arrival: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly line: Line,
    private readonly openRoom: (room: string) => void,
  ) {}

  /** Begins to listen to the service worker. */
  watch(): void {
    if (!("serviceWorker" in navigator)) return;
    navigator.serviceWorker.addEventListener("message", (message) => this.#asked(message));
    navigator.serviceWorker.startMessages();
    effect(() => {
      const { looking, current } = store.value;
      if (looking && current !== null) void tidy(current);
    });
  }

  /** A message has come: in a hidden tab it is told as it would be pushed, where the browser allows it. */
  heard(message: wire.Message): void {
    if (document.visibilityState !== "hidden" || keep.isPushOff()) return;
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    const notice = noticeOf(store.value, message);
    if (notice !== null) void tell({ type: "heard", notice, seq: message.seq });
  }

  /** After `welcome`: what is the case here; a subscription that was lost is made anew. */
  async welcomed(): Promise<void> {
    if (!this.look() || store.value.push.key === null) return;
    const kept = await subscribed();
    if (kept === null && !keep.push()) return dispatch({ type: "push", push: { on: false } });
    if (Notification.permission !== "granted") return dispatch({ type: "push", push: { on: false } });
    await this.#attempt(() => this.#subscribe());
  }

  /** Looks again at what stands in the way; whether nothing does. */
  look(): boolean {
    const obstacle = obstacleOf(surroundings(store.value.push.key, this.line.isUp));
    dispatch({ type: "push", push: obstacle === null ? { obstacle } : { obstacle, on: false } });
    return obstacle === null;
  }

  /** The person wants it; the browser asks them whether they do. */
  async turnOn(): Promise<void> {
    if (!this.look()) return;
    await this.#attempt(async () => {
      const permission = await Notification.requestPermission();
      if (!this.look()) return;
      if (permission !== "granted") throw new Error(strings.pushNotAllowed);
      await this.#subscribe();
    });
  }

  async turnOff(): Promise<void> {
    keep.setPush(false);
    await this.#attempt(async () => {
      const kept = await subscribed();
      if (kept !== null) {
        await kept.unsubscribe();
        await this.line.ask({ type: "unpush", endpoint: kept.endpoint });
      }
      this.#told = "";
      dispatch({ type: "push", push: { on: false, test: null } });
    });
  }

  /** Whoever has left is not notified here any more. */
  forget(): void {
    this.#told = "";
    clearTimeout(this.#arrival);
    subscribed()
      .then((kept) => kept?.unsubscribe())
      .catch(() => undefined);
  }

  /** Sends a notice to oneself: what the push services say, and whether it comes here. */
  async test(): Promise<void> {
    clearTimeout(this.#arrival);
    this.#shows({ state: "asked", fates: [], error: "" });
    try {
      this.#told = "";
      await this.#subscribe();
      const { pushed } = await this.line.ask({ type: "test_push" });
      // It may have been quicker than the answer.
      const state = store.value.push.test?.state === "arrived" ? "arrived" : "taken";
      const none = pushed.every((fate) => !fate.sent);
      this.#shows({ state: none ? "failed" : state, fates: pushed, error: none ? strings.pushTestRefused : "" });
      if (!none && state === "taken") this.#arrival = setTimeout(() => this.#lost(), ARRIVAL_MS);
    } catch (error) {
      this.#shows({ state: "failed", fates: [], error: reason(error) });
    }
  }

  /** What of a room is pushed; shown as chosen when the server has it. */
  async choose(room: string, level: Level): Promise<void> {
    try {
      await this.line.ask({ type: "notify", room, level });
      dispatch({ type: "notify", room, level });
    } catch (error) {
      dispatch({ type: "push", push: { failure: reason(error) } });
    }
  }

  async #attempt(deed: () => Promise<void>): Promise<void> {
    dispatch({ type: "push", push: { busy: true, failure: "" } });
    try {
      await deed();
    } catch (error) {
      dispatch({ type: "push", push: { on: false, failure: reason(error) } });
    } finally {
      dispatch({ type: "push", push: { busy: false } });
    }
  }

  /** Subscribes where that is not done, and tells the server, once after each load of the page. */
  async #subscribe(): Promise<void> {
    const { key } = store.value.push;
    const { me, epoch } = store.value;
    if (key === null || me === null) return;
    const subscription = await subscribe(key);
    const told = `${subscription.endpoint} ${me.id} ${epoch ?? ""}`;
    if (told !== this.#told) {
      const { p256dh, auth } = subscription.toJSON().keys ?? {};
      if (p256dh === undefined || auth === undefined) throw new Error(strings.pushNoKeys);
      await this.line.ask({ type: "push", endpoint: subscription.endpoint, p256dh, auth });
      this.#told = told;
    }
    keep.setPush(true);
    dispatch({ type: "push", push: { on: true, failure: "" } });
  }

  #asked(message: MessageEvent): void {
    const { type, room } = message.data as { type?: string; room?: string };
    if (type === "shows") {
      const { looking, current } = store.value;
      message.ports[0]?.postMessage(looking && current === room);
    } else if (type === "open" && room !== undefined && room !== "") {
      this.openRoom(room);
    } else if (type === "arrived") {
      this.#arrived();
    }
  }

  #arrived(): void {
    const { test } = store.value.push;
    if (test === null || test.state === "failed") return;
    clearTimeout(this.#arrival);
    this.#shows({ ...test, state: "arrived" });
  }

  #lost(): void {
    const { test } = store.value.push;
    if (test?.state === "taken") this.#shows({ ...test, state: "lost" });
  }

  #shows(test: PushTest): void {
    dispatch({ type: "push", push: { test } });
  }
}

/** What this browser is subscribed to. */
async function subscribed(): Promise<PushSubscription | null> {
  if (!("serviceWorker" in navigator)) return null;
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager?.getSubscription()) ?? null;
}

/** Subscribes for the server's key. Rejects with a sentence for the person. */
async function subscribe(key: string): Promise<PushSubscription> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error(strings.pushNoWorker)), WORKER_MS));
  const { pushManager } = await Promise.race([navigator.serviceWorker.ready, late]);
  const kept = await pushManager.getSubscription();
  if (kept !== null && isFor(kept, key)) return kept;
  await kept?.unsubscribe();
  try {
    return await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: keyBytes(key) });
  } catch (error) {
    throw new Error(strings.pushNoService(error instanceof Error ? error.message : String(error)));
  }
}

/** Has the worker show a notice, which knows of the other tabs. */
async function tell(heard: Heard): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.getRegistration("/").catch(() => undefined);
  registration?.active?.postMessage(heard);
}

/** Takes away the notifications of a room that somebody looks at. */
async function tidy(room: string): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration("/").catch(() => undefined);
  const shown = (await registration?.getNotifications({ tag: room }).catch(() => [])) ?? [];
  for (const each of shown) each.close();
}

function reason(error: unknown): string {
  if (error instanceof Refused && error.code === "line_lost") return strings.pushObstacles.offline;
  return error instanceof Error ? error.message : String(error);
}
