"""The exception tree of hubbub; each refusal has its stable wire code (docs/protocol.md, Replies).

HubbubError
├── Refusal                 a request that is answered by an `error`; the connection goes on
│   ├── BadRequest          bad_request
│   ├── UnknownType         unknown_type
│   ├── HelloFirst          hello_first
│   ├── BadName             bad_name
│   ├── NameTaken           name_taken
│   ├── BadToken            bad_token
│   ├── BadPassword         bad_password
│   ├── NotSignedIn         not_signed_in
│   ├── Banned              banned
│   ├── NoSuchRoom          no_such_room
│   ├── NoSuchUser          no_such_user
│   ├── NoSuchCommand       no_such_command
│   ├── NotAMember          not_a_member
│   ├── Forbidden           forbidden
│   ├── Muted               muted
│   ├── Conflict            conflict
│   ├── TooLong             too_long
│   ├── RateLimited         rate_limited
│   ├── RoomFull            room_full
│   ├── ServerFull          server_full
│   ├── Unavailable         unavailable
│   └── Internal            internal
├── ConnectionFailed        the client side: no server there, or it closed the connection
│   ├── HandshakeRefused    the server answered, but not with a WebSocket
│   ├── LineLost            the line broke before the answer
│   └── PlainServer         the server speaks no subprotocol of ours, like the tutorial's
├── StorageError            the log cannot be opened, read or written
│   ├── NewerDatabase       the log was written by a newer hubbub
│   ├── DatabaseRefused     what was to be written or asked cannot be, whoever tries again
│   ├── LogInUse            another process has the log
│   └── OutOfTime           what was asked of the log took longer than it may
├── ConfigError             a setting is wrong
└── StartError              the server cannot start (a port in use, a folder that is not writable)
"""

from typing import ClassVar


class HubbubError(Exception):
    """Whatever hubbub raises on purpose; its text says what, which, and what to do."""


class Refusal(HubbubError):
    """A request that the server did not carry out.

    `temporary` says that the same request may succeed later, `retry_after` (seconds) when,
    `room` which room of a `hello` was refused.
    """

    code: ClassVar[str] = "internal"
    temporary: bool = False

    def __init__(
        self, message: str, *, retry_after: float | None = None, room: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.room = room


class BadRequest(Refusal):
    """The frame or one of its fields does not have the form that the protocol asks for."""

    code = "bad_request"


class UnknownType(Refusal):
    """The request's `type` is none that this server knows."""

    code = "unknown_type"


class HelloFirst(Refusal):
    """A request came before `hello`."""

    code = "hello_first"


class BadName(Refusal):
    """A name of a user or a room breaks the rules (docs/protocol.md, Names)."""

    code = "bad_name"


class NameTaken(Refusal):
    """Somebody holds that name."""

    code = "name_taken"


class BadToken(Refusal):
    """The token is unknown or has run out."""

    code = "bad_token"


class BadPassword(Refusal):
    """The name and the password do not go together."""

    code = "bad_password"


class NotSignedIn(Refusal):
    """This server has no guests: sign in with a name and a password, or with a token."""

    code = "not_signed_in"


class Banned(Refusal):
    """A moderator has shown this user, name or address the door; 4003 follows."""

    code = "banned"


class NoSuchRoom(Refusal):
    """There is no such room, or this user may not know of it."""

    code = "no_such_room"


class NoSuchUser(Refusal):
    """Nobody of that name is here or has a session or an account."""

    code = "no_such_user"


class NoSuchCommand(Refusal):
    """The line names no command of this server."""

    code = "no_such_command"


class NotAMember(Refusal):
    """The request needs membership of the room."""

    code = "not_a_member"


class Forbidden(Refusal):
    """This user may not do that."""

    code = "forbidden"


class Muted(Refusal):
    """This user may read the room, not write in it, for now."""

    code = "muted"


class Conflict(Refusal):
    """The nonce was used for another message."""

    code = "conflict"


class TooLong(Refusal):
    """A text is longer than the limit."""

    code = "too_long"


class RateLimited(Refusal):
    """Too many requests; `retry_after` says when the next one is welcome."""

    code = "rate_limited"
    temporary = True


class RoomFull(Refusal):
    """The room has as many connections as it may have."""

    code = "room_full"
    temporary = True


class ServerFull(Refusal):
    """The server has as many connections as it may have."""

    code = "server_full"
    temporary = True


class Unavailable(Refusal):
    """The log cannot be read or written just now, or is asked too much; nothing was stored."""

    code = "unavailable"
    temporary = True


class Internal(Refusal):
    """A fault of the server's own; its log has the details."""

    code = "internal"


class ConnectionFailed(HubbubError):
    """The server cannot be reached, or it ended the connection for good.

    `code` is the WebSocket close code (RFC 6455, section 7.4) where there was one.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class StorageError(HubbubError):
    """The log cannot be opened, read or written."""


class NewerDatabase(StorageError):
    """The log was written by a newer hubbub; this one leaves it alone."""


class DatabaseRefused(StorageError):
    """The database is there and cannot do what it was asked for: a fault of hubbub's own."""


class LogInUse(StorageError):
    """Another process writes that log."""


class OutOfTime(StorageError):
    """What was asked of the log took longer than it may, or nobody waits for it any more."""


class NodeLost(StorageError):
    """Another node of the cluster took this one for dead; what it said of people holds no more."""


class LogChanged(StorageError):
    """The log may be another one than this process knows, and is compared before it is used."""


class ConfigError(HubbubError):
    """A setting is wrong; the text names it, its value, and what is allowed."""


class StartError(HubbubError):
    """The server cannot start."""


REFUSALS: dict[str, type[Refusal]] = {cls.code: cls for cls in Refusal.__subclasses__()}
"""Each wire code's class, for clients."""


def reference() -> str:
    """The codes of docs/protocol.md, in Markdown."""
    rows = ["| code | when |", "|---|---|"]
    for code, refusal in REFUSALS.items():
        when = " ".join((refusal.__doc__ or "").split())
        rows.append(f"| `{code}` | {when}{' Temporary.' if refusal.temporary else ''} |")
    return "\n".join(rows)
