"""Who is here: connections as they begin, become somebody's, and end."""

from structlog import get_logger

from hubbub.hub.core import Core
from hubbub.hub.names import Names
from hubbub.hub.ports import Dialect, Line
from hubbub.hub.rooms.membership import RoomMembership
from hubbub.hub.rules.rates import AddressRates
from hubbub.hub.signs import Spent
from hubbub.hub.state.room import Session, User
from hubbub.model import UserKind
from hubbub.protocol.close_codes import TOO_SLOW
from hubbub.storage.changes import Depart, RenewSession, SaveUser

log = get_logger(__name__)


class Attendance:
    """The sessions of this node, from their first byte to their last."""

    def __init__(self, core: Core, names: Names, membership: RoomMembership) -> None:
        self._log = core.log
        self._committer = core.committer
        self._users = core.users
        self._limits = core.limits
        self._clock = core.clock
        self._rates = core.rates
        self._stats = core.stats
        self._peers = core.peers
        self._names = names
        self._membership = membership

    def open_session(
        self,
        line: Line,
        dialect: Dialect,
        address: AddressRates,
        device: str = "",
        cookie: str | None = None,
    ) -> Session:
        """A new connection; it is nobody until `hello`, the greeting or a sign-in.

        `cookie` is the secret of the browser's session, which its page does not know.
        """
        self._stats.connections += 1
        self._stats.connected += 1
        epoch = self._log.storage.epoch
        return Session(line, dialect, address, self._stats, device, cookie, epoch)

    def be(self, session: Session, user: User) -> None:
        first = not user.sessions
        if first:
            self._rates.come(session.address, user)
        self._users[user.id] = user
        session.be(user)
        if first:
            self._peers.attendance.note(user.arrival())
        log.info("joined", user=user.name.shown, id=user.id, sessions=len(user.sessions))

    # --- the end

    def close_session(self, session: Session, why: str) -> None:
        """The connection has ended; called once for each `open_session`."""
        self._stats.connections -= 1
        self.leave(session, why)

    def end(self, session: Session, code: int, why: str) -> None:
        """Ends a connection from this side."""
        self.leave(session, why)
        session.close(code, why)

    def bye(self, session: Session) -> None:
        """Ends a connection whose person wants to go."""
        self.end(session, 1000, "bye")

    def evict(self, session: Session) -> None:
        """Ends a connection that does not take what it is sent."""
        self.end(session, TOO_SLOW, "too slow: resume from your last seq")

    def leave(self, session: Session, why: str) -> None:
        """Lets go of a session: out of its rooms and, with its user's last one, out of the house.

        Does nothing for one that was let go.
        """
        session.closed = True
        session.lose()
        if session.unblocked is not None and not session.unblocked.done():
            session.unblocked.set_result(None)
        self.part(session, why)

    def part(self, session: Session, why: str) -> None:
        user = session.user
        if user is None or session not in user.sessions:
            return
        for room in list(session.rooms.values()):
            self._membership.leave(session, room)
        user.sessions.discard(session)
        log.info("left", user=user.name.shown, id=user.id, why=why, sessions=len(user.sessions))
        if session.token_hash is not None and user.kind is not UserKind.BOT:
            renewal = RenewSession(session.token_hash, self.session_end_ms(user))
            self._committer.submit_unless_stopping(renewal)
        if user.sessions:
            return
        del self._users[user.id]
        self._peers.attendance.note(Depart(user.id))
        left = self._rates.leave(session.address, user)
        if left is not None:
            self._peers.signals.tell(Spent({}, {session.address.key: left}))
        self._names.release(user.name, user.id)

    # --- what is kept of them

    def session_ends(self) -> dict[bytes, int]:
        """The sessions that are in use, and when they shall end from now on."""
        return {
            session.token_hash: self.session_end_ms(user)
            for user in self._users.values()
            for session in user.sessions
            if session.token_hash is not None and user.kind is not UserKind.BOT
        }

    def saved_guests(self) -> list[SaveUser]:
        """Those who are here without a session and are kept, because a direct room names them."""
        return [
            SaveUser(user.record) for user in self._users.values() if user.stored and not user.kept
        ]

    def session_end_ms(self, user: User) -> int:
        guest = user.kind is UserKind.GUEST
        hours = self._limits.guest_session_h if guest else self._limits.session_days * 24.0
        return self._clock.now_ms() + int(hours * 3_600_000)
