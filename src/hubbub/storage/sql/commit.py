"""One transaction for any number of changes: the rooms are held, the instant is given, all is
written, and it is tried again where another process was quicker.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from hubbub.errors import LogChanged, NodeLost
from hubbub.protocol.events import Message
from hubbub.storage.changes import AppendMessage, Change, NameUsed, Outcome
from hubbub.storage.concerns import Concern, concerns
from hubbub.storage.sql import queries
from hubbub.storage.sql.batch import Batch, Nonce
from hubbub.storage.sql.batch_rooms import BatchRooms
from hubbub.storage.sql.driver import Driver, lost_race
from hubbub.storage.sql.entries import log_event
from hubbub.storage.sql.members import Members
from hubbub.storage.sql.node_queries import CLOCK, FENCE
from hubbub.storage.sql.nodes import Nodes
from hubbub.storage.sql.rows import json_list

ATTEMPTS = 4


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
    rows = driver.read(queries.NONCES, {"pairs": json_list(pairs)})
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
    members = Members.among(driver, rooms, changes)
    # Only now: whoever waited for a room comes after the one before, also by the clock.
    at_ms = _fenced(driver, by, now_ms)
    batch = Batch(rooms, said, at_ms, Nodes(by.node), members)
    outcomes = [batch.take(place, change) for place, change in enumerate(changes)]
    for place in batch.write(driver):
        outcomes[place] = NameUsed()
    if rooms.made:
        outcomes = list(batch.identified(outcomes))
    made = zip(changes, outcomes, strict=True)
    if by.shared and any(concerns(*each) is Concern.LOOK for each in made):
        # Last, because every node that has such a change waits here for the one before.
        driver.write(queries.COUNT_CHANGES, [{}])
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
