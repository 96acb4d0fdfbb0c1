"""The people: users, sessions, passwords, invitations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from sqlalchemy import Select, bindparam, case, delete, exists, or_, select, update

from hubbub.model import Name, Role, UserKind
from hubbub.storage.changes import (
    EndSession,
    EndSessions,
    RenameUser,
    RenewSession,
    SaveAccount,
    SaveInvitation,
    SavePassword,
    SaveSession,
    SaveUser,
)
from hubbub.storage.interface import INVITATIONS
from hubbub.storage.records import Account, Invitation, SessionRecord, UserRecord
from hubbub.storage.sql.connections import Connections
from hubbub.storage.sql.dialects import json_list, listed, upsert
from hubbub.storage.sql.driver import Driver
from hubbub.storage.sql.schema import invitations, passwords, sessions, subscriptions, users

_user = (users.c.id, users.c.name, users.c.name_key, users.c.kind, users.c.role)
_account = users.c.kind != UserKind.GUEST.value
_unexpired = sessions.c.expires_ms > bindparam("now_ms")

SESSION_USER = (
    select(*_user)
    .join_from(sessions, users, users.c.id == sessions.c.user_id)
    .where(sessions.c.token_hash == bindparam("token_hash"), _unexpired)
)
NAME_HOLDER = (
    select(*_user)
    .where(
        users.c.name_key == bindparam("name_key"),
        or_(_account, exists().where(sessions.c.user_id == users.c.id, _unexpired)),
    )
    # A name that an account holds is the account's, whatever guest came to it before.
    .order_by(case((_account, 0), else_=1), users.c.id)
    .limit(1)
)
# `user` and what follows it in the order of code points, up to `uses`.
USER_NAMES = select(users.c.name_key).where(
    users.c.name_key > "user",
    users.c.name_key < "uses",
    exists().where(sessions.c.user_id == users.c.id, _unexpired),
)
SAVE_USERS = upsert(users, ["saved_ms"])
RENAME_USERS = (
    update(users)
    .where(users.c.id == bindparam("of"))
    .values(name=bindparam("to_name"), name_key=bindparam("to_key"))
)
SET_ACCOUNTS = (
    update(users)
    .where(users.c.id == bindparam("of"))
    .values(kind=bindparam("to_kind"), role=bindparam("to_role"))
)
SAVE_SESSIONS = upsert(sessions, ["user_id", "expires_ms", "used_ms"])
ACCOUNT = (
    select(*_user, passwords.c.hash)
    .join_from(users, passwords, passwords.c.user_id == users.c.id, isouter=True)
    .where(users.c.name_key == bindparam("name_key"), _account)
)
ACCOUNTS = select(*_user).where(_account).order_by(users.c.name_key)
SAVE_PASSWORDS = upsert(passwords, ["hash"])
INVITATION = select(invitations).where(
    invitations.c.code_hash == bindparam("code_hash"),
    invitations.c.uses > 0,
    invitations.c.expires_ms > bindparam("now_ms"),
)
SAVE_INVITATIONS = upsert(invitations, ["uses"])
USABLE_INVITATIONS = (
    select(invitations)
    .where(invitations.c.uses > 0, invitations.c.expires_ms > bindparam("now_ms"))
    .order_by(invitations.c.expires_ms)
    .limit(bindparam("limit"))
)
_ids = listed("user_ids")
USERS = select(*_user).where(users.c.id.in_(select(_ids.c.value)))
LIVE_SESSIONS = select(sessions.c.token_hash).where(
    sessions.c.user_id.in_(select(_ids.c.value)), _unexpired
)
SESSIONS_OF = (
    select(
        sessions.c.token_hash,
        sessions.c.device,
        sessions.c.created_ms,
        sessions.c.used_ms,
        sessions.c.expires_ms,
    )
    .where(sessions.c.user_id == bindparam("user_id"), _unexpired)
    .order_by(sessions.c.used_ms.desc(), sessions.c.created_ms.desc())
)
DELETE_SESSIONS_OF = delete(sessions).where(
    sessions.c.user_id == bindparam("of_user"), sessions.c.token_hash != bindparam("but")
)
DELETE_ORPHANED_SUBSCRIPTIONS = delete(subscriptions).where(
    subscriptions.c.user_id == bindparam("of_user"),
    ~exists().where(
        sessions.c.token_hash == subscriptions.c.token_hash,
        sessions.c.user_id == subscriptions.c.user_id,
    ),
)
# By the user, of whom there is an index; so before the session goes.
DELETE_SUBSCRIPTIONS_BY = delete(subscriptions).where(
    subscriptions.c.token_hash == bindparam("of"),
    subscriptions.c.user_id.in_(
        select(sessions.c.user_id).where(sessions.c.token_hash == bindparam("of"))
    ),
)
MOVE_SUBSCRIPTIONS = (
    update(subscriptions)
    .where(
        subscriptions.c.user_id == bindparam("of_user"),
        subscriptions.c.token_hash == bindparam("former"),
    )
    .values(token_hash=bindparam("later"))
)
DELETE_SESSIONS = delete(sessions).where(sessions.c.token_hash == bindparam("of"))
RENEW_SESSIONS = (
    update(sessions)
    .where(sessions.c.token_hash == bindparam("of"), sessions.c.expires_ms < bindparam("end_ms"))
    .values(expires_ms=bindparam("end_ms"), used_ms=bindparam("now_ms"))
)


class SqlPeople:
    """The people in a database; see `hubbub.storage.interface.PeopleReads`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def session_user(self, token_hash: bytes, now_ms: int) -> UserRecord | None:
        """See PeopleReads."""
        return self._user(SESSION_USER, {"token_hash": token_hash, "now_ms": now_ms})

    def name_holder(self, key: str, now_ms: int) -> UserRecord | None:
        """See PeopleReads."""
        return self._user(NAME_HOLDER, {"name_key": key, "now_ms": now_ms})

    def held_automatic_names(self, now_ms: int) -> set[str]:
        """See PeopleReads."""
        with self._connections.asking() as driver:
            keys = driver.rows(USER_NAMES, {"now_ms": now_ms})
            return {key for (key,) in keys if _automatic(key)}

    def account(self, key: str) -> Account | None:
        """See PeopleReads."""
        with self._connections.asking() as driver:
            row = driver.first(ACCOUNT, {"name_key": key})
        return None if row is None else Account(user_record(row[:-1]), row[-1])

    def accounts(self) -> list[UserRecord]:
        """See PeopleReads."""
        with self._connections.asking() as driver:
            return [user_record(row) for row in driver.rows(ACCOUNTS, {})]

    def known(self, ids: Sequence[str]) -> dict[str, UserRecord]:
        """See PeopleReads."""
        with self._connections.asking() as driver:
            rows = driver.rows(USERS, {"user_ids": json_list(list(ids))})
            return {row[0]: user_record(row) for row in rows}

    def sessions_of(self, user_id: str, now_ms: int) -> list[SessionRecord]:
        """See PeopleReads."""
        values = {"user_id": user_id, "now_ms": now_ms}
        with self._connections.asking() as driver:
            return [SessionRecord(*row) for row in driver.rows(SESSIONS_OF, values)]

    def live_sessions(self, user_ids: Sequence[str], now_ms: int) -> set[bytes]:
        """See PeopleReads."""
        values = {"user_ids": json_list(list(user_ids)), "now_ms": now_ms}
        with self._connections.asking() as driver:
            return {of for (of,) in driver.rows(LIVE_SESSIONS, values)}

    def invitation(self, code_hash: bytes, now_ms: int) -> Invitation | None:
        """See PeopleReads."""
        values = {"code_hash": code_hash, "now_ms": now_ms}
        with self._connections.asking() as driver:
            row = driver.first(INVITATION, values)
        if row is None:
            return None
        return _invitation(row)

    def usable_invitations(self, now_ms: int) -> list[Invitation]:
        """See PeopleReads."""
        values = {"now_ms": now_ms, "limit": INVITATIONS}
        with self._connections.asking() as driver:
            return [_invitation(row) for row in driver.rows(USABLE_INVITATIONS, values)]

    def _user(self, query: Select[Any], values: dict[str, Any]) -> UserRecord | None:
        with self._connections.asking() as driver:
            row = driver.first(query, values)
        return None if row is None else user_record(row)


