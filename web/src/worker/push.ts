// Notices, shown while nobody looks at the page; a click opens the room.

import { addressOf, readNotice, shown, type Heard, type Notice } from "../push/notice";

declare const self: ServiceWorkerGlobalScope;

/** How long a page is waited for that should say which room it shows. */
const ANSWER_MS = 500;
const ICON = "/icons/icon-192.png";

/** Begins to listen; a worker must do so before it is started for its first event. */
export function listen(): void {
  self.addEventListener("push", (event) => event.waitUntil(pushed(event.data?.text() ?? null)));
  self.addEventListener("message", (event) => {
    const heard = event.data as Partial<Heard> | null;
    if (heard?.type === "heard") event.waitUntil(told(heard as Heard));
  });
  self.addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(open(roomOf(event.notification)));
  });
}

async function pushed(text: string | null): Promise<void> {
  const notice = readNotice(text);
  await show(notice);
  if (notice?.room === "") for (const page of await pages()) page.postMessage({ type: "arrived" });
}

/** What the tabs told last: each hidden one tells of the same message. */
let last = "";

async function told({ notice, seq }: Heard): Promise<void> {
  const message = `${seq} ${notice.room}`;
  if (message === last) return;
  last = message;
  await show(notice);
}

async function show(notice: Notice | null): Promise<void> {
  const room = notice?.room ?? "";
  if (room !== "" && (await isSeen(room))) return;
  const { title, ...options } = shown(notice);
  // `renotify` is not in the types, for not all browsers know it.
  const more = { ...options, icon: ICON, badge: ICON, data: { room }, renotify: true };
  await self.registration.showNotification(title, more);
}

/** Whether somebody looks at the room just now. */
async function isSeen(room: string): Promise<boolean> {
  const visible = (await pages()).filter((page) => page.visibilityState === "visible");
  return (await Promise.all(visible.map((page) => shows(page, room)))).includes(true);
}

function shows(page: WindowClient, room: string): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = (message) => resolve(message.data === true);
    setTimeout(() => resolve(false), ANSWER_MS);
    page.postMessage({ type: "shows", room }, [port2]);
  });
}

/** Opens the room in a page that is there, or in a new one. */
async function open(room: string): Promise<void> {
  const [page] = await pages();
  if (page === undefined) {
    await self.clients.openWindow(addressOf(room));
    return;
  }
  page.postMessage({ type: "open", room });
  // A browser may refuse to bring a page to the front; the room is open in it all the same.
  await page.focus().catch(() => undefined);
}

async function pages(): Promise<readonly WindowClient[]> {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

function roomOf(notification: Notification): string {
  const { room } = (notification.data ?? {}) as { room?: unknown };
  return typeof room === "string" ? room : "";
}
