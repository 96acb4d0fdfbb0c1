"""Members and bots: how one becomes a member, signs in, and ends sessions."""

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace

from structlog import get_logger

from hubbub.errors import (
    BadName,
    BadPassword,
    BadRequest,
    Forbidden,
)
from hubbub.hub.core import Core
from hubbub.hub.flow.committer import Submission
from hubbub.hub.people.attendance import Attendance
from hubbub.hub.people.invitations import Invitations
from hubbub.hub.rules.passwords import Passwords
from hubbub.hub.rules.secrets import ID_CHARS, hashed, secret_id
from hubbub.hub.signs import Cut
from hubbub.hub.state.room import Session, User
from hubbub.hub.welcome import Welcome
from hubbub.model import Role, UserKind, user_name
from hubbub.protocol.close_codes import COME_AGAIN, SIGNED_OUT
from hubbub.protocol.durations import DAY_MS
from hubbub.storage.changes import (
    AppendAudit,
    Change,
    EndSession,
    EndSessions,
    SaveAccount,
    SaveInvitation,
    SaveMember,
    SavePassword,
    SaveSession,
    SaveUser,
)
from hubbub.storage.records import SessionRecord, UserRecord

log = get_logger(__name__)

REVOKED = 1_000
"""Sessions that were ended lately: somebody may be on the way in with one."""
MEMBER_NOW = "come in again: you are a member now"


def check_another_owner(accounts: Iterable[UserRecord], user_id: str) -> None:
    """Raises Forbidden where no other member owns the server."""
    owners = (a for a in accounts if a.role is Role.OWNER and a.kind is UserKind.MEMBER)
    if all(each.id == user_id for each in owners):
        raise Forbidden("A server has an owner; make somebody else one first.")


def _check_guest(user: User) -> None:
    if user.kind is not UserKind.GUEST:
        raise BadRequest("You are a member already; /password changes your password.")


