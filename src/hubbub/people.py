"""The commands that care for accounts: `hubbub user add`, `list`, `role`, `password`, `token`,
`export`, `delete`.

They work on the log itself, whether a server runs on it or not; a server that runs takes note of
them within a second.
"""

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hubbub.care import of_a_log, place
from hubbub.errors import ConfigError, NameTaken
from hubbub.model import DELETED_USER, Role, UserKind, user_name

if TYPE_CHECKING:
    from hubbub.storage.changes import AppendAudit, Change
    from hubbub.storage.interface import Storage
    from hubbub.storage.records import Account

NEVER_MS = 253_402_300_799_000
"""The end of the year 9999, for a token that does not run out."""
OPERATOR = "(operator)"
"""Who does in the audit log what is done at the server's own machine; nobody can have that name."""
SERVER_NOTICES_S = 1.5
DAY_MS = 24 * 60 * 60 * 1000
ROLES = [role.value for role in (Role.MEMBER, Role.MODERATOR, Role.ADMIN, Role.OWNER)]


@click.group()
def user() -> None:
    """Cares for the accounts of a server."""


@user.command()
@click.argument("name")
@click.option("--owner", is_flag=True, help="Owns the server.")
@click.option("--role", type=click.Choice(ROLES), default="member", help="What the user may do.")
@click.option("--bot", is_flag=True, help="A program's account: it has a token, no password.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@of_a_log
def add(
    name: str,
    owner: bool,
    role: str,
    bot: bool,
    password_stdin: bool,
    data: str | None,
    config_file: Path | None,
) -> None:
    """Makes an account; the first person's owns the server. A bot's token is printed, once."""
    from hubbub.storage.changes import SavePassword, SaveUser
    from hubbub.storage.records import UserRecord

    found = user_name(name)
    kind = UserKind.BOT if bot else UserKind.MEMBER
    record = UserRecord(
        secrets.token_urlsafe(9),
        found.shown,
        found.key,
        kind,
        Role.OWNER if owner else Role(role),
    )
    with _storage(data, config_file) as storage:
        if storage.people.name_holder(found.key, _now_ms()) is not None:
            raise NameTaken(f"The name {found.shown} is taken; take another.")
        if not bot and all(each.kind is UserKind.BOT for each in storage.people.accounts()):
            record = replace(record, role=Role.OWNER)
        added = _audit("add user", found.shown, "bot" if bot else record.role.value, record.id)
        changes: list[Change] = [SaveUser(record), added]
        if not bot:
            changes.append(SavePassword(record.id, _hash(_password(ask=not password_stdin))))
        storage.commit(changes, _now_ms())
        click.echo(f"{found.shown} is {record.role.value} now.", err=bot)
        if bot:
            click.echo(_token(storage, record.id, found.shown, None))


@user.command("list")
@of_a_log
def list_users(data: str | None, config_file: Path | None) -> None:
    """Lists the accounts."""
    with _storage(data, config_file) as storage:
        accounts = storage.people.accounts()
    width = max((len(account.name) for account in accounts), default=0)
    for account in accounts:
        bot = "  bot" if account.kind is UserKind.BOT else ""
        click.echo(f"{account.name:<{width}}  {account.role.value}{bot}")


@user.command()
@click.argument("name")
@click.argument("new_role", metavar="ROLE", type=click.Choice(ROLES))
@of_a_log
def role(name: str, new_role: str, data: str | None, config_file: Path | None) -> None:
    """Makes NAME a member, moderator, admin or owner."""
    from hubbub.hub.people.accounts import check_another_owner
    from hubbub.storage.changes import SaveAccount

    with _storage(data, config_file) as storage:
        found = _account(storage, name).user
        if found.role is Role.OWNER and new_role != Role.OWNER:
            check_another_owner(storage.people.accounts(), found.id)
        saved = SaveAccount(found.id, found.kind, Role(new_role))
        storage.commit([saved, _audit("role", found.name, new_role, found.id)], _now_ms())
    click.echo(f"{found.name} is {new_role} now.")


@user.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@of_a_log
def password(name: str, password_stdin: bool, data: str | None, config_file: Path | None) -> None:
    """Sets the password of NAME and ends the sessions of that account."""
    from hubbub.storage.changes import EndSessions, SavePassword

    with _storage(data, config_file) as storage:
        found = _account(storage, name).user
        if found.kind is UserKind.BOT:
            raise ConfigError(f"{found.name} is a bot: `hubbub user token {found.name}`.")
        saved = SavePassword(found.id, _hash(_password(ask=not password_stdin)))
        storage.commit(
            [saved, EndSessions(found.id), _audit("password", found.name, "", found.id)], _now_ms()
        )
    click.echo(f"{found.name} has another password now.")


@user.command()
@click.argument("name")
@click.option("--label", default="", help="What the token is for.")
@click.option("--days", type=click.IntRange(1, 3650), help="When it runs out; never without.")
@click.option("--revoke", is_flag=True, help="End the tokens that the bot has, and make none.")
@of_a_log
def token(
    name: str,
    label: str,
    days: int | None,
    revoke: bool,
    data: str | None,
    config_file: Path | None,
) -> None:
    """Prints a new token of the bot NAME, once; it comes in by HUBBUB_TOKEN or --token."""
    from hubbub.storage.changes import EndSessions

    with _storage(data, config_file) as storage:
        found = _account(storage, name).user
        if found.kind is not UserKind.BOT:
            raise ConfigError(f"{found.name} is no bot; make one with `hubbub user add --bot`.")
        if revoke:
            storage.commit(
                [EndSessions(found.id), _audit("revoke", found.name, "", found.id)], _now_ms()
            )
            click.echo(f"{found.name} has no token now.")
        else:
            click.echo(_token(storage, found.id, label or found.name, days))


@user.command("export")
@click.argument("name")
@of_a_log
def export_(name: str, data: str | None, config_file: Path | None) -> None:
    """Writes what the log holds of NAME to standard output, as lines of JSON."""
    from hubbub.storage import log_file
    from hubbub.storage.files.personal import export_user

    with _storage(data, config_file) as storage:
        found = _account(storage, name).user
    log = place(data, config_file)
    log = log if isinstance(log, str) else log_file(log)
    count = export_user(log, found.id, sys.stdout.buffer.write)
    sys.stdout.buffer.flush()
    click.echo(f"{found.name}: {count:,} entries.", err=True)


@user.command()
@click.argument("name")
@click.option(
    "--messages",
    type=click.Choice(["keep", "purge"]),
    required=True,
    help="Keep what was said as that of a deleted user, or take its texts away.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@of_a_log
def delete(name: str, messages: str, yes: bool, data: str | None, config_file: Path | None) -> None:
    """Deletes the account NAME, with its sessions, whispers' names and all. For good."""
    with _storage(data, config_file) as storage:
        found = _account(storage, name).user
        owners = [each.id for each in storage.people.accounts() if each.role is Role.OWNER]
        if owners == [found.id]:
            raise ConfigError(f"{found.name} owns the server; make somebody else owner first.")
        if not yes:
            click.confirm(f"Delete {found.name} for good?", abort=True)
        purge = messages == "purge"
        storage.care.forget_user(found.id, purge=purge)
        # A server that runs has noticed by then that the account is gone; what was said until then
        # goes too.
        time.sleep(SERVER_NOTICES_S)
        count = storage.care.forget_user(found.id, purge=purge)
        act = _audit("delete user", DELETED_USER, f"messages: {messages}")
        storage.commit([act], _now_ms())
    what = "said by a deleted user now" if messages == "keep" else "without their text"
    click.echo(f"{found.name} is deleted; {count:,} entries are {what}.")


# ---


def _audit(act: str, whom: str, reason: str = "", whom_id: str = "") -> "AppendAudit":
    from hubbub.storage.changes import AppendAudit

    return AppendAudit(act, OPERATOR, whom, reason=reason, whom_id=whom_id)


@contextmanager
def _storage(data: str | None, config_file: Path | None) -> "Iterator[Storage]":
    from hubbub.storage import open_beside, sqlite_url

    log = place(data, config_file)
    os.umask(0o077)
    storage = open_beside(log if isinstance(log, str) else sqlite_url(log))
    try:
        yield storage
    finally:
        storage.close()


def _account(storage: "Storage", name: str) -> "Account":
    found = storage.people.account(user_name(name.removeprefix("@")).key)
    if found is None:
        raise ConfigError(f"There is no account {name!r}; `hubbub user list` lists them.")
    return found


def _password(*, ask: bool) -> str:
    if ask and sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _hash(password: str) -> str:
    from hubbub.hub.rules.passwords import hash_password

    return hash_password(password)


def _token(storage: "Storage", user_id: str, label: str, days: int | None) -> str:
    from hubbub.hub.rules.secrets import hashed
    from hubbub.storage.changes import SaveSession

    secret = secrets.token_urlsafe(24)
    end_ms = NEVER_MS if days is None else _now_ms() + days * DAY_MS
    storage.commit([SaveSession(hashed(secret), user_id, end_ms, label)], _now_ms())
    return secret


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
