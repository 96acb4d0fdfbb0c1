// Why this browser cannot be notified, found before it is tried. Pure but for `surroundings`.

/** What stands in the way; each has its sentence in strings.ts. */
export type Obstacle = "offline" | "serverOff" | "insecure" | "notInstalled" | "unsupported" | "blocked";

/** What is the case where the page runs. */
export interface Surroundings {
  /** The server's public key; without one it sends no notices, or nobody has asked it yet. */
  key: string | null;
  online: boolean;
  secure: boolean;
  /** On iOS and iPadOS only pages on the home screen are notified. */
  ios: boolean;
  installed: boolean;
  /** Whether the browser has service workers, the Push API and notifications. */
  able: boolean;
  permission: NotificationPermission;
}

/** The first thing in the way, in the order in which a person would have to mend them. */
export function obstacleOf({ key, online, secure, ios, installed, able, permission }: Surroundings): Obstacle | null {
  if (key === null) return online ? "serverOff" : "offline";
  if (!secure) return "insecure";
  if (ios && !installed) return "notInstalled";
  if (!able) return "unsupported";
  return permission === "denied" ? "blocked" : null;
}

export function surroundings(key: string | null, online: boolean): Surroundings {
  return {
    key,
    online,
    secure: isSecureContext,
    ios: isIos(navigator.userAgent, navigator.maxTouchPoints),
    installed: matchMedia("(display-mode: standalone)").matches,
    able: "serviceWorker" in navigator && "PushManager" in window && "Notification" in window,
    permission: "Notification" in window ? Notification.permission : "default",
  };
}

/** An iPad says that it is a Mac; no Mac has a touch screen. */
export function isIos(userAgent: string, touchPoints: number): boolean {
  return /iPhone|iPad|iPod/.test(userAgent) || (userAgent.includes("Macintosh") && touchPoints > 1);
}

/** The server's key as `subscribe` takes it, from base64url. */
export function keyBytes(key: string): Uint8Array<ArrayBuffer> {
  const text = atob(key.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Whether a subscription was made for this server's key: another one's notices would be refused. */
export function isFor(subscription: PushSubscription, key: string): boolean {
  const made = subscription.options.applicationServerKey;
  if (made === null) return false;
  const bytes = new Uint8Array(made);
  const wanted = keyBytes(key);
  return bytes.length === wanted.length && wanted.every((byte, at) => byte === bytes[at]);
}
