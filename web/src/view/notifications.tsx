import { useEffect } from "preact/hooks";
import type { VNode } from "preact";
import type { Level } from "../chat/pushing";
import type { Push, PushTest, Room } from "../store/state";
import { store } from "../store/store";
import { mutedRooms, roomList, titleOf } from "../store/views";
import { strings } from "../strings";
import { chat } from "./app-chat";
import { Dialog } from "./dialog";
import { push } from "./selectors";

/** Whether this browser is notified, of what, and a test that names what is in the way. */
export function NotificationsDialog(): VNode {
  // Permissions change outside of the page, while it is left for the browser's settings.
  useEffect(() => {
    const look = (): void => void chat.pushing.look();
    look();
    window.addEventListener("focus", look);
    return () => window.removeEventListener("focus", look);
  }, []);
  const { rooms, direct } = roomList(store.value);
  return (
    <Dialog title={strings.notifications} kind="settings notifications">
      <Here push={push.value} />
      <fieldset>
        <legend>{strings.pushRooms}</legend>
        <ul class="levels">
          {[...rooms, ...direct].map((room) => (
            <RoomLevel key={room.name} room={room} />
          ))}
        </ul>
      </fieldset>
    </Dialog>
  );
}

function Here({ push: { obstacle, on, busy, failure, test } }: { push: Push }): VNode {
  const muted = mutedRooms(store.value).map(titleOf).join(", ");
  return (
    <section>
      <p class="quiet">{strings.pushWhat}</p>
      <label class="switch-row">
        <input
          type="checkbox"
          checked={on}
          disabled={busy || obstacle !== null}
          onChange={(event) => void (event.currentTarget.checked ? chat.pushing.turnOn() : chat.pushing.turnOff())}
        />
        <span>{strings.pushHere}</span>
      </label>
      <p class="failure" role="alert">
        {obstacle === null ? failure : strings.pushObstacles[obstacle]}
      </p>
      {on ? (
        <p class="buttons">
          <button type="button" class="plain" disabled={test?.state === "asked"} onClick={() => void chat.pushing.test()}>
            {strings.pushTest}
          </button>
        </p>
      ) : null}
      <div role="status">
        {test === null ? null : <p class={test.state === "failed" ? "failure" : ""}>{sentence(test)}</p>}
        <ul class="fates">
          {(test?.fates ?? []).map((fate, at) => (
            <li key={at}>{strings.pushFate(fate.service, fate.sent, fate.why)}</li>
          ))}
        </ul>
      </div>
      {muted === "" ? null : <p class="quiet">{strings.pushMuted(muted)}</p>}
    </section>
  );
}

function sentence(test: PushTest): string {
  switch (test.state) {
    case "asked":
      return strings.pushTestAsked;
    case "taken":
      return strings.pushTestTaken;
    case "arrived":
      return strings.pushTestArrived;
    case "lost":
      return strings.pushTestLost;
    case "failed":
      return test.error;
  }
}

const LEVELS: readonly Level[] = ["all", "mentions", "none"];

function RoomLevel({ room }: { room: Room }): VNode {
  const direct = room.kind === "direct";
  const levels = direct ? LEVELS.filter((level) => level !== "mentions") : LEVELS;
  const chosen = direct && room.notify !== "none" ? "all" : room.notify;
  return (
    <li>
      <label>
        <bdi>{titleOf(room)}</bdi>
        <select value={chosen} onChange={(event) => void chat.pushing.choose(room.name, event.currentTarget.value as Level)}>
          {levels.map((level) => (
            <option key={level} value={level} selected={level === chosen}>
              {strings.pushLevels[level]}
            </option>
          ))}
        </select>
      </label>
    </li>
  );
}
