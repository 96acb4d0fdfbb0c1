"""Who is meant by a name: somebody who is here, or who may come back."""

from collections.abc import Mapping, Sequence

from hubbub.errors import BadName, NoSuchUser
from hubbub.hub.clock import Clock
from hubbub.hub.flow.log import Log
from hubbub.hub.names import Names
from hubbub.hub.peers import Others
from hubbub.hub.state.session import User
from hubbub.model import user_name
from hubbub.protocol.events import Person
from hubbub.storage.records import UserRecord


class Directory:
    """Finds users by what was typed."""

    def __init__(
        self, log: Log, names: Names, users: Mapping[str, User], clock: Clock, others: Others
    ) -> None:
        self._others = others
        self._log = log
        self._names = names
        self._users = users
        self._clock = clock

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
        record = await self._others.present_by_name(key)
        if record is None:
            record = await self._log.read(storage.name_holder, key, self._clock.now_ms())
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
