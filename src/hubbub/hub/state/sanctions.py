"""The bans and mutes that hold, and whom they are for.

All of them are in memory, `SANCTIONS` at most; the log has them for the next start.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from hubbub.errors import Banned, Forbidden, Muted
from hubbub.hub.ports import Clock
from hubbub.hub.rules.addresses import is_somebodys
from hubbub.hub.state.room import Room, Session, User
from hubbub.model import UserKind, format_instant, room_title
from hubbub.storage.records import Against, Sanction, SanctionKey, SanctionKind

SANCTIONS, ROOM_SANCTIONS, ROOMS_SANCTIONS = 10_000, 200, 50_000
"""How many bans and mutes there may be on the server, in one room, and in all rooms together."""
EVERYWHERE = ""

Subject = tuple[Against, str]


class Sanctions:
    """Asked at the door, and before somebody says something."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all: dict[SanctionKey, Sanction] = {}
        self.version = 0
        """Counts what was laid and lifted: what was read before an earlier one may lack it."""
        self._muted: set[str] = set()
        self.any_mutes = False

    def replace(self, entries: Iterable[Sanction]) -> None:
        """Takes all that hold, as they were read."""
        self._set({entry.key: entry for entry in entries})

    def add(self, entries: Iterable[Sanction]) -> None:
        """Takes what was laid."""
        self._set(self._all | {entry.key: entry for entry in entries})

    def remove(self, entries: Iterable[Sanction]) -> None:
        """Lets go of what was lifted."""
        ended = {entry.key for entry in entries}
        self._set({key: entry for key, entry in self._all.items() if key not in ended})

    def _set(self, entries: dict[SanctionKey, Sanction]) -> None:
        self.version += 1
        self._all = entries
        mutes = [entry for entry in entries.values() if entry.kind is SanctionKind.MUTE]
        self.any_mutes = bool(mutes)
        self._muted = {entry.subject for entry in mutes}

    def check_bounds(self, entries: Sequence[Sanction]) -> None:
        """Raises Forbidden where there would be too many."""
        self._forget_ended()
        # Whoever fills a room of their own with mutes keeps nobody else from laying one.
        place = entries[0].room
        here = sum(entry.room == place for entry in self._all.values())
        if place == EVERYWHERE:
            most, what = SANCTIONS, "bans and mutes of the server"
        else:
            most, what = ROOM_SANCTIONS, "mutes in one room"
        elsewhere = sum(entry.room != EVERYWHERE for entry in self._all.values())
        if here + len(entries) > most or (place and elsewhere >= ROOMS_SANCTIONS):
            raise Forbidden(f"There may be {most} {what}; lift some first: /bans")

    def rename(self, was: str, name: str) -> None:
        """Follows a room to its new name, as the log does."""
        kept = (entry for entry in self._all.values() if entry.room != name)
        moved = (replace(e, room=name) if e.room == was else e for e in kept)
        self._set({entry.key: entry for entry in moved})

    def holding(self, kind: SanctionKind | None = None, room: str | None = None) -> list[Sanction]:
        """Those that hold, the newest first: of one kind, of one room, or all."""
        self._forget_ended()
        found = [
            entry
            for entry in self._all.values()
            if kind in (None, entry.kind) and room in (None, entry.room)
        ]
        return sorted(found, key=lambda entry: -entry.at_ms)

    def on(self, kind: SanctionKind, room: str, subjects: Sequence[Subject]) -> Sanction | None:
        """The one that holds against one of these."""
        now_ms = self._clock.now_ms()
        for against, subject in subjects:
            found = self._all.get((kind, room, against, subject))
            if found is not None and (found.ends_ms is None or found.ends_ms > now_ms):
                return found
        return None

    def check_door(self, session: Session, user: User) -> None:
        """Raises Banned for one who may not come in."""
        subjects = tuple(subjects_of(user, [session.address.key]))
        found = self.on(SanctionKind.BAN, EVERYWHERE, subjects)
        if found is not None:
            raise Banned(self.sentence(found))

    def check_newcomer(self, session: Session, key: str) -> None:
        """Raises Banned for a name, or an address, that nobody new may come in with."""
        subjects = ((Against.NAME, key), (Against.ADDRESS, session.address.key))
        found = self.on(SanctionKind.BAN, EVERYWHERE, subjects)
        if found is not None:
            raise Banned(self.sentence(found))

    def check_registration(self, session: Session) -> None:
        """Raises Muted where somebody who is muted would come back as another one."""
        by = (Against.ADDRESS, session.address.key)
        places = {entry.room for entry in self._all.values() if entry.kind is SanctionKind.MUTE}
        found = (self.on(SanctionKind.MUTE, place, [by]) for place in places)
        if session.address.key in self._muted and any(found):
            raise Muted("Nobody registers from here while somebody from here is muted.")

    def check_speech(self, session: Session, user: User, room: Room) -> None:
        """Raises Muted for one who may not say anything there for now."""
        if user.kind is not UserKind.GUEST and user.id not in self._muted:
            return
        subjects = tuple(subjects_of(user, [session.address.key]))
        found = self.on(SanctionKind.MUTE, EVERYWHERE, subjects)
        if found is None and not room.direct:
            found = self.on(SanctionKind.MUTE, room.name, subjects)
        if found is not None:
            wait_s = None
            if found.ends_ms is not None:
                wait_s = max(0.0, (found.ends_ms - self._clock.now_ms()) / 1000)
            raise Muted(self.sentence(found), retry_after=wait_s)

    def sentence(self, entry: Sanction) -> str:
        """What somebody is told of it."""
        what = "banned" if entry.kind is SanctionKind.BAN else "muted"
        where = f" in {room_title(entry.room)}" if entry.room else ""
        until = "" if entry.ends_ms is None else f" until {instant(entry.ends_ms)}"
        return f"You are {what}{where}{until}{f': {entry.reason}' if entry.reason else '.'}"

    def _forget_ended(self) -> None:
        now_ms = self._clock.now_ms()
        ended = [e.key for e in self._all.values() if e.ends_ms is not None and e.ends_ms <= now_ms]
        if ended:
            self._set({key: entry for key, entry in self._all.items() if key not in ended})


def subjects_of(user: User, addresses: Sequence[str]) -> Iterator[Subject]:
    """By what somebody is known who comes in or says something.

    An account is itself wherever it comes from; a guest, who could be another one in a moment, is
    its name and its address too. The own machine's address is everybody's.
    """
    return subjects_against(user, addresses if user.kind is UserKind.GUEST else ())


def subjects_against(user: User, addresses: Sequence[str]) -> Iterator[Subject]:
    """By what a sanction is laid on somebody: a member's address keeps out new guests from there,
    of whom the member could be the next.
    """
    yield Against.USER, user.id
    if user.kind is UserKind.GUEST:
        yield Against.NAME, user.name.key
    yield from ((Against.ADDRESS, address) for address in addresses if is_somebodys(address))


def instant(at_ms: int) -> str:
    """An instant as people read it, in UTC."""
    return format_instant(at_ms)[:16].replace("T", " ") + " UTC"
