"""Values that every floor shares: kinds, roles, and the rules for names (docs/protocol.md)."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from precis_i18n import get_profile

from hubbub.errors import BadName

USER_NAME_CHARS = 32
ROOM_NAME_CHARS = 64
DELETED_USER = "deleted user"
"""Under which name stands what somebody said whose account was deleted; nobody can have it."""
PRIVATE = "+"
"""The first character of a private room's name."""

_SHOWN = get_profile("UsernameCasePreserved")
_COMPARED = get_profile("UsernameCaseMapped")
_RESERVED = re.compile(r"user\d+")


class UserKind(StrEnum):
    """What stands behind a user: nobody known, an account, or a program's account."""

    GUEST = "guest"
    MEMBER = "member"
    BOT = "bot"


class RoomKind(StrEnum):
    """Who may find and enter a room."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


class NotifyLevel(StrEnum):
    """What of a room is pushed to somebody who has no client open."""

    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"


class Role(StrEnum):
    """What a user may do, on the server or in one room."""

    OWNER = "owner"
    ADMIN = "admin"
    MODERATOR = "moderator"
    MEMBER = "member"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Name:
    """A user's name as it is shown, and the key by which it is compared (RFC 8265)."""

    shown: str
    key: str

    @property
    def reserved(self) -> bool:
        """Whether the name belongs to the automatic ones, `user` followed by digits."""
        return _RESERVED.fullmatch(self.key) is not None


@lru_cache(maxsize=8192)
def user_name(typed: str) -> Name:
    """The name that a person typed, checked.

    Raises BadName. Shown by RFC 8265 UsernameCasePreserved, compared by UsernameCaseMapped.
    """
    shown, key = _enforce(typed, USER_NAME_CHARS, "name")
    return Name(shown, key)


@lru_cache(maxsize=8192)
def room_name(typed: str) -> str:
    """The room that a person typed, in its compared form, which is the only one. Raises BadName.

    The names of private rooms begin with `+`.
    """
    if typed.startswith(PRIVATE):
        return PRIVATE + _enforce(typed[1:], ROOM_NAME_CHARS - 1, "room name")[1]
    return _enforce(typed.removeprefix("#"), ROOM_NAME_CHARS, "room name")[1]


def private_name(title: str, mark: str) -> str:
    """The name of a private room that people call `title`; `mark` makes it the only one.

    Two rooms may have one title, so that nobody can find out what titles there are by taking them.
    """
    return f"{PRIVATE}{room_name(title)[: ROOM_NAME_CHARS - len(mark) - 2].rstrip('_.-')}-{mark}"


def room_title(name: str) -> str:
    """What people call a room: a private one's name without its sign and its mark."""
    return name[1:].rpartition("-")[0] if name.startswith(PRIVATE) else name


def _enforce(typed: str, limit_chars: int, what: str) -> tuple[str, str]:
    quoted = repr(typed if len(typed) <= 40 else typed[:40] + "…")
    if not typed:
        raise BadName(f"The {what} is empty; take 1 to {limit_chars} letters and digits.")
    # Before the profile runs, so that a megabyte of name costs nothing.
    if len(typed) > limit_chars * 4:
        raise BadName(f"The {what} {quoted} is longer than {limit_chars} characters.")
    try:
        shown, key = _SHOWN.enforce(typed), _COMPARED.enforce(typed)
    except UnicodeError:
        raise BadName(_rule(what, quoted, limit_chars)) from None
    if len(shown) > limit_chars or len(key) > limit_chars:
        raise BadName(f"The {what} {quoted} is longer than {limit_chars} characters.")
    for name in (shown, key):
        if not _is_word(name[0]) or not (_is_word(name[-1]) or _is_mark(name[-1])):
            raise BadName(_rule(what, quoted, limit_chars))
        if not all(_is_word(c) or _is_mark(c) or c in "_.-" for c in name):
            raise BadName(_rule(what, quoted, limit_chars))
    return shown, key


def _is_word(char: str) -> bool:
    return unicodedata.category(char) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"}


def _is_mark(char: str) -> bool:
    # Vowel signs and the like: without them names in Devanagari or Thai could not be written.
    return unicodedata.category(char) in {"Mn", "Mc"}


def _rule(what: str, quoted: str, limit_chars: int) -> str:
    return (
        f"The {what} {quoted} cannot be used: take 1 to {limit_chars} letters and digits, "
        "with _ . or - inside."
    )


def with_article(word: str) -> str:
    """`a member`, `an owner`."""
    return f"{'an' if word[0] in 'aeio' else 'a'} {word}"


def format_instant(at_ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339 in UTC with milliseconds, `2026-01-31T12:00:00.000Z`."""
    instant = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def parse_instant(text: str) -> int:
    """What `format_instant` wrote, in milliseconds since 1970. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    return int(instant.timestamp()) * 1000 + instant.microsecond // 1000
