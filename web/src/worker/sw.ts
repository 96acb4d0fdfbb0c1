// The service worker: the page opens without a network, from what was loaded last. The messages
// that it then shows are those that the page itself has kept.

import { listen } from "./push";

declare const self: ServiceWorkerGlobalScope;

const CACHE = "hubbub-1";
const SHELL = "/";
const BESIDE = ["/manifest.webmanifest", "/icons/icon.svg", "/icons/icon-192.png"];

listen();

self.addEventListener("install", (event) => {
  event.waitUntil(fill().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === SHELL) event.respondWith(page(event));
  else if (url.pathname.startsWith("/assets/") || BESIDE.includes(url.pathname)) event.respondWith(kept(request));
});

async function fill(): Promise<void> {
  const cache = await caches.open(CACHE);
  const shell = await fetch(SHELL, { cache: "no-cache" });
  if (!shell.ok) throw new Error(`The page answers ${shell.status}.`);
  await keepShell(cache, shell);
  await cache.addAll(BESIDE);
}

/** The page and the files that it names; what earlier pages named goes. */
async function keepShell(cache: Cache, shell: Response): Promise<void> {
  const html = await shell.clone().text();
  const named = new Set(html.match(/\/assets\/[\w.-]+/g));
  const missing: string[] = [];
  for (const path of named) if ((await cache.match(path)) === undefined) missing.push(path);
  await cache.addAll(missing);
  await cache.put(SHELL, shell);
  if (missing.length === 0) return;
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/assets/") && !named.has(pathname)) await cache.delete(request);
  }
}

/** The newest page, or without a network the one that was kept. */
async function page(event: FetchEvent): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const fresh = await fetch(event.request);
    if (fresh.ok) event.waitUntil(keepShell(cache, fresh.clone()).catch(() => undefined));
    if (fresh.status < 500) return fresh;
    return (await cache.match(SHELL)) ?? fresh;
  } catch (error) {
    const shell = await cache.match(SHELL);
    if (shell === undefined) throw error;
    return shell;
  }
}

/** A file whose name holds for good is fetched once. */
async function kept(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const found = await cache.match(request);
  if (found !== undefined) return found;
  const fresh = await fetch(request);
  if (fresh.ok) await cache.put(request, fresh.clone());
  return fresh;
}

async function dropOthers(): Promise<void> {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
}
