"""Who is in a room by other nodes than this one; pure."""

from collections.abc import Iterator, Mapping

from hubbub.storage.records import UserRecord


class RemoteUser:
    """Somebody who is in a room by other nodes; some of them are there by this one too."""

    __slots__ = ("away", "nodes", "user")

    def __init__(self, user: UserRecord, *, away: bool) -> None:
        self.user = user
        self.away = away
        self.nodes: set[str] = set()


class RemotePeople(Mapping[str, RemoteUser]):
    """By their ids."""

    __slots__ = ("_users",)

    def __init__(self) -> None:
        self._users: dict[str, RemoteUser] = {}

    def __getitem__(self, user_id: str) -> RemoteUser:
        return self._users[user_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._users)

    def __len__(self) -> int:
        return len(self._users)

    def enter(self, node: str, user: UserRecord, *, away: bool) -> bool:
        """Takes note of somebody on a node, or of what they are called now; True for a new one."""
        known = self._users.get(user.id)
        if known is None:
            known = self._users[user.id] = RemoteUser(user, away=away)
        new = not known.nodes
        known.user, known.away = user, away
        known.nodes.add(node)
        return new

    def leave(self, node: str, user_id: str) -> UserRecord | None:
        """Takes note that they left there; who it was, if they are on no other node any more."""
        known = self._users.get(user_id)
        if known is None:
            return None
        known.nodes.discard(node)
        if known.nodes:
            return None
        del self._users[user_id]
        return known.user
