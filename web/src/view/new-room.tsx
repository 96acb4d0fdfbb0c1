import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { dispatch, store } from "../store/store";
import { strings } from "../strings";
import { roomWord } from "../text/room-name";
import { chat } from "./app-chat";
import { useDeed } from "./deed";
import { Dialog } from "./dialog";

export function NewRoomDialog(): VNode {
  const name = useSignal("");
  const isPrivate = useSignal(false);
  const readOnly = useSignal(false);
  const deed = useDeed();
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const make = async (): Promise<void> => {
    const room = roomWord(name.value);
    if (room === "") return;
    const request = { type: "make_room", room, private: isPrivate.value, read_only: readOnly.value } as const;
    if (await deed.run(() => chat.rooms.make(request))) dispatch({ type: "dialog", dialog: null });
  };
  return (
    <Dialog title={strings.makeRoomTitle} kind="settings">
      <form
        class="name-field"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <label for="new-room-name">{strings.roomName}</label>
        <input
          ref={field}
          id="new-room-name"
          dir="auto"
          value={name.value}
          maxLength={64}
          autocomplete="off"
          aria-invalid={deed.problem.value !== ""}
          aria-describedby="new-room-problem"
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        {store.value.may.includes("create_private") ? (
          <label class="switch-row">
            <input type="checkbox" checked={isPrivate.value} onChange={(event) => (isPrivate.value = event.currentTarget.checked)} />
            <span>{strings.makePrivate}</span>
          </label>
        ) : null}
        <label class="switch-row">
          <input type="checkbox" checked={readOnly.value} onChange={(event) => (readOnly.value = event.currentTarget.checked)} />
          <span>{strings.makeReadOnly}</span>
        </label>
        <p class="failure" id="new-room-problem" role="alert">
          {deed.problem.value}
        </p>
        <p class="buttons">
          <button type="submit" class="primary" disabled={roomWord(name.value) === ""}>
            {strings.make}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
