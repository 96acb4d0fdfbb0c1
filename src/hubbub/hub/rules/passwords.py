"""Passwords: what may be one, and how they are kept (argon2id, RFC 9106)."""

import asyncio
import timeit
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from precis_i18n import get_profile
from structlog import get_logger

from hubbub.errors import BadRequest, Unavailable
from hubbub.hub.rules.rates import AddressRates
from hubbub.hub.rules.turns import Piece, Turns, settle
from hubbub.model import UserKind

if TYPE_CHECKING:
    from argon2 import Parameters, PasswordHasher

PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX = 8, 128
WAITING = 200
"""Passwords that may wait to be checked, of members who are here and of everybody else each."""
AIM_MS = 50.0
"""What the check of a password may cost of a core."""
COSTS = ((19_456, 2), (32_768, 2), (65_536, 2), (65_536, 4), (65_536, 8))
"""KiB and passes of argon2id on one lane; each costs about twice the one before. The first is the
least that OWASP calls enough."""
MEASURED = 3

T = TypeVar("T")
log = get_logger(__name__)
_OPAQUE = get_profile("OpaqueString")


class Known(Protocol):
    """A user, as far as passwords know one."""

    @property
    def kind(self) -> UserKind:
        """Whether it is a guest."""
        ...


class Asker(Protocol):
    """A connection, as far as passwords know one."""

    @property
    def address(self) -> AddressRates:
        """Where it comes from."""
        ...

    @property
    def user(self) -> Known | None:
        """Whose it is, if anybody's by now."""
        ...


class Passwords:
    """Hashes and checks passwords, one after the other, in a thread of its own.

    Members who are here go first, since whoever they are is known. Everybody else has turns by
    address: however much comes from one, another waits for one check of it and no more.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hubbub-password")
        self._members = Turns()
        self._strangers = Turns()
        self._at_work = False
        self._usual: str | None = None
        self._stated = False

    async def hash(self, password: str, asker: Asker) -> str:
        """A new password in PHC form. Raises BadRequest where it may be none, Unavailable."""
        return await self._run(partial(hash_password, password), asker)

    async def fits(self, password: str, kept: str | None, asker: Asker) -> bool:
        """Whether that is the password. Without one it takes as long, and is not. Unavailable."""
        if kept is not None:
            self._usual = kept
        return await self._run(partial(_fits, password, kept, self._usual), asker)

    def outdated(self, kept: str) -> bool:
        """Whether a hash was made with weaker parameters than are used now."""
        from argon2 import extract_parameters

        return _work(extract_parameters(kept)) < _work(_hasher())

    async def _run(self, work: Callable[[], T], asker: Asker) -> T:
        member = asker.user is not None and asker.user.kind is not UserKind.GUEST
        turns = self._members if member else self._strangers
        piece = Piece(partial(self._at_stated_cost, work))
        given_way = turns.add(asker.address.key, piece, WAITING)
        if given_way is not None and not given_way.done.done():
            given_way.done.set_exception(
                Unavailable("Too many people sign in at this moment.", retry_after=2.0)
            )
        self._go_on()
        return cast("T", await piece.done)

    def _go_on(self) -> None:
        if self._at_work:
            return
        piece = self._members.next() or self._strangers.next()
        if piece is None:
            return
        self._at_work = True
        work = asyncio.get_running_loop().run_in_executor(self._thread, piece.call)
        work.add_done_callback(partial(self._done, piece))

    def _done(self, piece: Piece, work: asyncio.Future[object]) -> None:
        self._at_work = False
        settle(piece.done, work)
        if not work.cancelled():
            self._go_on()

    def _at_stated_cost(self, work: Callable[[], T]) -> T:
        if not self._stated:
            self._stated = True
            kib, passes, ms = _cost()
            log.info("passwords cost", kib=kib, passes=passes, ms=round(ms))
        return work()

    def close(self) -> None:
        """Lets the thread end; nobody waits for what it does."""
        for turns in (self._members, self._strangers):
            while (piece := turns.next()) is not None:
                piece.done.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)


def checked(password: str) -> str:
    """A password as it is compared (RFC 8265, OpaqueString). Raises BadRequest."""
    found = _compared(password)
    if found is None:
        raise BadRequest("The password has characters that none may have; take another.")
    if not PASSWORD_CHARS_MIN <= len(found) <= PASSWORD_CHARS_MAX:
        raise BadRequest(
            f"A password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters; "
            "a few words are better than one."
        )
    return found


def _compared(password: str) -> str | None:
    if len(password) > PASSWORD_CHARS_MAX * 4:
        return ""
    try:
        return str(_OPAQUE.enforce(password.strip()))
    except UnicodeError:
        return None


@lru_cache(maxsize=1)
def _cost() -> tuple[int, int, float]:
    """KiB, passes, and how long they are expected to take, in ms."""
    # Loaded and measured by the first who signs in, not at the start.
    least = _of_cost(*COSTS[0])
    least_ms = min(timeit.repeat(partial(least.hash, "measured"), number=1, repeat=MEASURED)) * 1e3
    kib, passes = cost_for(least_ms)
    return kib, passes, least_ms * kib * passes / _work(least)


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    kib, passes, _ = _cost()
    return _of_cost(kib, passes)


def cost_for(least_ms: float) -> tuple[int, int]:
    """The KiB and passes that stay within `AIM_MS` where the least of `COSTS` takes that long.

    A few steps and nothing between them, so that two measurements agree but for a factor of two.
    """
    least = COSTS[0][0] * COSTS[0][1]
    fitting = [cost for cost in COSTS if least_ms * cost[0] * cost[1] / least <= AIM_MS]
    return fitting[-1] if fitting else COSTS[0]


def _of_cost(kib: int, passes: int) -> "PasswordHasher":
    from argon2 import PasswordHasher

    # One lane: more would take the loop's core too.
    return PasswordHasher(time_cost=passes, memory_cost=kib, parallelism=1)


def _work(parameters: "PasswordHasher | Parameters") -> int:
    return parameters.memory_cost * parameters.time_cost


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher().hash("a password that nobody has")


def _like(kept: str) -> str:
    """A hash that nobody's password fits and that costs what this one does."""
    return kept.rpartition("$")[0] + "$" + "A" * len(kept.rpartition("$")[2])


def hash_password(password: str) -> str:
    """A password in PHC form. Raises BadRequest where it may be none."""
    return _hasher().hash(checked(password))


def _fits(password: str, kept: str | None, usual: str | None) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    # What members have may cost otherwise than what is made now: the decoy costs what they do.
    decoy = _decoy() if usual is None else _like(usual)
    try:
        # What is no password costs as much as a wrong one.
        _hasher().verify(kept or decoy, _compared(password) or "none")
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None
