"""A node of a cluster: its life, and what it consists of.

The log is the truth and the bus the wake-up. What is committed here is published; what is published
elsewhere is delivered here, in the order of the log, and what is missing between is read from it. A
sweep, every few seconds and much more often while the bus is away, finds what no sign told.
"""

import asyncio

from structlog import get_logger

from hubbub.bus.interface import Bus
from hubbub.errors import Refusal, StorageError
from hubbub.hub import signs
from hubbub.hub.cluster.agreement import NodeAgreement
from hubbub.hub.cluster.backfill import Backfill
from hubbub.hub.cluster.context import NodeContext
from hubbub.hub.cluster.direct_cursors import DirectCursors
from hubbub.hub.cluster.inbound import Inbound
from hubbub.hub.cluster.lease import AGAIN_S, Lease
from hubbub.hub.cluster.outbound import Outbound
from hubbub.hub.cluster.people import NodePeople
from hubbub.hub.cluster.rate_sync import take_stock
from hubbub.hub.cluster.roster import Roster
from hubbub.hub.cluster.succession import Succession
from hubbub.hub.cluster.sweep import BLIND_ENDS_S, Sweep
from hubbub.hub.faults import contained
from hubbub.hub.parts import Parts
from hubbub.hub.peers import Peers
from hubbub.hub.people.identity import ANOTHER_LOG
from hubbub.hub.upkeep.outside_changes import OutsideChanges
from hubbub.protocol.close_codes import COME_AGAIN
from hubbub.storage.shared import SharedStorage

log = get_logger(__name__)

SPENT_S = 2.0
LEASES = 2.0
"""A lease, a third of it until another node looks, and time for one that finds the log busy."""


class Node:
    """This server among others; `peers` is how the hub sees them."""

    def __init__(self, storage: SharedStorage, bus: Bus, *, lease_s: float) -> None:
        self._context = context = NodeContext(storage, bus, lease_s)
        self._bus = bus
        cursors = DirectCursors()
        self._roster = Roster(context)
        self._lease = Lease(context, self._let_go, self._bury)
        self._outbound = Outbound(context, cursors)
        backfill = Backfill(context, cursors)
        people = NodePeople(context, cursors, self._roster)
        self._inbound = Inbound(context, cursors, self._roster, people, backfill)
        self._sweep = Sweep(context, self._lease, backfill, self._roster, cursors)
        self.peers = Peers(
            shared=True,
            sure_after_s=LEASES * lease_s,
            signals=self._outbound,
            directory=people,
            attendance=people,
            agreement=NodeAgreement(context, backfill),
            rooms=self._inbound.loading,
        )

    @property
    def id(self) -> str:
        """By what the others know this node."""
        return self._context.node

    async def start(self, parts: Parts, outside_changes: OutsideChanges) -> None:
        """Begins to be one of several. Raises StorageError, StartError."""
        self._context.parts = parts
        self._context.outside_changes = outside_changes
        succession = Succession(self._context, self._begin_anew, self._tell_to_compare)
        self._context.compare = succession.look
        self._context.storage.nodes.watch(succession.look)
        await self._lease.join()
        # From now on: a bus that is away takes seconds of its own.
        self._context.begin(self._lease.keep())
        self._context.begin(succession.run())
        await self._bus.start(self._inbound.heard, self._context.look_soon.set)
        self._bus.subscribe(signs.EVERYONE)
        await self._bus.settle()
        self._context.begin(self._sweep.run())
        if parts.rates.on:
            self._context.begin(self._tell_spent())

    async def stop(self) -> None:
        """Ends it, after the last commit."""
        await self._context.end()
        await self._lease.leave()
        self._outbound.tell(signs.NodeEnded(ended=self.id))
        await self._bus.close()

    def missing(self) -> str | None:
        """What this node needs and has not, as `/readyz` says it; without the bus it serves on."""
        return None if self._lease.held else "this node joins the cluster again"

    def degraded(self) -> str | None:
        """What it lacks and serves on without."""
        if self._bus.connected:
            return None
        return f"there is no bus: other nodes are heard every {BLIND_ENDS_S:g} s"

    def lost(self) -> None:
        """A commit was refused because this node was taken for dead: whoever is here must come in
        again, others may have their names by now.
        """
        self._lease.lose()

    def _let_go(self) -> None:
        self._close_all("this server was away: come in again")
        self._context.begin(self._rejoin())

    def _close_all(self, why: str) -> None:
        parts = self._context.parts
        for user in list(parts.users.values()):
            for session in list(user.sessions):
                with contained("one was not closed"):
                    parts.attendance.end(session, COME_AGAIN, why)

    def _tell_to_compare(self) -> None:
        self._outbound.tell(signs.Compare())

    def _begin_anew(self) -> None:
        """The log has a new epoch: nothing that is known here is of it."""
        self._lease.give_up()
        self._close_all(ANOTHER_LOG)
        self._context.parts.rooms.forget_all()
        self._context.begin(self._join_anew())

    async def _join_anew(self) -> None:
        parts = self._context.parts
        await self._lease.rejoin()
        self._context.look_soon.set()
        self._context.outside_changes.look_soon()
        while True:
            try:
                await parts.rooms.hold(parts.default_room)
            except (StorageError, Refusal) as error:
                log.error("the default room was not read", error=str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _rejoin(self) -> None:
        await self._lease.rejoin()
        self._context.look_soon.set()

    def _bury(self, node: str) -> None:
        self._roster.end(node)
        self._outbound.tell(signs.NodeEnded(ended=node))

    async def _tell_spent(self) -> None:
        parts = self._context.parts
        while True:
            await asyncio.sleep(SPENT_S)
            with contained("what was spent was not told"):
                for tokens in take_stock(parts.rates, parts.users.values()):
                    self._outbound.tell(signs.Spent(tokens))
