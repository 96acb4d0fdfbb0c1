import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refused, type Line } from "../line/line";
import type * as wire from "../protocol";
import { told, welcome } from "../store/testing";
import { dispatch, store } from "../store/store";
import { strings } from "../strings";
import { keep } from "./keep";
import { Pushing } from "./pushing";

type Listener = (message: { data: unknown; ports: { postMessage: (answer: unknown) => void }[] }) => void;

const subscription = {
  endpoint: "https://push.example/1",
  options: { applicationServerKey: new Uint8Array([4, 0, 0]).buffer },
  toJSON: () => ({ keys: { p256dh: "p", auth: "a" } }),
  unsubscribe: async () => true,
};

let asked: wire.Request[] = [];
let answer: (request: wire.Request) => Promise<unknown>;
let opened: string[] = [];
let tell: Listener;
let kept: typeof subscription | null;

const line = {
  isUp: true,
  ask: (request: wire.Request) => (asked.push(request), answer(request)),
} as unknown as Line;

function pushing(): Pushing {
  const made = new Pushing(line, (room) => opened.push(room));
  made.watch();
  return made;
}

beforeEach(() => {
  vi.useFakeTimers();
  keep.forget();
  asked = [];
  opened = [];
  kept = subscription;
  answer = async (request) => (request.type === "test_push" ? { pushed: [{ service: "s", sent: true, why: "" }] } : {});
  const pushManager = {
    getSubscription: async () => kept,
    subscribe: async () => (kept = subscription),
  };
  const registration = { pushManager, getNotifications: async () => [] };
  const serviceWorker = {
    ready: Promise.resolve(registration),
    getRegistration: async () => registration,
    addEventListener: (_: string, listener: Listener) => (tell = listener),
    startMessages: () => undefined,
  };
  const notification = { permission: "granted", requestPermission: async () => "granted" };
  vi.stubGlobal("navigator", { serviceWorker, userAgent: "", maxTouchPoints: 0 });
  vi.stubGlobal("window", { PushManager: {}, Notification: notification });
  vi.stubGlobal("Notification", notification);
  vi.stubGlobal("isSecureContext", true);
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  dispatch({ type: "welcome", welcome: { ...welcome(told("lobby", 0), told("dev", 0)), push_key: "BAAA" }, sameLog: false });
});

afterEach(() => {
  dispatch({ type: "out", error: null });
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a subscription that the browser has is told to the server once after each load", async () => {
  const here = pushing();
  await here.welcomed();
  await here.welcomed();
  expect(asked).toEqual([{ type: "push", endpoint: subscription.endpoint, p256dh: "p", auth: "a" }]);
  expect(store.value.push).toMatchObject({ on: true, failure: "" });
});

test("without a subscription, and without the wish for one, nothing is told", async () => {
  kept = null;
  await pushing().welcomed();
  expect(asked).toEqual([]);
  expect(store.value.push.on).toBe(false);
});

test("a subscription for another server's key is made anew", async () => {
  const other = { ...subscription, options: { applicationServerKey: new Uint8Array([4, 1, 1]).buffer } };
  const unsubscribe = vi.spyOn(other, "unsubscribe");
  kept = other;
  await pushing().welcomed();
  expect(unsubscribe).toHaveBeenCalled();
  expect(kept).toBe(subscription);
});

test("a test that was taken and does not come is lost after a while, and may still come", async () => {
  await pushing().test();
  expect(store.value.push.test?.state).toBe("taken");
  vi.advanceTimersByTime(20_000);
  expect(store.value.push.test?.state).toBe("lost");
  tell({ data: { type: "arrived" }, ports: [] });
  expect(store.value.push.test?.state).toBe("arrived");
});

test("a test may come before the server's answer", async () => {
  answer = async (request) => {
    if (request.type !== "test_push") return {};
    tell({ data: { type: "arrived" }, ports: [] });
    return { pushed: [{ service: "s", sent: true, why: "" }] };
  };
  await pushing().test();
  vi.advanceTimersByTime(30_000);
  expect(store.value.push.test?.state).toBe("arrived");
});

test("a test that no service takes says why", async () => {
  const fates = [{ service: "s", sent: false, why: "s answered 403" }];
  answer = async (request) => (request.type === "test_push" ? { pushed: fates } : {});
  await pushing().test();
  expect(store.value.push.test).toEqual({ state: "failed", fates, error: strings.pushTestRefused });
});

test("without a line a test says that there is none", async () => {
  answer = () => Promise.reject(new Refused("line_lost", "lost", true, null));
  await pushing().test();
  expect(store.value.push.test).toMatchObject({ state: "failed", error: strings.pushObstacles.offline });
});

test("a setting is what the server has", async () => {
  await pushing().choose("dev", "none");
  expect(asked).toEqual([{ type: "notify", room: "dev", level: "none" }]);
  expect(store.value.rooms["dev"]?.notify).toBe("none");
});

test("a setting that the server refuses stays as it was, and says why", async () => {
  answer = () => Promise.reject(new Refused("not_a_member", "You are not in dev.", false, null));
  await pushing().choose("dev", "none");
  expect(store.value.rooms["dev"]?.notify).toBe("mentions");
  expect(store.value.push.failure).toBe("You are not in dev.");
});

test("who does not answer the browser's question is told what it asks", async () => {
  kept = null;
  Object.assign(Notification, { requestPermission: async () => "default" });
  await pushing().turnOn();
  expect(store.value.push).toMatchObject({ on: false, busy: false, failure: strings.pushNotAllowed });
});

test("a service worker that does not come is named", async () => {
  Object.assign(navigator.serviceWorker, { ready: new Promise(() => undefined) });
  const turning = pushing().turnOn();
  await vi.advanceTimersByTimeAsync(10_000);
  await turning;
  expect(store.value.push.failure).toBe(strings.pushNoWorker);
});

test("the worker hears whether somebody looks at the room, and has rooms opened", () => {
  pushing();
  const answers: unknown[] = [];
  const ports = [{ postMessage: (each: unknown) => answers.push(each) }];
  dispatch({ type: "open", room: "dev" });
  tell({ data: { type: "shows", room: "dev" }, ports });
  tell({ data: { type: "shows", room: "lobby" }, ports });
  dispatch({ type: "looking", looking: false });
  tell({ data: { type: "shows", room: "dev" }, ports });
  expect(answers).toEqual([true, false, false]);
  tell({ data: { type: "open", room: "lobby" }, ports: [] });
  tell({ data: { type: "open", room: "" }, ports: [] });
  expect(opened).toEqual(["lobby"]);
});