class Accounts:
    """Who belongs here."""

    def __init__(
        self, core: Core, invitations: Invitations, attendance: Attendance, welcome: Welcome
    ) -> None:
        self.registering: str | None = None
        """The guest whose sessions end in the log just now; what becomes of them is said here."""
        self._log = core.log
        self._committer = core.committer
        self._users = core.users
        self._limits = core.limits
        self._clock = core.clock
        self._rates = core.rates
        self._peers = core.peers
        self._invitations = invitations
        self._end = attendance.end
        self._you = welcome.you
        self._passwords = Passwords()
        self._revoked: OrderedDict[bytes, None] = OrderedDict()

    def close(self) -> None:
        """Ends what runs beside."""
        self._passwords.close()

    # --- becoming a member

    async def check_admission(self, code: str | None) -> None:
        """Raises Forbidden for one who may not become a member by that invitation, or none."""
        await self._invitations.admission(code)

    async def register(self, user: User, password: str, code: str | None, session: Session) -> None:
        """Makes a guest a member, who stays the same user. Raises Refusal.

        The guest's session ends: whoever else has its secret must not be a member by it. That
        connection gets another, if it has one; others come in again by what it tells them.
        """
        _check_guest(user)
        if user.name.reserved:
            raise BadName(f"{user.name.shown} is an automatic name; take your own by /nick NAME.")
        # Asked for once more below; what is refused shall not cost a hash.
        await self.check_admission(code)
        kept = await self._passwords.hash(password, session)
        # One after the other: an invitation has so many uses, and one is the first.
        async with self._invitations.deciding:
            self.registering = user.id
            try:
                await self._make_member(user, kept, code, session)
            finally:
                self.registering = None

    async def _make_member(self, user: User, kept: str, code: str | None, session: Session) -> None:
        async with self._peers.agreement.alone("accounts"):
            _check_guest(user)
            role, used = await self._invitations.admission(code)
            record = replace(user.record, kind=UserKind.MEMBER, role=role)
            saved = SaveAccount(user.id, record.kind, role)
            changes: list[Change] = [SaveUser(record), saved, SavePassword(user.id, kept)]
            if used is not None:
                changes.insert(0, SaveInvitation(replace(used, uses=used.uses - 1)))
            # From a plain connection nothing was kept yet.
            public = {r.name for s in user.sessions for r in s.rooms.values() if not r.direct}
            changes += [SaveMember(name, user.id) for name in sorted(public)]
            former = await self.sessions(user)
            changes.append(EndSessions(user.id))
            secret = None
            if session.token_hash is not None:
                secret = secrets.token_urlsafe(24)
                end_ms = self._clock.now_ms() + self._limits.session_days * DAY_MS
                former_hash, device = session.token_hash, session.device
                changes.append(SaveSession(hashed(secret), user.id, end_ms, device, former_hash))
            await self._committer.outcomes(*changes)
        if user.id not in self._users:
            # Who comes in by that is nobody that the settlement knows yet.
            user.take_account(record.kind, record.role)
        user.stored = user.kept = True
        self._revoke(each.token_hash for each in former)
        if secret is not None:
            session.token_hash = hashed(secret)
            session.send(self._you(user, secret))
        for other in [each for each in user.sessions if each is not session]:
            if other.token_hash is None:
                other.send(self._you(user, None))
            else:
                other.token_hash = None
                self._end(other, COME_AGAIN, MEMBER_NOW)
        self._peers.signals.tell(Cut(user.id, COME_AGAIN, MEMBER_NOW))
        log.info("registered", user=user.name.shown, id=user.id, role=role.value)

    # --- signing in

    async def sign_in(self, session: Session, typed: str, password: str) -> UserRecord:
        """The member of that name and password. Raises BadPassword, RateLimited, Unavailable."""
        try:
            key = user_name(typed.removeprefix("@")).key
        except BadName:
            key = ""
        self._rates.password(session, key)
        account = await self._log.read(self._log.storage.people.account, key)
        kept = None if account is None else account.password_hash
        if not await self._passwords.fits(password, kept, session):
            log.info("wrong password", tried=key)
            raise BadPassword("That name and that password do not go together.")
        self._rates.right_password(session, key)
        assert account is not None, "a password that fits is somebody's"
        assert kept is not None, "see above"
        if self._passwords.outdated(kept):
            hashed_anew = await self._passwords.hash(password, session)
            renewed = SavePassword(account.user.id, hashed_anew)
            self._committer.submit(Submission(renewed))
        return account.user

    async def change_password(self, session: Session, user: User, old: str, new: str) -> int:
        """Sets another password and ends the user's other sessions; how many. Raises Refusal."""
        if user.kind is not UserKind.MEMBER:
            raise Forbidden("Only members have a password; /register PASSWORD makes you one.")
        await self.sign_in(session, user.name.shown, old)
        kept = await self._passwords.hash(new, session)
        own = session.token_hash or b""
        others = await self.sessions(user)
        changes = SavePassword(user.id, kept), EndSessions(user.id, own)
        await self._committer.outcomes(*changes)
        self._revoke([each.token_hash for each in others if each.token_hash != own])
        # Also those that were signed in by a password on a plain connection.
        ended = [each for each in user.sessions if each is not session and each.token_hash != own]
        self._cut(ended)
        # Those with a session end by its end.
        self._peers.signals.tell(Cut(user.id, SIGNED_OUT, "signed out", all_of_them=False))
        return len(others) - bool(own)

    # --- sessions

    async def sessions(self, user: User) -> list[SessionRecord]:
        """The user's sessions, the last used first."""
        return await self.sessions_of(user.id)

    async def end_session(self, session: Session, user: User, typed: str) -> bytes:
        """Ends a session by its id, with its connections but this one; its token hash.

        Raises BadRequest.
        """
        found = [s for s in await self.sessions(user) if secret_id(s.token_hash) == typed.lower()]
        if not found:
            raise BadRequest(
                f"You have no session {typed[: ID_CHARS * 2]!r}; /sessions lists them."
            )
        await self._end_session(session, user, found[0].token_hash)
        return found[0].token_hash

    async def sign_out(self, session: Session, user: User) -> None:
        """Ends the session of this connection; the others that share it end too."""
        if session.token_hash is not None:
            await self._end_session(session, user, session.token_hash)

    async def _end_session(self, session: Session, user: User, token_hash: bytes) -> None:
        own = session.token_hash == token_hash
        if own:
            # It ends by itself, after its answer.
            session.token_hash = None
        try:
            await self._committer.outcome(EndSession(token_hash))
        except BaseException:
            if own:
                session.token_hash = token_hash
            raise
        self._revoke([token_hash])
        self._cut([each for each in user.sessions if each.token_hash == token_hash])

    async def sessions_of(self, user_id: str) -> list[SessionRecord]:
        """The sessions of somebody who may not be here."""
        now_ms = self._clock.now_ms()
        return await self._log.read(self._log.storage.people.sessions_of, user_id, now_ms)

    def revoke(self, sessions: Iterable[SessionRecord]) -> None:
        """Lets nobody come in any more by sessions that were ended just now."""
        self._revoke(session.token_hash for session in sessions)

    def revoked(self, token_hash: bytes) -> bool:
        """Whether that session was ended a moment ago."""
        return token_hash in self._revoked

    def _revoke(self, ended: Iterable[bytes]) -> None:
        for token_hash in ended:
            self._revoked[token_hash] = None
            if len(self._revoked) > REVOKED:
                self._revoked.popitem(last=False)

    # --- roles

    async def save_role(self, whom: UserRecord, role: Role, audit: AppendAudit) -> None:
        """Gives an account a role on the server. Raises Forbidden for the last owner's."""
        # One after the other, so that two owners cannot both give it up.
        async with self._invitations.deciding, self._peers.agreement.alone("accounts"):
            if role is not Role.OWNER:
                accounts = await self._log.read(self._log.storage.people.accounts)
                # As it is now: another may have made them owner, and gone.
                if any(a.id == whom.id and a.role is Role.OWNER for a in accounts):
                    check_another_owner(accounts, whom.id)
            await self._committer.outcomes(SaveAccount(whom.id, whom.kind, role), audit)

    def _cut(self, sessions: Iterable[Session]) -> None:
        for session in sessions:
            session.token_hash = None
            self._end(session, SIGNED_OUT, "signed out")