PeopleChange = (
    SaveUser
    | RenameUser
    | SaveAccount
    | SaveSession
    | RenewSession
    | EndSession
    | EndSessions
    | SavePassword
    | SaveInvitation
)


@dataclass(slots=True)
class BatchPeople:
    """What one commit changes about people."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    renames: dict[str, dict[str, str]] = field(default_factory=dict)
    accounts: dict[str, dict[str, str]] = field(default_factory=dict)
    sessions: dict[bytes, SaveSession | None] = field(default_factory=dict)
    """None stands for one that ends."""
    renewed: dict[bytes, int] = field(default_factory=dict)
    ended: list[EndSessions] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    invitations: dict[bytes, Invitation] = field(default_factory=dict)

    def take(self, change: PeopleChange, now_ms: int) -> None:
        """Works out what a change comes to after those before it."""
        match change:
            case SaveUser(user):
                values = {"id": user.id, "name": user.name, "name_key": user.key}
                values |= {"kind": user.kind.value, "role": user.role.value}
                self.users.setdefault(user.id, {**values, "saved_ms": now_ms})
            case RenameUser(user_id, name, key):
                self.renames[user_id] = {"of": user_id, "to_name": name, "to_key": key}
            case SaveAccount(user_id, kind, role):
                account = {"of": user_id, "to_kind": kind.value, "to_role": role.value}
                self.accounts[user_id] = account
            case SaveSession(token_hash):
                self.sessions[token_hash] = change
                self.renewed.pop(token_hash, None)
            case RenewSession(token_hash, expires_ms):
                self.renewed[token_hash] = max(expires_ms, self.renewed.get(token_hash, 0))
            case EndSession(token_hash):
                self.sessions[token_hash] = None
            case EndSessions():
                self._end_sessions(change)
            case SavePassword(user_id, password_hash):
                self.passwords[user_id] = password_hash
            case SaveInvitation(invitation):
                self.invitations[invitation.code_hash] = invitation
            case _:
                assert_never(change)

    def _end_sessions(self, change: EndSessions) -> None:
        self.ended.append(change)
        for token_hash, session in self.sessions.items():
            of_user = session is not None and session.user_id == change.user_id
            if of_user and token_hash != change.but:
                self.sessions[token_hash] = None

    def write(self, driver: Driver, now_ms: int) -> None:
        """Executes what the changes came to."""
        self._write_users(driver, now_ms)
        self._write_accounts(driver)

    def _write_users(self, driver: Driver, now_ms: int) -> None:
        if self.users:
            driver.write(SAVE_USERS, [row for _, row in sorted(self.users.items())])
        if self.renames:
            driver.write(RENAME_USERS, [row for _, row in sorted(self.renames.items())])
        if self.accounts:
            driver.write(SET_ACCOUNTS, [row for _, row in sorted(self.accounts.items())])
        if self.ended:
            ended_of = [{"of_user": each.user_id, "but": each.but} for each in self.ended]
            driver.write(DELETE_SESSIONS_OF, ended_of)
        saved = [
            {
                "token_hash": session.token_hash,
                "user_id": session.user_id,
                "expires_ms": session.expires_ms,
                "device": session.device,
                "created_ms": now_ms,
                "used_ms": now_ms,
            }
            for _, session in sorted(self.sessions.items(), key=_token)
            if session is not None
        ]
        if saved:
            driver.write(SAVE_SESSIONS, saved)
        if self.renewed:
            renewed = [
                {"of": token_hash, "end_ms": end_ms, "now_ms": now_ms}
                for token_hash, end_ms in sorted(self.renewed.items())
            ]
            driver.write(RENEW_SESSIONS, renewed)
        sessions = sorted(self.sessions.items(), key=_token)
        ended = [{"of": token} for token, session in sessions if session is None]
        if ended:
            driver.write(DELETE_SUBSCRIPTIONS_BY, ended)
            driver.write(DELETE_SESSIONS, ended)
        self._write_subscriptions(driver)

    def _write_subscriptions(self, driver: Driver) -> None:
        """The browsers of a session go on by the one that succeeds it, or end with it."""
        moved = [
            {"of_user": each.user_id, "former": each.succeeds, "later": each.token_hash}
            for each in self.sessions.values()
            if each is not None and each.succeeds
        ]
        if moved:
            driver.write(MOVE_SUBSCRIPTIONS, moved)
        if self.ended:
            of_users = sorted({each.user_id for each in self.ended})
            driver.write(DELETE_ORPHANED_SUBSCRIPTIONS, [{"of_user": each} for each in of_users])

    def _write_accounts(self, driver: Driver) -> None:
        if self.passwords:
            hashes = [{"user_id": user, "hash": found} for user, found in self.passwords.items()]
            driver.write(SAVE_PASSWORDS, hashes)
        if self.invitations:
            rows = [
                {
                    "code_hash": each.code_hash,
                    "role": each.role.value,
                    "uses": each.uses,
                    "expires_ms": each.expires_ms,
                    "maker_id": each.maker_id,
                }
                for each in self.invitations.values()
            ]
            driver.write(SAVE_INVITATIONS, rows)


def _token(item: tuple[bytes, SaveSession | None]) -> bytes:
    return item[0]


def user_record(row: Sequence[Any]) -> UserRecord:
    """The user of a row of the columns of a user."""
    user_id, name, key, kind, role = row
    return UserRecord(user_id, name, key, UserKind(kind), Role(role))


def _invitation(row: Sequence[Any]) -> Invitation:
    """The invitation of a row of its table."""
    code_hash, role, uses, expires_ms, maker_id = row
    return Invitation(code_hash, Role(role), uses, expires_ms, maker_id)


def _automatic(key: str) -> bool:
    """Whether a user's key is one of the names that are given automatically."""
    return Name(key, key).reserved
