"""One transaction for any number of changes: the rooms are held, the instant is given, all is
written, and it is tried again where another process was quicker.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.exc import DBAPIError

from hubbub.errors import LogChanged, NodeLost
from hubbub.protocol.events import Message
from hubbub.storage.changes import AppendMessage, Change, NameUsed, Outcome
from hubbub.storage.concerns import Concern, concerns
from hubbub.storage.sql.batch import Batch, Nonce
from hubbub.storage.sql.dialects import ClockMs, json_list
from hubbub.storage.sql.driver import Driver, lost_race
from hubbub.storage.sql.entries import log_event
from hubbub.storage.sql.log import NONCES
from hubbub.storage.sql.members import BatchMembers
from hubbub.storage.sql.meta import COUNT_CHANGES, KNOWN_EPOCH
from hubbub.storage.sql.presence import BatchPresence
from hubbub.storage.sql.rooms import BatchRooms
from hubbub.storage.sql.schema import nodes

ATTEMPTS = 4

CLOCK = select(ClockMs())
# Whoever takes the node out waits for the commit under way, and it finds no row afterwards. The
# epoch's row is not locked: all commits of all nodes would meet there.
FENCE = (
    select(ClockMs(), KNOWN_EPOCH)
    .select_from(nodes)
    .where(nodes.c.id == bindparam("node"))
    .with_for_update(read=True, key_share=True)
)


@dataclass(frozen=True, slots=True)
class Writer:
    """As whom a log is written: as which node, if any, whether others write it too (`shared`), and
    whether the instants are those of the database's clock (`clocked`). A node writes one epoch.
    """

    node: str = ""
    epoch: str = ""
    shared: bool = False
    clocked: bool = False


def commit(driver: Driver, changes: Sequence[Change], now_ms: int, by: Writer) -> list[Outcome]:
    """Makes all changes in one transaction, or none; see Storage.commit.

    Hardly any nonce was used before, and the index tells when one was: a batch is written without
    asking for its nonces first, and again with what they stand for where that fails. The same goes
    for a room that another process made at the same moment. Raises NodeLost where the writer's node
    was taken out, LogChanged where the log has another epoch than the writer knows.
    """
    for attempt in range(ATTEMPTS):
        try:
            with driver.transaction():
                said = _stored(driver, changes) if attempt else {}
                return _write(driver, changes, now_ms, said, by)
        except DBAPIError as error:
            if attempt == ATTEMPTS - 1 or not lost_race(error):
                raise
    raise AssertionError("the last attempt returns or raises")


def _stored(driver: Driver, changes: Iterable[Change]) -> dict[Nonce, Message]:
    """The messages that stand in the log under nonces of these changes."""
    pairs = list(
        {
            (change.sender.id, change.nonce): None
            for change in changes
            if isinstance(change, AppendMessage) and change.nonce
        }
    )
    if not pairs:
        return {}
    found: dict[Nonce, Message] = {}
    rows = driver.read(NONCES, {"pairs": json_list(pairs)})
    for nonce, room, *entry in rows:
        message = log_event(room, entry)
        assert isinstance(message, Message), "only messages have a nonce"
        found[message.sender.id, nonce] = message
    return found


def _write(
    driver: Driver,
    changes: Sequence[Change],
    now_ms: int,
    said: dict[Nonce, Message],
    by: Writer,
) -> list[Outcome]:
    rooms = BatchRooms.read(driver, changes)
    members = BatchMembers.among(driver, rooms, changes)
    # Only now: whoever waited for a room comes after the one before, also by the clock.
    at_ms = _fenced(driver, by, now_ms)
    batch = Batch(rooms, said, at_ms, BatchPresence(by.node), members)
    outcomes = [batch.take(place, change) for place, change in enumerate(changes)]
    for place in batch.write(driver):
        outcomes[place] = NameUsed()
    if rooms.made:
        outcomes = list(batch.identified(outcomes))
    made = zip(changes, outcomes, strict=True)
    if by.shared and any(concerns(*each) is Concern.LOOK for each in made):
        # Last, because every node that has such a change waits here for the one before.
        driver.write(COUNT_CHANGES, [{}])
    return outcomes


def _fenced(driver: Driver, by: Writer, now_ms: int) -> int:
    """The instant of a commit."""
    if not by.node and not by.clocked:
        return now_ms
    query, values = (FENCE, {"node": by.node}) if by.node else (CLOCK, {})
    row = driver.first(query, values)
    if row is None:
        raise NodeLost(
            f"This server (node {by.node}) was silent for too long, and another one took it out; "
            "nothing was stored. It begins anew by itself."
        )
    if by.node and by.epoch and row[1] != by.epoch:
        raise LogChanged(
            "The log has a new epoch, which another node has given it; nothing was stored. This "
            "server begins anew by itself."
        )
    return int(row[0]) if by.clocked else now_ms
