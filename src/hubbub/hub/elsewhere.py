"""What another process wrote into the log, `hubbub user` above all, taken note of within a second.

Sessions that were ended there end here, roles change, and a token that runs out while its
connection is open closes it (4001).
"""

from collections.abc import Callable, Mapping

from hubbub.accounts.accounts import Accounts
from hubbub.hub.clock import Clock
from hubbub.hub.log import Log
from hubbub.hub.moderation import Moderation
from hubbub.hub.sanctions import Sanctions
from hubbub.hub.session import SIGNED_OUT, Session, User
from hubbub.model import UserKind

INTERVAL_S = 1.0


class Elsewhere:
    """Looks whether anything has changed. `end` ends a connection."""

    def __init__(
        self,
        log: Log,
        users: Mapping[str, User],
        clock: Clock,
        sanctions: Sanctions,
        moderation: Moderation,
        accounts: Accounts,
        end: Callable[[Session, int, str], None],
    ) -> None:
        self._log = log
        self._users = users
        self._clock = clock
        self._sanctions = sanctions
        self._moderation = moderation
        self._accounts = accounts
        self._end = end
        self._again = False

    async def look(self) -> None:
        """Looks once. Raises StorageError."""
        if self._again or await self._log.write(self._log.storage.changed_elsewhere):
            self._again = False
            await self._sanctions.load()
            self._moderation.shut_out()
            await self._look_at_accounts()
            await self._end_dead(list(self._users.values()))
        else:
            # A bot's token is the only one that is not renewed while it is in use.
            await self._end_dead([u for u in self._users.values() if u.kind is UserKind.BOT])

    async def _look_at_accounts(self) -> None:
        kept = [user.id for user in self._users.values() if user.kind is not UserKind.GUEST]
        version = self._accounts.version
        records = await self._log.read(self._log.storage.known_users, kept)
        if version != self._accounts.version:
            # A role was given meanwhile, which what was read may lack.
            self._again = True
            return
        for user_id in kept:
            user, record = self._users.get(user_id), records.get(user_id)
            if user is None:
                continue
            if record is None:
                for session in list(user.sessions):
                    self._end(session, SIGNED_OUT, "the account was deleted")
            elif record.role is not user.role:
                user.role = record.role
                self._moderation.tell_role(user)

    async def _end_dead(self, users: list[User]) -> None:
        sessions = {
            session: session.token_hash
            for user in users
            for session in user.sessions
            if session.token_hash is not None
        }
        if not sessions:
            return
        storage, hashes = self._log.storage, list(set(sessions.values()))
        live = await self._log.read(storage.live_sessions, hashes, self._clock.now_ms())
        for session, token_hash in sessions.items():
            if token_hash not in live and session.token_hash == token_hash:
                session.token_hash = None
                self._end(session, SIGNED_OUT, "signed out")
