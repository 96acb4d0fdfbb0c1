"""What people say: posts, whispers, topics, and the small signs around them."""

import asyncio
from collections.abc import Sequence

from hubbub.errors import BadRequest, NotAMember, TooLong
from hubbub.hub.core import Core
from hubbub.hub.directory import Directory
from hubbub.hub.flow.committer import Submission
from hubbub.hub.rooms.registry import Rooms
from hubbub.hub.signs import ReadTo, Wrote
from hubbub.hub.state.permissions import Right
from hubbub.hub.state.room import Room, Session, User
from hubbub.hub.state.sanctions import Sanctions
from hubbub.protocol import requests
from hubbub.protocol.events import Person, ReadMarker, Topic, Typing
from hubbub.storage.changes import Append, AppendMessage, MoveRead, Outcome, SaveUser


class Messages:
    """Turns what a session says into entries of logs."""

    def __init__(
        self, core: Core, rooms: Rooms, directory: Directory, sanctions: Sanctions
    ) -> None:
        self._peers = core.peers
        self._committer = core.committer
        self._users = core.users
        self._fanout = core.fanout
        self._limits = core.limits
        self._clock = core.clock
        self._rates = core.rates
        self._permissions = core.permissions
        self._rooms = rooms
        self._directory = directory
        self._sanctions = sanctions

    def _check(self, session: Session, user: User, room: Room, right: Right = Right.POST) -> None:
        """Raises Forbidden or Muted for one who may not say anything in a room now.

        In most rooms everybody may: a post pays for two looks.
        """
        if room.read_only or room.archived:
            self._permissions.require(user, right, room)
        if self._sanctions.any_mutes:
            self._sanctions.check_speech(session, user, room)

    async def post(self, session: Session, user: User, request: requests.Post) -> None:
        """Submits a post; its reply follows its commit. Raises Refusal."""
        room = session.rooms.get(request.room)
        if room is not None:
            self.post_in(session, user, room, request)
            return
        self._rates.post(session, user)
        room = await self._rooms.open_for(session, request.room)
        self._check(session, user, room)
        change = self._message(room, user, request.text, request.nonce)
        self._committer.submit(Submission(change, room, session, request.id))

    def post_in(self, session: Session, user: User, room: Room, request: requests.Post) -> None:
        """The same, where the room is known. Raises Refusal."""
        self._rates.post(session, user)
        self._check(session, user, room)
        change = self._message(room, user, request.text, request.nonce)
        self._committer.submit(Submission(change, room, session, request.id))

    async def act(self, session: Session, user: User, room_name: str, text: str) -> None:
        """Posts an action, `/me`, and waits until it is durable. Raises Refusal."""
        self._rates.post(session, user)
        room = await self._rooms.open_for(session, room_name)
        self._check(session, user, room)
        await self._committer.outcome(self._message(room, user, text, me=True), room)

    async def whisper(self, session: Session, user: User, request: requests.Whisper) -> None:
        """Submits a whisper; its reply follows its commit. Raises Refusal."""
        self._rates.post(session, user)
        others = await self._directory.people(request.to)
        room = await self._direct_room(user, others)
        self._check(session, user, room)
        change = self._message(room, user, request.text, request.nonce, to=others)
        self._committer.submit(Submission(change, room, session, request.id))

    async def whisper_to(
        self, session: Session, user: User, others: Sequence[Person], text: str
    ) -> None:
        """Whispers without a nonce and waits until it is durable. Raises Refusal."""
        self._rates.post(session, user)
        room = await self._direct_room(user, others)
        self._check(session, user, room)
        await self._committer.outcome(self._message(room, user, text, to=others), room)

    async def set_topic(self, session: Session, user: User, room_name: str, text: str) -> None:
        """Sets or, with an empty text, removes a topic; waits until it is durable."""
        self._rates.post(session, user)
        if len(text.encode()) > self._limits.topic_bytes:
            raise TooLong(f"A topic has at most {self._limits.topic_bytes} bytes.")
        room = await self._rooms.open_for(session, room_name)
        if room.direct:
            raise BadRequest("A direct conversation has no topic.")
        self._permissions.require(user, Right.TOPIC, room)
        self._check(session, user, room, Right.TOPIC)
        text = " ".join(text.replace("\x00", "\ufffd").split())
        topic = Topic(room=room.name, seq=0, at="", sender=user.person, text=text)
        await self._committer.outcome(Append(topic, room.meant), room)

    async def _direct_room(self, user: User, others: Sequence[Person]) -> Room:
        everyone = {person.id: person for person in (*others, user.person)}
        room = await self._rooms.open_direct(tuple(everyone.values()))
        for person in room.participants:
            participant = self._users.get(person.id)
            if participant is not None and not participant.stored:
                self._store(participant)
        if not room.last:
            absent = [person.id for person in room.participants if person.id not in self._users]
            for present in await self._peers.directory.whereabouts(absent) if absent else ():
                self._committer.submit(Submission(SaveUser(present.user)))
        return room

    def _store(self, user: User) -> None:
        """Keeps a plain connection's user, whom the log is about to name as a member."""

        def note(saved: "asyncio.Future[Outcome]") -> None:
            user.stored = not saved.cancelled() and saved.exception() is None

        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        future.add_done_callback(note)
        self._committer.submit(Submission(SaveUser(user.record), future=future))

    def _message(
        self,
        room: Room,
        user: User,
        text: str,
        nonce: str = "",
        *,
        me: bool = False,
        to: Sequence[Person] | None = None,
    ) -> AppendMessage:
        if not text or text.isspace():
            raise BadRequest("The text is blank; nothing was sent.")
        limit = self._limits.text_bytes
        # A character has at most four bytes: most texts need no encoding to be measured.
        if len(text) * 4 > limit and (size := len(text.encode())) > limit:
            raise TooLong(f"The text has {size} bytes, the limit is {limit}; send it in parts.")
        if "\x00" in text:
            text = text.replace("\x00", "\ufffd")
        if not room.direct:
            return AppendMessage(room.name, user.person, text, me, None, nonce, room.meant)
        others = room.participants if to is None else to
        named = tuple(self._current(person) for person in others if person.id != user.id)
        return AppendMessage(room.name, user.person, text, me, named, nonce, room.meant)

    def _current(self, person: Person) -> Person:
        user = self._users.get(person.id)
        return person if user is None else user.person

    # --- signs

    async def typing(self, session: Session, user: User, room_name: str) -> None:
        """Tells the room that the user is writing, at most once in `typing_interval_s`."""
        room = await self._rooms.open_for(session, room_name)
        self._check(session, user, room)
        now_s = self._clock.steady_s()
        if now_s - user.typing_at_s.get(room.name, float("-inf")) < self._limits.typing_interval_s:
            return
        if len(user.typing_at_s) > self._limits.rooms_per_connection:
            user.typing_at_s.clear()
        user.typing_at_s[room.name] = now_s
        typing = Typing(room=room.name, user=user.person)
        if room.direct:
            to = tuple(person.id for person in room.participants if person.id != user.id)
            self._peers.signals.tell(Wrote(room.name, user.person, to))
            for other in (self._users.get(user_id) for user_id in to):
                if other is not None:
                    self._fanout.tell(other.sessions, typing)
        elif room.size <= self._limits.presence_room_limit:
            self._peers.signals.tell(Wrote(room.name, user.person))
            self._fanout.broadcast(room, typing, but=session)

    async def read(self, session: Session, user: User, request: requests.Read) -> None:
        """Submits a move of the read marker and tells the user's other connections."""
        room = await self._rooms.open_for(session, request.room)
        if not user.kept:
            raise NotAMember("This connection has no session that could keep a read marker.")
        seq = min(request.seq, room.last)
        change = MoveRead(room.name, user.id, seq)
        self._committer.submit(Submission(change, None, session, request.id))
        others = (other for other in user.sessions if other is not session)
        self._fanout.tell(others, ReadMarker(room=room.name, seq=seq))
        self._peers.signals.tell(ReadTo(user.id, room.name, seq))
