"""Whether the log that a server has is the one that a node knows, or one that went back.

A node knows where the rooms ended that it served, and above all what it committed itself. As the
log is written in one order, a server that has a node's last entry has all that the node committed;
so once every node has compared, nothing is lost that anybody alive was told of.
"""

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from hubbub.storage.changes import Appended, Outcome
from hubbub.storage.records import Behind, Compared
from hubbub.storage.sql import node_queries, queries
from hubbub.storage.sql.rows import json_list

Ends = OrderedDict[int, int]
"""By the ids of rooms the last seq that was committed here, the latest at the end."""

ENDS_ROOMS = 10_000
"""Of how many rooms that is kept, those with the latest entries: what is lost is what came last."""


def lineage(mark: str) -> str:
    """The system and the timeline of a server's mark; empty where it does not tell them."""
    return mark.partition("@")[0]


def system(lineage: str) -> str:
    """The system alone, which stays the same when its standby takes over."""
    return lineage.partition(".")[0]


def note_ends(ends: Ends, outcomes: Sequence[Outcome]) -> None:
    """Takes note of what a commit has appended."""
    for outcome in outcomes:
        if isinstance(outcome, Appended):
            ends[outcome.room_id] = outcome.event.seq
            ends.move_to_end(outcome.room_id)
    while len(ends) > ENDS_ROOMS:
        ends.popitem(last=False)


def merged(served: Mapping[int, int], ends: Ends) -> dict[int, int]:
    """The later end of each room."""
    known = dict(served)
    for room_id, last in ends.items():
        known[room_id] = max(last, known.get(room_id, 0))
    return known


def compare(
    connection: Connection,
    node: str,
    mark: str,
    epoch: str,
    known: Mapping[int, int],
    *,
    another: bool,
) -> Compared:
    """See SharedStorage; in the transaction of the connection."""
    found = connection.scalar(node_queries.LOCK_EPOCH)
    behind: list[Behind] = []
    if found == epoch:
        values = {"room_ids": json_list([str(room_id) for room_id in known])}
        has = {
            room_id: (name, last)
            for room_id, name, last, _ in connection.execute(node_queries.PLACES, values)
        }
        for room_id, last in known.items():
            name, there = has.get(room_id, ("", 0))
            if there < last:
                behind.append(Behind(room_id, name, last, there))
    if found is None or behind:
        found = new_epoch(connection)
    if lineage(mark):
        _save(connection, "lineage", lineage(mark))
    connection.execute(node_queries.COMPARED, {"node": node, "mark": mark})
    waiting = connection.scalars(node_queries.NOT_COMPARED, {"node": node, "mark": mark})
    return Compared(mark, another, found, tuple(behind), tuple(waiting))


def new_epoch(connection: Connection) -> str:
    """Gives the log another epoch; every node finds that in its next commit or look.

    What nodes knew before, and have not compared, is of no account any more.
    """
    epoch = secrets.token_hex(8)
    _save(connection, "epoch", epoch)
    connection.execute(node_queries.NONE_COMPARED)
    return epoch


def _save(connection: Connection, key: str, value: str) -> None:
    saved = queries.SAVE_META.of(connection.dialect)
    connection.execute(saved, [{"key": key, "value": value}])
