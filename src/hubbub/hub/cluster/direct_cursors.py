"""How far a node's people have been served in direct conversations that it does not hold in memory.

A room with people in it is in memory, with its `last`. A direct one has its people wherever they
are, and is in memory only while something is said; this is what it would have to be told otherwise.
"""

from collections.abc import Iterable, Mapping

from hubbub.hub.state.room import Room, User


class _Cursor:
    __slots__ = ("last", "users")

    def __init__(self, last: int) -> None:
        self.last = last
        self.users: set[str] = set()


class DirectCursors:
    """The direct rooms of the users of this node."""

    def __init__(self) -> None:
        self._cursors: dict[str, _Cursor] = {}
        self._of_user: dict[str, set[str]] = {}

    def expect(self, user_id: str, positions: Mapping[str, int]) -> None:
        """A user comes, who knows of everything up to these seqs."""
        for room, last in positions.items():
            self._note(room, last, user_id)

    def forget(self, user_id: str) -> None:
        """The user has gone."""
        for room in self._of_user.pop(user_id, ()):
            cursor = self._cursors[room]
            cursor.users.discard(user_id)
            if not cursor.users:
                del self._cursors[room]

    def serve(self, room: Room, users: Mapping[str, User]) -> None:
        """Those of a room's people who are here have been served up to its end."""
        here = (person.id for person in room.participants if person.id in users)
        self.served(room.name, room.last, here)

    def served(self, room: str, last: int, user_ids: Iterable[str]) -> None:
        """Those of a room's users who are here have been served up to a seq."""
        for user_id in user_ids:
            self._note(room, last, user_id)
        cursor = self._cursors.get(room)
        if cursor is not None:
            cursor.last = max(cursor.last, last)

    def last(self, room: str) -> int | None:
        """Up to where they have been served, if one of its users is here."""
        cursor = self._cursors.get(room)
        return None if cursor is None else cursor.last

    def _note(self, room: str, last: int, user_id: str) -> None:
        cursor = self._cursors.get(room)
        if cursor is None:
            cursor = self._cursors[room] = _Cursor(last)
        cursor.users.add(user_id)
        self._of_user.setdefault(user_id, set()).add(room)
