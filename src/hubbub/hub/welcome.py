"""`welcome`: what somebody who comes in is told of themselves, their rooms and the server."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hubbub.hub.limits import Limits
from hubbub.hub.messages import RECIPIENTS
from hubbub.hub.session import Session, User
from hubbub.model import ROOM_NAME_CHARS, USER_NAME_CHARS, NotifyLevel, Role
from hubbub.protocol import events
from hubbub.storage.interface import Membership, RoomRecord, Storage


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What is the same for everyone."""

    server: events.ServerInfo
    default_room: str
    commands: Callable[[Role], tuple[events.CommandInfo, ...]]


class Welcome:
    """Makes the event."""

    def __init__(
        self,
        facts: ServerFacts,
        limits: Limits,
        storage: Storage,
        *,
        rate_limits: bool,
        push_key: str | None,
    ) -> None:
        self.facts = facts
        self._storage = storage
        self._ping_s = limits.ping_s
        self._push_key = push_key
        self._told = _told(limits) | (_told_rates(limits) if rate_limits else {})

    def __call__(
        self,
        session: Session,
        secret: str,
        memberships: Iterable[Membership],
        request_id: str | None,
    ) -> events.Welcome:
        """For a session that is in its rooms; `memberships` are those that its user had before."""
        user = session.user
        assert user is not None, "who is welcomed is somebody"
        states = {
            membership.room.name: _state(membership.room, membership.read, user, membership.notify)
            for membership in memberships
        }
        for room in session.rooms.values():
            known = states.get(room.name)
            read = room.last if known is None else known.read
            level = NotifyLevel.MENTIONS if known is None else NotifyLevel(known.notify)
            record = RoomRecord(room.name, room.kind, room.topic, room.first, room.last)
            states[room.name] = _state(record, read, user, level)
        return events.Welcome(
            id=request_id,
            user=user.as_self,
            session=secret,
            epoch=self._storage.epoch,
            server=self.facts.server,
            ping_s=self._ping_s,
            rooms=tuple(states.values()),
            commands=self.facts.commands(user.role),
            limits=self._told,
            push_key=self._push_key,
        )


def _told(limits: Limits) -> dict[str, int]:
    return {
        "text_bytes": limits.text_bytes,
        "topic_bytes": limits.topic_bytes,
        "frame_bytes": limits.frame_bytes,
        "name_chars": USER_NAME_CHARS,
        "room_chars": ROOM_NAME_CHARS,
        "recipients": RECIPIENTS,
        "in_flight_requests": limits.in_flight_requests,
        "resume_events": limits.resume_events,
        "rooms": limits.rooms_per_connection,
    }


def _told_rates(limits: Limits) -> dict[str, int]:
    """What a client may keep up, so that it can pace itself instead of being refused."""
    return {"posts_per_s": max(1, int(limits.posts_per_s)), "posts_burst": limits.posts_burst}


def _state(room: RoomRecord, read: int, user: User, level: NotifyLevel) -> events.RoomState:
    unread = max(0, room.last - max(read, room.first - 1))
    return events.RoomState(
        room.name, room.kind, room.topic, room.first, room.last, read, unread, user.role, level
    )
