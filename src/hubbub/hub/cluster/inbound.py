"""What other nodes say, and what becomes of it here: one case for each sign."""

from typing import assert_never

from msgspec import MsgspecError
from structlog import get_logger

from hubbub.errors import Refusal, StorageError
from hubbub.hub import signs
from hubbub.hub.cluster.backfill import Backfill
from hubbub.hub.cluster.context import NodeContext
from hubbub.hub.cluster.direct_cursors import DirectCursors
from hubbub.hub.cluster.people import NodePeople
from hubbub.hub.cluster.rate_sync import spend
from hubbub.hub.cluster.room_loading import RoomLoading
from hubbub.hub.cluster.roster import Roster
from hubbub.hub.faults import contained
from hubbub.hub.rooms.roles import take_member
from hubbub.hub.state.room import Room, User
from hubbub.model import Name
from hubbub.protocol.events import Person, ReadMarker, Typing

log = get_logger(__name__)


class Inbound:
    """Takes signs, and does what they say as far as it concerns anybody here."""

    def __init__(
        self,
        context: NodeContext,
        cursors: DirectCursors,
        roster: Roster,
        people: NodePeople,
        backfill: Backfill,
    ) -> None:
        self._context = context
        self._cursors = cursors
        self._roster = roster
        self._people = people
        self._backfill = backfill
        self.loading = RoomLoading(context, cursors, people, backfill, self.take)

    def heard(self, subject: str, data: bytes) -> None:
        """Something came over the bus."""
        try:
            sign = signs.decode(data)
        except (MsgspecError, UnicodeDecodeError):
            # Another release may say what this one does not know; the log has what counts.
            log.debug("a sign was not understood", subject=subject)
            self._context.look_soon.set()
            return
        self._context.parts.stats.signs_heard += 1
        if sign.node != self._context.node:
            with contained("a sign was not taken", sign=type(sign).__name__):
                self.take(sign)

    def take(self, sign: signs.AnySign) -> None:
        """Does what a sign says."""
        match sign:
            case signs.Said() | signs.Entered() | signs.Exited():
                self._take_of_room(sign)
            case signs.Compare():
                self._context.compare()
            case signs.Look():
                self._context.outside_changes.look_soon()
            case signs.NodeEnded(ended=node):
                self._roster.end(node)
            case signs.Spent(tokens=tokens, left=left):
                spend(self._context.parts.rates, self._context.parts.users, tokens, left)
            case signs.Changed():
                self._change(sign)
            case signs.Wrote():
                self._show_typing(sign)
            case _:
                user = self._context.parts.users.get(sign.user_id)
                if user is not None:
                    self._take_of_user(user, sign)

    # --- about rooms

    def _take_of_room(self, sign: signs.OfRoom) -> None:
        room = self._context.parts.rooms.live(sign.room)
        if room is not None:
            self._take_in(room, sign)
        elif sign.room in self.loading:
            self.loading.keep(sign)
        elif isinstance(sign, signs.Said) and sign.people:
            self._context.begin(self._open_direct(sign))

    def _take_in(self, room: Room, sign: signs.OfRoom) -> None:
        if room.meant and sign.room_id and sign.room_id != room.meant:
            # One of two that had the name one after the other: the log knows which is called what.
            self._context.look_soon.set()
            return
        match sign:
            case signs.Said(room_id=room_id) if room_id and room_id != room.id:
                # Which one of them this is, is known in a moment.
                self._backfill.read_on(room)
            case signs.Said(events=events):
                self._backfill.deliver(room, events)
            case signs.Entered(node=node, user=user):
                room.made = True
                self._roster.enter(room, node, user.record, away=user.away is not None)
            case signs.Exited(node=node, user_id=user_id):
                self._roster.exit(room, node, user_id)
            case _:
                assert_never(sign)

    async def _open_direct(self, sign: signs.Said) -> None:
        """Delivers in a direct room that was not in memory."""
        parts = self._context.parts
        ids = [person.id for person in sign.people]
        here = [user_id for user_id in ids if user_id in parts.users]
        self._people.whispered(ids)
        if not here:
            return
        for user_id in here:
            parts.users[user_id].stored = True
        if self._cursors.last(sign.room) is None:
            self._cursors.served(sign.room, sign.events[0].seq - 1, here)
        try:
            room = await parts.rooms.open_direct(sign.people)
        except StorageError as error:
            log.error("a direct room was not read", error=str(error))
            return
        self._backfill.deliver(room, sign.events)

    # --- about one user of this node

    def _take_of_user(self, user: User, sign: signs.OfUser) -> None:
        parts = self._context.parts
        match sign:
            case signs.ReadTo(room=read, seq=seq):
                parts.fanout.tell(user.sessions, ReadMarker(room=read, seq=seq))
            case signs.Told(text=text):
                self._context.begin(self._tell(user.id, text))
            case signs.ShownOut(room=name, text=text):
                self._context.begin(self._show_out(user, name, text))
            case signs.BroughtIn(room=name, by=by):
                self._context.begin(self._bring_in(user, name, by))
            case signs.Ignored(other_id=other_id, name=name):
                self._ignore(user, other_id, name)
            case signs.Went(room=name):
                room = parts.rooms.live(name)
                if room is not None:
                    parts.membership.take_out(user.sessions, room)
            case signs.Cut(code=code, why=why, all_of_them=every):
                for session in [s for s in user.sessions if every or s.token_hash is None]:
                    session.token_hash = None
                    parts.attendance.end(session, code, why)
            case _:
                assert_never(sign)

    async def _tell(self, user_id: str, text: str) -> None:
        # What they are told of, a mute say, holds by then.
        await self._context.outside_changes.looked()
        self._context.parts.moderation.notify(user_id, text)

    async def _show_out(self, user: User, name: str, text: str) -> None:
        parts = self._context.parts
        room = parts.rooms.live(name)
        if room is None:
            return
        try:
            # Before they are told, who may come in again a moment later.
            stays = await take_member(parts.log, room, user.id) and room.private
        except StorageError as error:
            log.info("a role was not looked at", room=name, error=str(error))
            stays = False
        # One who was invited again meanwhile is not shown out for what was before.
        if not stays:
            parts.moderation.show_out(user, room, text)

    async def _bring_in(self, user: User, name: str, by: Person) -> None:
        parts = self._context.parts
        try:
            room = parts.rooms.live(name) or await parts.rooms.open(name, user.id)
            # A sign may be late: whether they have a place there, the log says.
            if not await take_member(parts.log, room, user.id):
                return
            await parts.room_settings.bring_in(user, room, by)
        except (Refusal, StorageError) as error:
            log.info("nobody was brought in", room=name, error=str(error))

    def _ignore(self, user: User, other_id: str, name: str | None) -> None:
        for session in user.sessions:
            if name is None:
                session.ignored.pop(other_id, None)
            else:
                session.ignored[other_id] = name
            session.refresh_views()

    # --- about users of any node

    def _change(self, sign: signs.Changed) -> None:
        parts, somebody = self._context.parts, sign.user
        user = parts.users.get(somebody.id)
        if user is not None:
            parts.names.follow(user.name, Name(somebody.name, somebody.key), user.id)
            user.name, user.away = Name(somebody.name, somebody.key), somebody.away
            self._people.note(user.arrival())
        self._roster.change(somebody.record, away=somebody.away is not None)
        person = Person(somebody.id, somebody.name)
        parts.membership.tell_changed(person, sign.state, sign.was)

    def _show_typing(self, sign: signs.Wrote) -> None:
        parts = self._context.parts
        typing = Typing(room=sign.room, user=sign.user)
        for user_id in sign.to:
            user = parts.users.get(user_id)
            if user is not None:
                parts.fanout.tell(user.sessions, typing)
        room = parts.rooms.live(sign.room)
        small = room is not None and room.size <= parts.limits.presence_room_limit
        if room is not None and small and not sign.to:
            parts.fanout.broadcast(room, typing)
