// Who this browser is to the server: a newcomer with a name, or the one whose session it has.

import type * as wire from "../protocol";
import { clearCookie, handOver, renewCookie } from "./cookie";
import { keep, type Session } from "./keep";

const INVITE = "invite=";

/** How somebody comes in who has no session: with a password as a member, or to become one. */
export interface Newcomer {
  name: string;
  password: string;
  register: boolean;
}

const NOBODY: Newcomer = { name: "", password: "", register: false };

export class Identity {
  /** The code of the invitation that the address brought, until it is taken. */
  invite: string | null = takenInvite();
  #newcomer = NOBODY;
  /** The session that the last `hello` was said with, by its turn; null for a newcomer. */
  #said: string | null = null;
  #byCookie = false;
  /** The turn that was refused once: another tab may be getting the next one at this moment. */
  #refused: string | null = null;
  #handing: Session | null = null;
  #cookieFails = false;
  #renewed = false;

  come(newcomer: Newcomer): void {
    // One who had to leave, by a ban perhaps, and comes as somebody.
    keep.setHanding(null);
    keep.setSession(null);
    this.#newcomer = newcomer;
  }

  /** What `hello` says of who one is; null where nobody wants to come in. */
  hello(): Partial<wire.HelloRequest> | null {
    const kept = keep.session();
    this.#said = kept?.turn ?? null;
    this.#byCookie = kept?.token === "";
    if (kept === null) return this.#newcomer.name === "" ? null : this.#introduction();
    return kept.token === "" ? { epoch: kept.epoch } : { token: kept.token, epoch: kept.epoch };
  }

  #introduction(): Partial<wire.HelloRequest> {
    const { name, password, register } = this.#newcomer;
    if (password === "") return { name };
    if (!register) return { name, password };
    return this.invite === null ? { name, password, register } : { name, password, register, invite: this.invite };
  }

  /** Whether a welcome is for whom this browser was: a cookie may be gone, or another one's. */
  isFor(welcome: wire.Welcome): boolean {
    return !this.#byCookie || (welcome.session === "" && welcome.user.id === keep.session()?.me.id);
  }

  welcomed({ user: me, session: secret, epoch }: wire.Welcome): void {
    // One who is here as a guest may still take it, in the settings.
    if (me.kind !== "guest") this.invite = null;
    this.#newcomer = NOBODY;
    this.#refused = null;
    keep.setName(me.name);
    const kept = keep.session();
    if (secret === "" && kept !== null) {
      keep.setSession({ ...kept, epoch, me });
      if (!this.#renewed) void renewCookie();
      this.#renewed = true;
    } else {
      void this.#take({ token: secret, epoch, me, turn: (kept?.token === secret && kept.turn) || turn() });
    }
  }

  /** This person is called otherwise now, or is more than before; perhaps with a new secret. */
  changed(me: wire.Self, secret?: string): void {
    const kept = this.#handing ?? keep.session();
    if (kept === null) return;
    if (me.kind !== "guest") this.invite = null;
    keep.setName(me.name);
    if (secret !== undefined) void this.#take({ ...kept, me, token: secret, turn: turn() });
    else if (this.#handing !== null) keep.setHanding((this.#handing = { ...kept, me }));
    else keep.setSession({ ...kept, me });
  }

  /** The secret was refused; false where that is final, and the same name may come as a newcomer. */
  tryAgain(): boolean {
    keep.setHanding(null);
    const now = keep.session()?.turn ?? null;
    const worth = now !== null && (now !== this.#said || this.#refused !== now);
    this.#refused = now;
    return worth;
  }

  /** The session is gone: the same name again, if nobody has taken it meanwhile. */
  lost(): void {
    const name = keep.session()?.me.name ?? "";
    this.come({ ...NOBODY, name });
  }

  /** Nobody any more; the browser forgets the secret too, unless another tab has seen to that. */
  forget(andCookie: boolean): void {
    this.#newcomer = NOBODY;
    this.#handing = null;
    this.#renewed = false;
    keep.setHanding(null);
    if (andCookie) clearCookie();
  }

  async #take(session: Session): Promise<void> {
    if (this.#cookieFails) return keep.setSession(session);
    // Not in localStorage, where it would stay; a page that is loaded anew just now has it from here.
    keep.setHanding((this.#handing = session));
    const taken = await handOver(session.token);
    const latest: Session | null = this.#handing;
    if (latest?.token !== session.token) return;
    this.#cookieFails = !taken;
    keep.setSession(taken ? { ...latest, token: "" } : latest);
    keep.setHanding((this.#handing = null));
    this.#renewed = true;
  }
}

/** The invitation of the address, which does not keep it: it is a secret. */
function takenInvite(): string | null {
  const place = addressed();
  if (!place.startsWith(INVITE)) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return place.slice(INVITE.length);
}

/** What stands behind the address's `#`; nothing, where somebody has broken it. */
export function addressed(): string {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

function turn(): string {
  return Math.random().toString(36).slice(2);
}
