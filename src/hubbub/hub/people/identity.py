"""Who somebody is who comes in: a guest, a member by a password, whoever has that secret."""

import secrets
from dataclasses import dataclass, field

from hubbub.errors import BadRequest, BadToken, Banned, NotSignedIn, Refusal, Unavailable
from hubbub.hub.core import Core
from hubbub.hub.names import Names
from hubbub.hub.people.accounts import Accounts
from hubbub.hub.rules.registration import Policy, Registration
from hubbub.hub.rules.secrets import hashed
from hubbub.hub.state.room import Session, User
from hubbub.hub.state.sanctions import Sanctions
from hubbub.model import Name, UserKind, user_name
from hubbub.protocol import requests
from hubbub.protocol.close_codes import COME_AGAIN
from hubbub.protocol.events import Person
from hubbub.storage.interface import Storage
from hubbub.storage.records import Membership, UserRecord

ANOTHER_LOG = "the log lost its end: come in again"
NO_SESSION = "That session is unknown or has run out; come in without it."


@dataclass(slots=True)
class Arrival:
    """Somebody on the way in: who, with which secret, and what is known of them from before."""

    user: User
    secret: str
    memberships: list[Membership]
    new: bool
    ignored: list[Person] = field(default_factory=list)
    told: str | None = None
    """What is told in place of the secret."""

    @property
    def token_hash(self) -> bytes:
        """The secret as it is kept."""
        return hashed(self.secret)


class Identity:
    """Tells who comes in; nobody is in by that alone."""

    def __init__(
        self,
        core: Core,
        names: Names,
        accounts: Accounts,
        sanctions: Sanctions,
        policy: Policy,
    ) -> None:
        self._log = core.log
        self._users = core.users
        self._limits = core.limits
        self._clock = core.clock
        self._rates = core.rates
        self._names = names
        self._accounts = accounts
        self._sanctions = sanctions
        self._policy = policy

    async def plain_guest(
        self, session: Session, name: str | None, refusals: list[Refusal]
    ) -> User:
        """A guest on a plain line; a name that is refused goes to `refusals`. Raises Banned."""
        self._sanctions.check_newcomer(session, "")
        user_id = secrets.token_urlsafe(9)
        claimed: Name | None = None
        if name is not None:
            try:
                claimed = await self.claim(session, name, user_id)
            except Banned:
                raise
            except Refusal as refusal:
                refusals.append(refusal)
        return User(user_id, claimed or await self._names.next_automatic(user_id), self._limits)

    async def claim(self, session: Session, typed: str, user_id: str) -> Name:
        """A name for somebody new. Raises BadName, NameTaken, Banned."""
        self._sanctions.check_newcomer(session, user_name(typed).key)
        return await self._names.claim(typed, user_id)

    async def identify(self, session: Session, request: requests.Hello) -> Arrival:
        """Who says hello. Raises Refusal."""
        if request.token is not None:
            return await self.recognise(session, request.token, request.name)
        if session.cookie is not None and request.name is None:
            arrival = await self.recognise(session, session.cookie, None)
            arrival.told = ""
            return arrival
        secret = secrets.token_urlsafe(24)
        if request.password is not None:
            return await self._by_password(session, request, request.password, secret)
        if not self._policy.guests:
            raise NotSignedIn("There are no guests here: sign in with a name and a password.")
        user_id = secrets.token_urlsafe(9)
        if request.name is None:
            self._sanctions.check_newcomer(session, "")
            name = await self._names.next_automatic(user_id)
        else:
            name = await self.claim(session, request.name, user_id)
        return Arrival(User(user_id, name, self._limits), secret, [], new=True)

    async def _by_password(
        self, session: Session, request: requests.Hello, password: str, secret: str
    ) -> Arrival:
        if request.name is None:
            raise BadRequest("A password goes with a name.")
        if request.register:
            user = await self.new_member(session, request.name, password, request.invite)
            return Arrival(user, secret, [], new=True)
        record = await self._accounts.sign_in(session, request.name, password)
        memberships, ignored = await self._log.read(known, self._log.storage, record)
        return Arrival(await self.member(record), secret, memberships, True, ignored)

    async def recognise(self, session: Session, secret: str, name: str | None) -> Arrival:
        """Whose secret that is. Raises BadToken, RateLimited, NameTaken, Banned."""
        self._rates.sign_in(session.address)
        token_hash = hashed(secret)
        storage = self._log.storage
        found = await self._log.read(_session, storage, token_hash, self._clock.now_ms())
        if found is None:
            self._rates.failed_sign_in(session.address)
            raise BadToken(NO_SESSION)
        record, memberships, ignored = found
        if record.kind is UserKind.GUEST and not self._policy.guests:
            raise BadToken("There are no guests here any more: sign in with a name and a password.")
        user = await self.member(record)
        renames = name is not None and name != user.name.shown and user.kind is UserKind.GUEST
        if name is not None and renames and user.id not in self._users:
            former = user.name
            try:
                user.name = await self.claim(session, name, user.id)
            except Refusal:
                self._names.release(former, user.id)
                raise
            if user.name.key != former.key:
                self._names.release(former, user.id)
            user.stored = False
        return Arrival(user, secret, memberships, False, ignored)

    def check_registration(self, session: Session, name: str) -> None:
        """Raises RateLimited, and Muted for one who would come back as another."""
        self._rates.password(session, f"new {name[:64]}")
        if self._policy.registration is Registration.OPEN:
            self._sanctions.check_registration(session)

    async def member(self, record: UserRecord) -> User:
        """The user of that record, who may be here already. Raises NameTaken."""
        user = self._users.get(record.id)
        if user is None:
            user = User.of(record, self._limits)
            await self._names.resume(user.name, user.id)
        return user

    async def new_member(
        self, session: Session, typed: str, password: str, code: str | None
    ) -> User:
        """Somebody new who has become a member. Raises Refusal."""
        # First of all: whoever may not become one shall not learn which names there are.
        await self._accounts.check_admission(code)
        self._sanctions.check_newcomer(session, "")
        self.check_registration(session, typed)
        user_id = secrets.token_urlsafe(9)
        name = await self.claim(session, typed, user_id)
        user = User(user_id, name, self._limits)
        try:
            await self._accounts.register(user, password, code, session)
        except BaseException:
            self._names.release(name, user_id)
            raise
        return user

    def check_alive(self, session: Session, user: User) -> None:
        """Raises Unavailable, BadToken or Banned for one who may not come in after all."""
        if session.closed:
            raise Unavailable("The connection ended on the way in.")
        if session.epoch != self._log.storage.epoch:
            # The rooms that were found for it are of the log before.
            session.close(COME_AGAIN, ANOTHER_LOG)
            raise Unavailable("The log has a new epoch; come in again.", retry_after=0.5)
        if session.token_hash is not None and self._accounts.revoked(session.token_hash):
            raise BadToken(NO_SESSION)
        self._sanctions.check_door(session, user)

    def put_away(self, user: User) -> None:
        """Lets go of the name of one who did not come in."""
        if user.id not in self._users:
            self._names.release(user.name, user.id)


def _session(
    storage: Storage, token_hash: bytes, now_ms: int
) -> tuple[UserRecord, list[Membership], list[Person]] | None:
    """Whose session it is and what is known of them, in one go."""
    record = storage.people.session_user(token_hash, now_ms)
    return None if record is None else (record, *known(storage, record))


def known(storage: Storage, record: UserRecord) -> tuple[list[Membership], list[Person]]:
    """Where somebody is, and whom they ignore."""
    return storage.members.memberships(record.id), storage.order.ignored(record.id)
