"""`welcome`: what somebody who comes in is told of themselves, their rooms and the server."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hubbub.hub.core import Core
from hubbub.hub.rules.limits import RECIPIENTS, Limits
from hubbub.hub.state.permissions import Permissions, highest_in_rooms, role_in
from hubbub.hub.state.room import Room, Session, User
from hubbub.model import ROOM_NAME_CHARS, USER_NAME_CHARS, NotifyLevel, Role
from hubbub.protocol import events
from hubbub.storage.records import Membership


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What is the same for everyone."""

    server: events.ServerInfo
    commands: Callable[[Permissions, Role, Role], tuple[events.CommandInfo, ...]]
    push_key: str | None


class Welcome:
    """Makes the event."""

    def __init__(self, core: Core, facts: ServerFacts) -> None:
        self._facts = facts
        self._storage = core.log.storage
        self._permissions = core.permissions
        self._ping_s = core.limits.ping_s
        rates = _told_rates(core.limits) if core.rates.on else {}
        self._told = _told(core.limits) | rates

    def __call__(
        self,
        session: Session,
        secret: str,
        memberships: Iterable[Membership],
        request_id: str | None,
        *,
        asked: Mapping[str, str] | None = None,
        ignored: Iterable[events.Person] = (),
    ) -> events.Welcome:
        """For a session that is in its rooms; `memberships` are those that its user had before.

        `asked` has the names by which `hello` asked for rooms that are called otherwise.
        """
        user = session.user
        assert user is not None, "who is welcomed is somebody"
        named = asked or {}
        kept = {each.room.name: each for each in memberships}
        rooms = {name: Room(each.room, (), {user.id: each.role}) for name, each in kept.items()}
        rooms |= session.rooms
        states = [
            self._state(room, user, kept.get(name), named.get(name)) for name, room in rooms.items()
        ]
        return events.Welcome(
            id=request_id,
            user=_as_self(user),
            session=secret,
            epoch=self._storage.epoch,
            server=self._facts.server,
            ping_s=self._ping_s,
            rooms=tuple(states),
            commands=self._facts.commands(self._permissions, user.role, highest_in_rooms(user)),
            limits=self._told,
            may=self._permissions.on_server(user),
            ignored=tuple(ignored),
            push_key=self._facts.push_key,
        )

    def you(self, user: User, secret: str | None) -> events.You:
        """What a user is told who has become somebody else."""
        return events.You(
            user=_as_self(user),
            may=self._permissions.on_server(user),
            commands=self._facts.commands(self._permissions, user.role, highest_in_rooms(user)),
            session=secret,
        )

    def tell(self, user: User) -> None:
        """Tells somebody what they are now."""
        you = self.you(user, None)
        for session in user.sessions:
            session.send(you)

    def _state(
        self, room: Room, user: User, kept: Membership | None, was: str | None
    ) -> events.RoomState:
        read = room.last if kept is None else kept.read
        return events.RoomState(
            room.name,
            room.kind,
            room.topic,
            room.first,
            room.last,
            read,
            max(0, room.last - max(read, room.first - 1)),
            role_in(user, room),
            NotifyLevel.MENTIONS if kept is None else kept.notify,
            room.read_only,
            room.archived,
            self._permissions.in_room(user, room),
            was,
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


def _as_self(user: User) -> events.Self:
    return events.Self(user.id, user.name.shown, user.kind, user.role)
