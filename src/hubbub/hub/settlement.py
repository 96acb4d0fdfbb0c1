"""What a commit brings: for each change its reply, and for each room its new events."""

from collections.abc import Sequence
from typing import assert_never

from hubbub.errors import Conflict, NameTaken, Refusal
from hubbub.hub.committer import Submission
from hubbub.hub.fanout import Fanout, Replies
from hubbub.hub.notices import Notices
from hubbub.hub.room import Room
from hubbub.hub.rooms import Rooms
from hubbub.hub.stats import Stats
from hubbub.protocol import events
from hubbub.storage.changes import Appended, Done, Duplicate, NameUsed, NonceUsed, Outcome


class Settlement:
    """Turns the results of a batch into what the fan-out delivers."""

    def __init__(self, fanout: Fanout, stats: Stats) -> None:
        self._fanout = fanout
        self._stats = stats
        self.notices: Notices | None = None
        self.rooms: Rooms | None = None

    def settle(self, batch: Sequence[Submission], results: Sequence[Outcome | Refusal]) -> None:
        """Takes one result for each submission; delivers to everyone, without waiting."""
        appended: dict[Room, list[events.LogEvent]] = {}
        replies: Replies = {}
        changed: list[tuple[Room, events.Settings]] = []
        for submission, result in zip(batch, results, strict=True):
            if isinstance(result, Appended):
                room, event = submission.room, result.event
                assert room is not None, "an entry of a log is submitted with its room"
                appended.setdefault(room, []).append(event)
                room.take(event)
                if isinstance(event, events.Settings):
                    changed.append((room, event))
                    if self.rooms is not None:
                        self.rooms.move(room, event)
                self._stats.appended += 1
            self._answer(submission, result, replies)
        self._fanout.deliver(appended, replies)
        for room, settings in changed:
            if self.rooms is not None:
                self.rooms.tell_settings(room, settings)
        if self.notices is not None:
            for room, new in appended.items():
                self.notices.consider(room, new)

    def _answer(self, submission: Submission, result: Outcome | Refusal, replies: Replies) -> None:
        session, future = submission.session, submission.future
        if future is not None and not future.done():
            if isinstance(result, Refusal):
                future.set_exception(result)
            else:
                future.set_result(result)
        if session is None or session.closed:
            return
        replies.setdefault(session, []).append(
            session.dialect.reply(self._reply_to(submission, result))
        )

    def _reply_to(self, submission: Submission, result: Outcome | Refusal) -> events.Reply:
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
            case Done():
                return events.Ok(id=request_id)
            case Refusal():
                self._stats.refusals += 1
                return events.Error.of(result, request_id)
            case _:
                assert_never(result)
