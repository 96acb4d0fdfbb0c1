"""Who holds which name: one name has one user, whoever asks first (docs/protocol.md, Names).

Those who are here are known in memory; those who may come back, by a session or an account, are
asked of the storage. In a cluster the storage is asked of both, for all nodes at once.
"""

from hubbub.errors import BadName, NameTaken
from hubbub.hub.flow.log import Log
from hubbub.hub.peers import Peers
from hubbub.hub.ports import Clock
from hubbub.model import Name, user_name
from hubbub.storage.changes import ReleaseName


class Names:
    """The names in use, by their compared form."""

    def __init__(self, log: Log, clock: Clock, peers: Peers) -> None:
        self._peers = peers
        self._log = log
        self._clock = clock
        self._holders: dict[str, str] = {}
        self._counter = 0
        self._held_automatic: set[str] = set()

    async def load(self) -> None:
        """Reads which automatic names are held by sessions from before the start."""
        storage = self._log.storage
        self._held_automatic = await self._log.read(
            storage.people.held_automatic_names, self._clock.now_ms()
        )

    async def next_automatic(self, user_id: str) -> Name:
        """The next `user<number>`, never one that was handed out before; the user holds it.

        Raises StorageError.
        """
        while True:
            number = await self._peers.directory.user_number()
            if number is None:
                number = self._counter
                self._counter += 1
            key = f"user{number}"
            if key not in self._held_automatic and key not in self._holders:
                self._holders[key] = user_id
                return Name(key, key)

    async def claim(self, typed: str, user_id: str) -> Name:
        """Makes the user the holder of a name. Raises BadName, NameTaken, StorageError.

        The user also goes on holding the name it had; `release` ends that.
        """
        name = user_name(typed)
        if name.reserved:
            raise BadName(
                f"{name.shown} is one of the automatic names, user and a number; take another."
            )
        had_it = self._holders.get(name.key) == user_id
        self._take(name, user_id)
        if had_it:
            return name
        try:
            await self._peers.agreement.hold_name(name, user_id)
            if self._peers.shared:
                return name
            holder = await self._log.read(
                self._log.storage.people.name_holder, name.key, self._clock.now_ms()
            )
        except BaseException:
            self.release(name, user_id)
            raise
        if holder is not None and holder.id != user_id:
            self.release(name, user_id)
            raise NameTaken(
                f"The name {name.shown} is kept for someone who may come back; take another. "
                "If it is yours, come by its session, which a client may have, or its password."
            )
        return name

    async def resume(self, name: Name, user_id: str) -> None:
        """Gives a name back to a user whom the storage knows by it. Raises NameTaken."""
        self.keep(name, user_id)
        try:
            await self._peers.agreement.hold_name(name, user_id)
        except BaseException:
            self.release(name, user_id)
            raise

    def keep(self, name: Name, user_id: str) -> None:
        """Makes sure that a user on the way in still holds a name. Raises NameTaken."""
        self._take(name, user_id)

    def follow(self, former: Name, name: Name, user_id: str) -> None:
        """Another node has given a user of this one another name."""
        if self._holders.get(former.key) == user_id:
            del self._holders[former.key]
        self._holders[name.key] = user_id

    def held(self) -> dict[str, str]:
        """The names of those who are here or on the way in, with the users' ids."""
        return dict(self._holders)

    def release(self, name: Name, user_id: str) -> None:
        """Ends that user's hold of a name."""
        if self._holders.get(name.key) == user_id:
            del self._holders[name.key]
            self._peers.attendance.note(ReleaseName(name.key, user_id))

    def holder(self, key: str) -> str | None:
        """The id of the user who is here by that name."""
        return self._holders.get(key)

    def _take(self, name: Name, user_id: str) -> None:
        # No await between the look and the mark: two who ask at once are told apart here.
        if self._holders.get(name.key, user_id) != user_id:
            raise NameTaken(f"The name {name.shown} is taken; take another.")
        self._holders[name.key] = user_id
