"""What another node asks of this one: for its own users, or of all."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, assert_never

from structlog import get_logger

from hubbub.errors import Refusal, StorageError
from hubbub.hub import signs
from hubbub.hub.cluster.rate_sync import spend
from hubbub.hub.cluster.roster import Roster
from hubbub.hub.rooms.roles import take_member
from hubbub.hub.state.session import User
from hubbub.model import Name
from hubbub.protocol.events import Person, ReadMarker, Typing
from hubbub.storage.shared import SharedStorage

if TYPE_CHECKING:
    from hubbub.hub.hub import Hub

log = get_logger(__name__)


class Deeds:
    """Carries out signs that are of no room's log. `begin` runs what has to wait."""

    def __init__(
        self,
        hub: "Hub",
        storage: SharedStorage,
        roster: Roster,
        begin: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._hub = hub
        self._storage = storage
        self._roster = roster
        self._begin = begin

    def carry_out(self, sign: signs.OfUser | signs.OfAll) -> None:
        """Does what a sign says, as far as it concerns anybody here."""
        match sign:
            case signs.Look():
                self._hub.elsewhere.look_soon()
            case signs.NodeEnded(ended=node):
                self._roster.end(node)
            case signs.Spent(tokens=tokens, left=left):
                spend(self._hub.rates, self._hub.users, tokens, left)
            case signs.Changed():
                self._change(sign)
            case signs.Wrote():
                self._show_typing(sign)
            case _:
                user = self._hub.users.get(sign.user_id)
                if user is not None:
                    self._do_to(user, sign)

    def _do_to(self, user: User, sign: signs.OfUser) -> None:
        match sign:
            case signs.ReadTo(room=read, seq=seq):
                self._hub.fanout.tell(user.sessions, ReadMarker(room=read, seq=seq))
            case signs.Told(text=text):
                self._begin(self._tell(user.id, text))
            case signs.ShownOut(room=name, text=text):
                self._begin(self._show_out(user, name, text))
            case signs.BroughtIn(room=name, by=by):
                self._begin(self._bring_in(user, name, by))
            case signs.Ignored(other_id=other_id, name=name):
                self._ignore(user, other_id, name)
            case signs.Went(room=name):
                self._hub.take_out(user, name)
            case signs.Cut(code=code, why=why, all_of_them=every):
                for session in [s for s in user.sessions if every or s.token_hash is None]:
                    session.token_hash = None
                    self._hub.end_session(session, code, why)
            case _:
                assert_never(sign)

    async def _tell(self, user_id: str, text: str) -> None:
        # What they are told of, a mute say, holds by then.
        await self._hub.elsewhere.looked()
        self._hub.moderation.notify(user_id, text)

    async def _show_out(self, user: User, name: str, text: str) -> None:
        room = self._hub.rooms.live(name)
        if room is None:
            return
        try:
            # Before they are told, who may come in again a moment later.
            await take_member(self._hub.log, room, user.id)
        except StorageError as error:
            log.info("a role was not looked at", room=name, error=str(error))
        self._hub.moderation.show_out(user, room, text)

    async def _bring_in(self, user: User, name: str, by: Person) -> None:
        try:
            # A sign may be late: whether they have a place there, the log says.
            room = self._hub.rooms.live(name)
            if room is None:
                room = await self._hub.rooms.open(name, user.id)
            elif not await take_member(self._hub.log, room, user.id):
                return
            await self._hub.room_settings.bring_in(user, room, by)
        except (Refusal, StorageError) as error:
            log.info("nobody was brought in", room=name, error=str(error))

    def _ignore(self, user: User, other_id: str, name: str | None) -> None:
        for session in user.sessions:
            if name is None:
                session.ignored.pop(other_id, None)
            else:
                session.ignored[other_id] = name
            session.refresh_views()

    def _change(self, sign: signs.Changed) -> None:
        somebody = sign.user
        user = self._hub.users.get(somebody.id)
        if user is not None:
            self._hub.names.follow(user.name, Name(somebody.name, somebody.key), user.id)
            user.name, user.away = Name(somebody.name, somebody.key), somebody.away
            self._hub.others.arrived(user)
        self._roster.change(somebody.record, away=somebody.away is not None)
        person = Person(somebody.id, somebody.name)
        self._hub.rooms.tell_changed(person, sign.state, sign.was)

    def _show_typing(self, sign: signs.Wrote) -> None:
        typing = Typing(room=sign.room, user=sign.user)
        for user_id in sign.to:
            user = self._hub.users.get(user_id)
            if user is not None:
                self._hub.fanout.tell(user.sessions, typing)
        room = self._hub.rooms.live(sign.room)
        small = room is not None and room.size <= self._hub.limits.presence_room_limit
        if room is not None and small and not sign.to:
            self._hub.fanout.broadcast(room, typing)
