"""Who is meant by a name: somebody who is here, or who may come back."""

from collections.abc import Sequence

from hubbub.errors import BadName, NoSuchUser
from hubbub.hub.core import Core
from hubbub.hub.names import Names
from hubbub.model import user_name
from hubbub.protocol.events import Person
from hubbub.storage.records import UserRecord


class Directory:
    """Finds users by what was typed."""

    def __init__(self, core: Core, names: Names) -> None:
        self._peers = core.peers
        self._log = core.log
        self._users = core.users
        self._clock = core.clock
        self._names = names

    async def find(self, typed: str) -> UserRecord:
        """The user of that name, however it is written. Raises NoSuchUser."""
        nobody = NoSuchUser(f"There is nobody called {typed[:64]!r} here; /who lists who is.")
        try:
            key = user_name(typed.removeprefix("@")).key
        except BadName:
            raise nobody from None
        holder = self._names.holder(key)
        if holder is not None and holder in self._users:
            return self._users[holder].record
        storage = self._log.storage
        record = await self._peers.directory.present_by_name(key)
        if record is None:
            record = await self._log.read(storage.people.name_holder, key, self._clock.now_ms())
        if record is None:
            raise nobody
        return record

    async def people(self, names: Sequence[str]) -> list[Person]:
        """Those of these names, once each. Raises NoSuchUser."""
        found: dict[str, Person] = {}
        for typed in names:
            record = await self.find(typed)
            found[record.id] = Person(record.id, record.name)
        return list(found.values())
