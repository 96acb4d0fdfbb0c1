"""Searches: run apart from what people wait for, each within its time, and only so many at once.

A search looks at a room's log part by part, from its end. The parts of all searches take turns, so
that a long one holds up no short one, and one whose time is over answers with what it found, and
where to go on.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from hubbub.errors import OutOfTime, RateLimited, Unavailable
from hubbub.hub.core import Core
from hubbub.hub.rooms.registry import Rooms
from hubbub.hub.state.room import Room, Session, User
from hubbub.protocol.events import Message
from hubbub.storage.interface import SEARCHED, Budget
from hubbub.storage.records import SearchPage

RETRY_S = 1.0
# The first part is small, for nobody knows yet how long texts are there; those that follow take
# about as long as others may wait for their turn.
FIRST_ENTRIES, MOST_ENTRIES = 128, 50_000
SHORT_S, LONG_S = 0.02, 0.1


class Searches:
    """What people search for at this moment."""

    def __init__(self, core: Core, rooms: Rooms) -> None:
        self._log = core.log
        self._limits = core.limits
        self._rates = core.rates
        self._rooms = rooms
        self.running = 0

    async def find(
        self, session: Session, user: User, typed: str, text: str, before: int | None, limit: int
    ) -> SearchPage:
        """Messages of a room that have a text in them, for one of its members.

        Raises RateLimited, Unavailable where there are too many already.
        """
        room = await self._rooms.open_for(session, typed)
        budget = Budget(self._limits.search_timeout_s)
        with self._place(session, user), session.until_gone(budget.call_off):
            return await self._find(room, text, before, limit, budget)

    async def _find(
        self, room: Room, text: str, before: int | None, limit: int, budget: Budget
    ) -> SearchPage:
        found: list[Message] = []
        mark, left, entries = before, SEARCHED, FIRST_ENTRIES
        while left > 0 and len(found) < limit and not budget.over:
            had_s = budget.left_s
            try:
                page = await self._log.search(
                    self._log.storage.log.search,
                    room.name,
                    text,
                    room_id=room.meant,
                    before=mark,
                    limit=limit - len(found),
                    entries=min(entries, left),
                    budget=budget,
                )
            except OutOfTime as late:
                if mark == before:
                    raise self._got_nowhere() from late
                break
            found += page.events
            mark, left = page.next, left - entries
            if mark is None:
                break
            entries = _next_entries(entries, had_s - budget.left_s)
        return SearchPage(tuple(found), mark)

    def _got_nowhere(self) -> Unavailable:
        limit_s = self._limits.search_timeout_s
        return Unavailable(
            f"The search got nowhere in {limit_s:g} s, for the server is slow just now; try again.",
            retry_after=RETRY_S,
        )

    @contextmanager
    def _place(self, session: Session, user: User) -> Iterator[None]:
        """A place among those who search. Raises RateLimited, Unavailable."""
        limits, address = self._limits, session.address
        if self._rates.on:
            _check(user.searches, limits.searches_per_user, "You have", "one person")
            of_address = limits.searches_per_address
            _check(address.searches, of_address, "Your address has", "one address")
        if self.running >= limits.searches:
            raise Unavailable(
                f"{self.running} searches are running, the most at once; try again in a moment.",
                retry_after=RETRY_S,
            )
        self.running += 1
        user.searches += 1
        address.searches += 1
        try:
            yield
        finally:
            self.running -= 1
            user.searches -= 1
            address.searches -= 1


def _check(running: int, most: int, whose: str, whom: str) -> None:
    if running >= most:
        raise RateLimited(
            f"{whose} searches running already, the most for {whom} ({most}); wait for an answer.",
            retry_after=RETRY_S,
        )


def _next_entries(entries: int, took_s: float) -> int:
    if took_s < SHORT_S:
        return min(entries * 4, MOST_ENTRIES)
    return max(entries // 2, FIRST_ENTRIES) if took_s > LONG_S else entries
