"""How a plain connection becomes somebody: the greeting, a sign-in, a registration."""

from collections.abc import Iterable

from hubbub.errors import NotSignedIn, Refusal
from hubbub.hub.core import Core
from hubbub.hub.people.accounts import Accounts
from hubbub.hub.people.attendance import Attendance
from hubbub.hub.people.identity import Identity
from hubbub.hub.rooms.membership import RoomMembership
from hubbub.hub.rules.registration import Policy, Registration
from hubbub.hub.rules.secrets import split_invitation
from hubbub.hub.state.room import Room, Session, User
from hubbub.model import UserKind
from hubbub.protocol import events


class PlainArrivals:
    """The door for connections that speak no JSON; they are in one room at a time."""

    def __init__(
        self,
        core: Core,
        membership: RoomMembership,
        attendance: Attendance,
        accounts: Accounts,
        identity: Identity,
        policy: Policy,
    ) -> None:
        self._log = core.log
        self._users = core.users
        self._rates = core.rates
        self._peers = core.peers
        self._default_room = core.default_room
        self._membership = membership
        self._attendance = attendance
        self._accounts = accounts
        self._identity = identity
        self._policy = policy

    async def greet(
        self,
        session: Session,
        name: str | None,
        room_name: str | None,
        token: str | None = None,
    ) -> tuple[int, list[Refusal]]:
        """Lets a plain connection in: how many connections its room has, and what was refused.

        Raises NotSignedIn where nobody comes in without an account, BadToken, and Refusal where
        not even the default room can be entered.
        """
        refusals: list[Refusal] = []
        if token is not None:
            arrival = await self._identity.recognise(session, token, None)
            session.token_hash = arrival.token_hash
            user = arrival.user
            self._ignore(session, arrival.ignored)
        elif not self._policy.guests:
            raise NotSignedIn("sign in: /login NAME PASSWORD")
        else:
            user = await self._identity.plain_guest(session, name, refusals)
        return await self._let_in(session, user, room_name, refusals), refusals

    def _ignore(self, session: Session, people: Iterable[events.Person]) -> None:
        session.ignored |= {person.id: person.name for person in people}

    async def _let_in(
        self, session: Session, user: User, room_name: str | None, refusals: list[Refusal]
    ) -> int:
        async with self._peers.attendance.expecting(user.id):
            try:
                room = await self._first_room(session, user, room_name, refusals)
                self._identity.check_alive(session, user)
            except BaseException:
                self._identity.put_away(user)
                raise
            self._attendance.be(session, self._users.get(user.id, user))
        making = self._membership.enter(session, room)
        self._membership.remember(user, room)
        if user.kind is not UserKind.GUEST:
            # Guests own nothing that they would have to wait for.
            await self._membership.made(making)
        await self._peers.attendance.noted(user)
        # What is said meanwhile would come before the greeting.
        if room in session.rooms.values():
            room.audience.add(session)
        return room.crowd

    async def sign_in(
        self, session: Session, name: str, password: str, room_name: str | None = None
    ) -> int:
        """Makes a plain connection a member's, who is somebody or nobody by now.

        How many connections its room has. Raises Refusal, and then nothing has changed.
        """
        record = await self._accounts.sign_in(session, name, password)
        user = await self._identity.member(record)
        try:
            people = await self._log.read(self._log.storage.order.ignored, user.id)
        except BaseException:
            self._identity.put_away(user)
            raise
        self._ignore(session, people)
        return await self._become(session, user, room_name)

    async def register(
        self,
        session: Session,
        name: str,
        password: str,
        code: str | None,
        room_name: str | None = None,
    ) -> int:
        """The same for somebody who becomes a member by an invitation. Raises Refusal."""
        user = await self._identity.new_member(session, name, password, code)
        return await self._become(session, user, room_name)

    async def _become(self, session: Session, user: User, room_name: str | None) -> int:
        if session.user is None:
            return await self._let_in(session, user, room_name, [])
        self._identity.check_alive(session, user)
        default = await self._membership.admit(session, self._default_room, user)
        async with self._peers.attendance.expecting(user.id):
            self._identity.check_alive(session, user)
            # What the guest was invited to is not the member's.
            rooms = [r for r in session.rooms.values() if r.visible_to(user.id)] or [default]
            self._attendance.part(session, "signed in")
            self._attendance.be(session, self._users.get(user.id, user))
        for room in rooms:
            self._membership.enter(session, room)
            room.audience.add(session)
            self._membership.remember(user, room)
        return sum(room.crowd for room in rooms[:1])

    async def _first_room(
        self, session: Session, user: User, room_name: str | None, refusals: list[Refusal]
    ) -> Room:
        if room_name is not None:
            try:
                return await self._membership.admit(session, room_name, user)
            except Refusal as refusal:
                refusals.append(refusal)
        return await self._membership.admit(session, self._default_room, user)

    async def sign_in_by_line(self, session: Session, line: str, room: str | None) -> int | None:
        """Lets a plain connection sign in that is nobody yet; how many its room has then.

        None where the connection ends instead. Raises Refusal.
        """
        self._rates.command(session)
        word, _, rest = line.strip().removeprefix("/").partition(" ")
        name, _, secret = rest.strip().partition(" ")
        password, code = split_invitation(secret.strip())
        match word.lower():
            case "login" if secret:
                return await self.sign_in(session, name, secret, room)
            case "register" if code is not None or (
                secret and self._policy.registration is Registration.OPEN
            ):
                return await self.register(session, name, password, code, room)
            case "quit" | "exit" | "bye":
                self._attendance.bye(session)
                return None
            case _:
                raise NotSignedIn(
                    "sign in: /login NAME PASSWORD, "
                    "or with an invitation /register NAME PASSWORD INVITATION"
                )
