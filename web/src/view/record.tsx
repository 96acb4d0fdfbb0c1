// What moderators did, and what of it holds: of a room, or of the whole server.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { VNode } from "preact";
import type * as wire from "../protocol";
import { strings } from "../strings";
import { titleOfName } from "../text/room-name";
import { fullTime, momentOf } from "../text/times";
import { chat } from "./app-chat";
import { useDeed } from "./deed";

const PAGE = 30;

/** Bans and mutes that hold, each to be lifted; `room` null means the whole server's. */
export function Penalties({ room, none, version = 0 }: { room: string | null; none: string; version?: number }): VNode {
  const found = useSignal<readonly wire.Ban[] | null>(null);
  const deed = useDeed();
  const read = async (): Promise<void> => {
    const answer = await chat.line.ask(room === null ? { type: "bans" } : { type: "bans", room });
    found.value = answer.bans;
  };
  useEffect(() => void deed.run(read), [room, version]);
  const lift = (ban: wire.Ban): Promise<boolean> =>
    deed.run(async () => {
      const where = ban.room === null ? {} : { room: ban.room };
      await chat.line.ask(ban.kind === "ban" ? { type: "unban", name: ban.whom } : { type: "unmute", name: ban.whom, ...where });
      await read();
    });
  return (
    <>
      {found.value?.length === 0 ? <p class="quiet">{none}</p> : null}
      <ul class="listed">
        {(found.value ?? []).map((ban) => (
          <li key={`${ban.kind} ${ban.whom} ${ban.room ?? ""}`}>
            <div>
              <p>
                <b>
                  <bdi>{ban.whom}</bdi>
                </b>{" "}
                {strings.banKind[ban.kind]}
                {ban.room === null || room !== null ? " " : ` ${strings.inRoom(titleOfName(ban.room))} `}
                {ban.until === null ? strings.forGood : strings.until(momentOf(ban.until))}
              </p>
              <p class="quiet">
                {strings.by(ban.by)}, <Moment at={ban.at} />
                {ban.reason === "" ? "" : `: ${ban.reason}`}
              </p>
            </div>
            <button type="button" class="plain" aria-label={strings.liftWhom(ban.whom)} onClick={() => void lift(ban)}>
              {strings.lift}
            </button>
          </li>
        ))}
      </ul>
      <p class="failure" role="alert">
        {deed.problem.value}
      </p>
    </>
  );
}

/** The audit log, newest first, a page at a time. */
export function Audit({ room }: { room: string | null }): VNode {
  const entries = useSignal<readonly wire.AuditEntry[] | null>(null);
  const more = useSignal(false);
  const deed = useDeed();
  const read = async (): Promise<void> => {
    const before = entries.value?.at(-1)?.id;
    const request: wire.AuditRequest = { type: "audit", limit: PAGE, ...(room === null ? {} : { room }), ...(before === undefined ? {} : { before }) };
    const page = await chat.line.ask(request);
    entries.value = [...(entries.value ?? []), ...page.entries];
    more.value = page.more;
  };
  useEffect(() => void deed.run(read), []);
  return (
    <>
      {entries.value?.length === 0 ? <p class="quiet">{strings.noAudit}</p> : null}
      <ul class="listed audit">
        {(entries.value ?? []).map((entry) => (
          <li key={entry.id}>
            <div>
              <p>
                <b>
                  <bdi>{entry.by}</bdi>
                </b>{" "}
                {strings.acts[entry.act] ?? entry.act}
                {entry.whom === "" ? null : (
                  <>
                    {" "}
                    <bdi>{entry.whom}</bdi>
                  </>
                )}
                {entry.room === "" || room !== null ? "" : ` ${strings.inRoom(titleOfName(entry.room))}`}
              </p>
              <p class="quiet">
                <Moment at={entry.at} />
                {entry.reason === "" ? "" : `: ${entry.reason}`}
              </p>
            </div>
          </li>
        ))}
      </ul>
      {more.value ? (
        <button type="button" class="plain" onClick={() => void deed.run(read)}>
          {strings.more}
        </button>
      ) : null}
      <p class="failure" role="alert">
        {deed.problem.value}
      </p>
    </>
  );
}

export function Moment({ at }: { at: string }): VNode {
  return (
    <time dateTime={at} title={fullTime(at)}>
      {momentOf(at)}
    </time>
  );
}
