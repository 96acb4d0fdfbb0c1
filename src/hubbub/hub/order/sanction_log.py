"""Bans and mutes as the log has them: read into memory, laid and lifted."""

from collections.abc import Sequence
from dataclasses import replace

from hubbub.hub.core import Core
from hubbub.hub.state.room import Room
from hubbub.hub.state.sanctions import Sanctions
from hubbub.storage.changes import Change, EndSanction, SaveSanction
from hubbub.storage.records import Sanction


class SanctionLog:
    """Keeps those in memory and those in the log alike."""

    def __init__(self, core: Core, sanctions: Sanctions) -> None:
        self._log = core.log
        self._committer = core.committer
        self._clock = core.clock
        self._sanctions = sanctions

    async def load(self) -> None:
        """Reads them all; also again, where another process may have changed them.

        Raises StorageError.
        """
        while True:
            version = self._sanctions.version
            found = await self._log.read(self._log.storage.order.sanctions, self._clock.now_ms())
            # What was laid or lifted meanwhile may be missing in what was read.
            if version == self._sanctions.version:
                self._sanctions.replace(found)
                return

    async def lay(
        self, entries: Sequence[Sanction], *others: Change, room: Room | None = None
    ) -> None:
        """Makes sanctions that belong to one act, with what else it changes.

        Raises Forbidden at the bound, Unavailable.
        """
        self._sanctions.check_bounds(entries)
        await self._committer.outcomes(*(SaveSanction(entry) for entry in entries), *others)
        if room is not None:
            # It may have got another name meanwhile, under which the log has them.
            entries = [replace(entry, room=room.name) for entry in entries]
        self._sanctions.add(entries)

    async def lift(self, entries: Sequence[Sanction], *others: Change) -> None:
        """Ends sanctions. Raises Unavailable."""
        await self._committer.outcomes(*(EndSanction(entry.key) for entry in entries), *others)
        self._sanctions.remove(entries)
