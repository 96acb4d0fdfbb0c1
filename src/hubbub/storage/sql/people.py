"""What a commit changes about people: users, sessions, passwords, invitations, their browsers."""

from dataclasses import dataclass, field
from typing import Any, assert_never

from hubbub.storage.changes import (
    EndSession,
    EndSessions,
    EndSubscription,
    RenameUser,
    RenewSession,
    SaveAccount,
    SaveInvitation,
    SavePassword,
    SaveSession,
    SaveSubscription,
    SaveUser,
)
from hubbub.storage.records import Invitation, Subscription
from hubbub.storage.sql import people_queries
from hubbub.storage.sql.driver import Driver

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
    | SaveSubscription
    | EndSubscription
)


@dataclass(slots=True)
class People:
    """These changes of one commit."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    renames: dict[str, dict[str, str]] = field(default_factory=dict)
    accounts: dict[str, dict[str, str]] = field(default_factory=dict)
    sessions: dict[bytes, SaveSession | None] = field(default_factory=dict)
    """None stands for one that ends."""
    renewed: dict[bytes, int] = field(default_factory=dict)
    ended: list[EndSessions] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    invitations: dict[bytes, Invitation] = field(default_factory=dict)
    subscriptions: dict[str, Subscription | str] = field(default_factory=dict)
    """By endpoint; the user's id stands for one that ends."""

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
            case SaveSubscription(subscription):
                self.subscriptions[subscription.endpoint] = subscription
            case EndSubscription(endpoint, user_id):
                self.subscriptions[endpoint] = user_id
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
        self._write_subscriptions(driver, now_ms)

    def _write_users(self, driver: Driver, now_ms: int) -> None:
        if self.users:
            driver.write(people_queries.SAVE_USERS, [row for _, row in sorted(self.users.items())])
        if self.renames:
            driver.write(
                people_queries.RENAME_USERS, [row for _, row in sorted(self.renames.items())]
            )
        if self.accounts:
            driver.write(
                people_queries.SET_ACCOUNTS, [row for _, row in sorted(self.accounts.items())]
            )
        if self.ended:
            ended_of = [{"of_user": each.user_id, "but": each.but} for each in self.ended]
            driver.write(people_queries.DELETE_SESSIONS_OF, ended_of)
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
            driver.write(people_queries.SAVE_SESSIONS, saved)
        if self.renewed:
            renewed = [
                {"of": token_hash, "end_ms": end_ms, "now_ms": now_ms}
                for token_hash, end_ms in sorted(self.renewed.items())
            ]
            driver.write(people_queries.RENEW_SESSIONS, renewed)
        sessions = sorted(self.sessions.items(), key=_token)
        ended = [{"of": token} for token, session in sessions if session is None]
        if ended:
            driver.write(people_queries.DELETE_SESSIONS, ended)

    def _write_accounts(self, driver: Driver) -> None:
        if self.passwords:
            hashes = [{"user_id": user, "hash": found} for user, found in self.passwords.items()]
            driver.write(people_queries.SAVE_PASSWORDS, hashes)
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
            driver.write(people_queries.SAVE_INVITATIONS, rows)

    def _write_subscriptions(self, driver: Driver, now_ms: int) -> None:
        saved, ended = [], []
        for endpoint, entry in self.subscriptions.items():
            if isinstance(entry, str):
                ended.append({"of": endpoint, "of_user": entry})
            else:
                saved.append(
                    {
                        "endpoint": endpoint,
                        "user_id": entry.user_id,
                        "p256dh": entry.p256dh,
                        "auth": entry.auth,
                        "saved_ms": now_ms,
                    }
                )
        if ended:
            driver.write(people_queries.DELETE_SUBSCRIPTIONS, ended)
        if saved:
            driver.write(people_queries.SAVE_SUBSCRIPTIONS, saved)
            of_users = [{"of_user": user_id} for user_id in {row["user_id"] for row in saved}]
            driver.write(people_queries.DELETE_OLDEST_SUBSCRIPTIONS, of_users)


def _token(item: tuple[bytes, SaveSession | None]) -> bytes:
    return item[0]
