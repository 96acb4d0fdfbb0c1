"""What PostgreSQL's faults mean for whoever runs the servers, and what is to be done."""

import re

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

CANCELED = "57014"
_AWAY = (
    "The database cannot be reached; see that PostgreSQL runs, and that this machine may connect "
    "to it."
)
_FULL = "The disk that holds the database is full; free some space on it."
_TOO_MANY = (
    "The database takes no more connections; raise its max_connections, or end what else uses it."
)
_STANDBY = (
    "The database cannot be written, it is a standby; name the primary, or several hosts with "
    "target_session_attrs=read-write."
)
ANOTHER_SERVER = (
    "The database is another server than before, or was started anew; what this node knows is "
    "compared with it first."
)
_BUSY = "The database is busy; what was asked waited too long for a lock. It can be tried again."
_PASSWORD = "The database refused the user or the password; look at the database's URL."  # noqa: S105
_FORBIDDEN = (
    "The database's user may not do that; make the database the user's own: "
    "ALTER DATABASE … OWNER TO …."
)
_MISSING = "There is no such database; make it: createdb --encoding=UTF8 NAME."
_DAMAGED = "The database is damaged; stop hubbub and restore a backup."
_STRANGER = (
    "The database has tables of another program's; give hubbub a database of its own: createdb."
)
_CAUSES = {
    "53100": _FULL,
    "53300": _TOO_MANY,
    "25006": _STANDBY,
    "55P03": _BUSY,
    "40P01": _BUSY,
    "40001": _BUSY,
    CANCELED: "The database took too long; look at its load, its locks and its disk.",
    "25P03": "This process was paused for too long within a transaction; it was taken back.",
    "28P01": _PASSWORD,
    "28000": _PASSWORD,
    "3D000": _MISSING,
    "42501": _FORBIDDEN,
    "42P07": _STRANGER,
    "58030": "The disk failed under the database; look at the system's messages.",
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
_GOING = ("57P", "08")
# An index that cannot take so large a value, say: the rest of the class is the database's state.
_TOO_LARGE = "54"
# What the library says of a connection that was not made has no code; PostgreSQL says it in the
# language of the server.
_REFUSED = (
    (re.compile(r"password authentication failed|no password supplied|role \".*\" does not"),
     _PASSWORD),
    (re.compile(r"no pg_hba.conf entry"), _PASSWORD),
    (re.compile(r"database \".*\" does not exist"), _MISSING),
    (re.compile(r"too many (clients|connections)|connection slots"), _TOO_MANY),
    (re.compile(r"session is read-only|server is in hot standby|not in hot standby"), _STANDBY),
    (re.compile(r"certificate|SSL"), "The connection to the database is not secured as was asked; "
     "look at sslmode, sslrootcert and the server's certificate."),
)  # fmt: skip


def cause(code: str, said: str, *, away: bool) -> str:
    """What went wrong and what to do, by SQLSTATE, or by what the library said without one."""
    if code in _CAUSES:
        return _CAUSES[code]
    if code.startswith(_GOING):
        return _AWAY
    if code or not away:
        return "The database refused; this is a fault of hubbub's."
    return next((meaning for pattern, meaning in _REFUSED if pattern.search(said)), _AWAY)


def is_refusal(error: DBAPIError, code: str) -> bool:
    """Whether it is what was asked that cannot be done, and not the database that is away."""
    if code in _CAUSES or code.startswith(_GOING):
        return False
    away = isinstance(error, OperationalError | InterfaceError)
    return not away or code.startswith(_TOO_LARGE)


def primary(error: BaseException | None) -> str:
    """The first line of PostgreSQL's message; those after it quote what was to be written."""
    diagnosis = getattr(error, "diag", None)
    text = getattr(diagnosis, "message_primary", None) or str(error or "")
    return " ".join(text.split("DETAIL:")[0].split())
