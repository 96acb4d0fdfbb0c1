"""What a commit brings: for each change its reply, and for each room its new events."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from structlog import get_logger

from hubbub.errors import Conflict, NameTaken, Refusal, Unavailable
from hubbub.hub.core import Core
from hubbub.hub.faults import contained, sorry
from hubbub.hub.flow.committer import Submission
from hubbub.hub.flow.fanout import Replies
from hubbub.hub.people.attendance import Attendance
from hubbub.hub.push.notifier import Notifier
from hubbub.hub.rooms.membership import RoomMembership
from hubbub.hub.rooms.registry import Rooms
from hubbub.hub.state.room import Room
from hubbub.hub.state.sanctions import Sanctions
from hubbub.model import Role
from hubbub.protocol import events
from hubbub.protocol.close_codes import COME_AGAIN
from hubbub.storage.changes import (
    Appended,
    Change,
    Done,
    Duplicate,
    Gone,
    Made,
    MakeRoom,
    NameUsed,
    NonceUsed,
    Outcome,
    RemoveMember,
    RoleChanged,
    SaveAccount,
    SaveMember,
)

log = get_logger(__name__)

OTHER_ROOM = "the room is another one now: come in again"


class Settlement:
    """Turns the results of a batch into what the fan-out delivers."""

    def __init__(
        self,
        core: Core,
        rooms: Rooms,
        membership: RoomMembership,
        attendance: Attendance,
        sanctions: Sanctions,
        notifier: Notifier | None,
    ) -> None:
        self._users = core.users
        self._fanout = core.fanout
        self._stats = core.stats
        self._peers = core.peers
        self._rooms = rooms
        self._membership = membership
        self._attendance = attendance
        self._sanctions = sanctions
        self._notifier = notifier

    async def settle(
        self, batch: Sequence[Submission], results: Sequence[Outcome | Refusal]
    ) -> None:
        """Takes one result for each submission, and delivers to everyone.

        While the others are told, what was appended is durable and nobody here has it: the batch
        keeps its rooms in memory, and what follows it from elsewhere waits in `Room.ahead`.
        """
        appended: dict[Room, list[events.LogEvent]] = {}
        for submission, outcome in zip(batch, results, strict=True):
            if isinstance(outcome, Appended):
                assert submission.room is not None, "an entry is submitted with its room"
                appended.setdefault(submission.room, []).append(outcome.event)
                submission.room.id = outcome.room_id
                self._stats.appended += 1
            elif not isinstance(outcome, Refusal):
                with contained("what was committed was not applied"):
                    self._apply(submission.change, outcome)
        if appended:
            # Whom nothing was told reads it in the log.
            with contained("other nodes were not told of a batch"):
                await self._peers.signals.publish(appended)
        replies: Replies = {}
        for submission, outcome in zip(batch, results, strict=True):
            self._answer(submission, _or_refusal(outcome), replies)
        self.deliver(appended, replies)
        with contained("other nodes were not told what was done"):
            self._peers.signals.committed(batch, results, appended)
        if self._notifier is not None:
            for room, new in appended.items():
                with contained("notices of a room were not sent", room=room.name):
                    self._notifier.consider(room, new)

    def _apply(self, change: Change, outcome: Outcome) -> None:
        """Gives what users are to rooms and to the users, before anything else is read or said."""
        match change, outcome:
            case MakeRoom(name, owner_id), Made(new, room_id):
                self._rooms.identify(name, room_id)
                if new and owner_id is not None:
                    self._rooms.apply(name, RoleChanged(owner_id, Role.OWNER, room_id))
            case SaveMember(name) | RemoveMember(name), RoleChanged():
                self._rooms.apply(name, outcome)
            case SaveAccount(user_id, kind, role), Done():
                if (user := self._users.get(user_id)) is not None:
                    user.take_account(kind, role)
            case _:
                pass

    def deliver(
        self, batch: Mapping[Room, Sequence[events.LogEvent]], replies: Replies | None = None
    ) -> None:
        """Serves everyone with entries of logs that are durable, each once and in order."""
        ready: dict[Room, list[events.LogEvent]] = {}
        changed: list[tuple[Room, events.Settings]] = []
        for room, committed in batch.items():
            with contained("what is new in a room was not taken", room=room.name):
                new = room.accept(committed)
                if new:
                    ready[room] = new
                if room.ahead:
                    self._peers.rooms.gap(room)
                for event in new:
                    if isinstance(event, events.Settings):
                        changed.append((room, event))
                        self._follow(room, event)
        self._fanout.deliver(ready, {} if replies is None else replies)
        for room, settings in changed:
            with contained("what a room is was not told", room=room.name):
                self._membership.tell_settings(room, settings)

    def _follow(self, room: Room, settings: events.Settings) -> None:
        """Takes a room, and what is known by its name, to the name that it has now."""
        moved, replaced = self._rooms.move(room, settings)
        if not moved or settings.was is None:
            return
        self._sanctions.rename(settings.was, room.name)
        if self._notifier is not None:
            self._notifier.rename(settings.was, room.name)
        if replaced is not None:
            for session in replaced.audience.everyone():
                self._attendance.end(session, COME_AGAIN, OTHER_ROOM)

    def _answer(self, submission: Submission, result: "Result", replies: Replies) -> None:
        session, future = submission.session, submission.future
        if future is not None and not future.done():
            if isinstance(result, Refusal):
                future.set_exception(result)
            else:
                future.set_result(result)
        if session is None or session.closed:
            return
        try:
            reply = session.dialect.reply(self._reply_to(submission, result))
        except Exception as error:
            log.exception("a reply cannot be written", fault=type(error).__name__)
            reply = session.dialect.reply(events.Error.of(sorry(), submission.request_id))
        replies.setdefault(session, []).append(reply)

    def _reply_to(self, submission: Submission, result: "Result") -> events.Reply:
        request_id = submission.request_id
        match result:
            case Appended(event):
                return events.Posted(id=request_id, room=event.room, seq=event.seq, at=event.at)
            case Duplicate(room, seq, at):
                self._stats.duplicates += 1
                return events.Posted(id=request_id, room=room, seq=seq, at=at, dup=True)
            case NonceUsed():
                conflict = Conflict(
                    "That nonce was used for another message; take a new one for each message."
                )
                return events.Error.of(conflict, request_id)
            case NameUsed():
                taken = NameTaken("Another room has that name; take another.")
                return events.Error.of(taken, request_id)
            case Done() | Made() | RoleChanged():
                return events.Ok(id=request_id)
            case Refusal():
                self._stats.refusals += 1
                return events.Error.of(result, request_id)
            case _:
                assert_never(result)


Result = Appended | Duplicate | NonceUsed | NameUsed | Made | RoleChanged | Done | Refusal


def _or_refusal(outcome: Outcome | Refusal) -> Result:
    if isinstance(outcome, Gone):
        # Another node renamed it a moment ago; what it is called now is known in another.
        return Unavailable("The room has another name by now; try again.", retry_after=0.5)
    return outcome
