import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type * as wire from "../protocol";
import { ANN, welcome } from "../store/testing";
import { Identity } from "./identity";
import { keep } from "./keep";

/** A storage as browsers have it, and the requests that a server answers as it is told. */
class Fake {
  kept = new Map<string, string>();

  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
  removeItem = (key: string): void => void this.kept.delete(key);
}

let local: Fake;
let asked: string[];
let answers: (request: string) => number;

beforeEach(() => {
  local = new Fake();
  asked = [];
  answers = () => 204;
  vi.stubGlobal("localStorage", local);
  vi.stubGlobal("sessionStorage", new Fake());
  vi.stubGlobal("location", { hash: "", pathname: "/", search: "" });
  vi.stubGlobal("history", { replaceState: () => undefined });
  vi.stubGlobal("fetch", async (_: string, { method, body }: { method: string; body?: string }) => {
    const request = `${method} ${body ?? ""}`.trim();
    asked.push(request);
    return { status: answers(request) };
  });
});
afterEach(() => vi.unstubAllGlobals());

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

function here(session: string, me: Partial<wire.Self> = {}): wire.Welcome {
  return { ...welcome(), session, user: { ...welcome().user, ...me } };
}

async function joined(): Promise<Identity> {
  const identity = new Identity();
  identity.come({ name: "ann", password: "", register: false });
  identity.hello();
  identity.welcomed(here("secret"));
  await settled();
  return identity;
}

describe("the secret", () => {
  test("goes to the browser, and nothing of it stays with the page", async () => {
    const identity = await joined();
    expect(asked).toEqual(['POST {"token":"secret"}', "POST {}"]);
    expect(JSON.stringify([...local.kept])).not.toContain("secret");
    expect(keep.session()?.me.name).toBe("ann");
    expect(identity.hello()).toEqual({ epoch: "e" });
  });

  test.each([
    ["a server that takes none", () => 405],
    ["a browser that keeps none", (request: string) => (request === "POST {}" ? 400 : 204)],
  ])("stays with the page for %s", async (_, answer) => {
    answers = answer;
    const identity = await joined();
    expect(identity.hello()).toEqual({ token: "secret", epoch: "e" });
    asked = [];
    identity.welcomed(here("secret"));
    await settled();
    expect(asked).toEqual([]);
  });

  test("that an earlier release had kept is handed over at the next welcome", async () => {
    local.setItem("hubbub.session", JSON.stringify({ token: "old", epoch: "e", me: { ...ANN } }));
    const identity = new Identity();
    expect(identity.hello()).toEqual({ token: "old", epoch: "e" });
    expect(identity.isFor(here("old"))).toBe(true);
    identity.welcomed(here("old"));
    await settled();
    expect(JSON.stringify([...local.kept])).not.toContain("old");
    expect(identity.hello()).toEqual({ epoch: "e" });
  });

  test("is this tab's until the browser has it, also where the page is loaded anew meanwhile", () => {
    const identity = new Identity();
    identity.come({ name: "ann", password: "", register: false });
    identity.welcomed(here("secret"));
    expect(new Identity().hello()).toEqual({ token: "secret", epoch: "e" });
    expect(local.getItem("hubbub.session")).toBeNull();
  });

  test("that is new takes the place of the former one, and tabs see that there is one", async () => {
    const identity = await joined();
    const before = keep.session()?.turn;
    identity.changed({ ...here("").user, kind: "member", role: "owner" }, "next");
    await settled();
    expect(asked.slice(2)).toEqual(['POST {"token":"next"}', "POST {}"]);
    expect(keep.session()).toMatchObject({ token: "", me: { role: "owner" } });
    expect(keep.session()?.turn).not.toBe(before);
  });
});

describe("a welcome", () => {
  test("by the cookie renews it once", async () => {
    const identity = new Identity();
    keep.setSession({ token: "", epoch: "e", me: welcome().user, turn: "1" });
    for (let count = 0; count < 2; count += 1) {
      identity.hello();
      expect(identity.isFor(here(""))).toBe(true);
      identity.welcomed(here(""));
    }
    await settled();
    expect(asked).toEqual(["POST {}"]);
  });

  test("is not for us where the cookie is gone, or another one's", async () => {
    const identity = await joined();
    identity.hello();
    expect(identity.isFor(here("made for a newcomer", { name: "user5", id: "x" }))).toBe(false);
    expect(identity.isFor(here("", { id: "x" }))).toBe(false);
    identity.lost();
    expect(identity.hello()).toEqual({ name: "ann" });
  });
});

describe("a secret that is refused", () => {
  test("is tried again where another tab has got the next one, and once more where it may be getting it", async () => {
    const identity = await joined();
    identity.hello();
    keep.setSession({ ...keep.session()!, turn: "another" });
    expect(identity.tryAgain()).toBe(true);
    identity.hello();
    expect(identity.tryAgain()).toBe(false);

    identity.welcomed(here(""));
    identity.hello();
    expect(identity.tryAgain()).toBe(true);
    identity.hello();
    expect(identity.tryAgain()).toBe(false);
  });
});

test("whoever leaves takes the cookie along, unless another tab has done that", async () => {
  const identity = await joined();
  asked = [];
  identity.forget(false);
  identity.forget(true);
  expect(asked).toEqual(["DELETE"]);
});

test("an invitation goes with the name and the password that shall be its member's", () => {
  vi.stubGlobal("location", { hash: "#invite=inv-1", pathname: "/", search: "" });
  const identity = new Identity();
  identity.come({ name: "bob", password: "a few words", register: true });
  expect(identity.hello()).toEqual({ name: "bob", password: "a few words", register: true, invite: "inv-1" });
  // A member who opens the link by mistake signs in.
  identity.come({ name: "bob", password: "a few words", register: false });
  expect(identity.hello()).toEqual({ name: "bob", password: "a few words" });
});
