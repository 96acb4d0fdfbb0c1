"""Whether the log that a server has is the one that a node knows, or one that went back.

A node knows where the rooms ended that it served, and above all what it committed itself. As the
log is written in one order, a server that has a node's last entry has all that the node committed;
so once every node has compared, nothing is lost that anybody alive was told of.
"""

import secrets
from collections.abc import Mapping

from sqlalchemy import BigInteger, Connection, Text, bindparam, cast, select, update

from hubbub.storage.records import Behind, Compared
from hubbub.storage.sql.dialects import ClockMs, json_list, listed
from hubbub.storage.sql.meta import EPOCH, KNOWN_EPOCH, save_meta
from hubbub.storage.sql.schema import nodes, rooms

# One node after the other: the first that knows better gives the log its new epoch.
LOCK_EPOCH = EPOCH.with_for_update()
COMPARED = (
    update(nodes)
    .where(nodes.c.id == bindparam("node"))
    .values(server=bindparam("mark", type_=Text()), seen_ms=ClockMs())
)
# A node of the release before compares nothing.
NOT_COMPARED = (
    select(nodes.c.id)
    .where(
        nodes.c.id != bindparam("node"),
        nodes.c.server != bindparam("mark", type_=Text()),
        nodes.c.server != "",
    )
    .order_by(nodes.c.id)
)
NONE_COMPARED = update(nodes).values(server="")
_room_ids = listed("room_ids")
PLACES = select(rooms.c.id, rooms.c.name, rooms.c.last_seq, KNOWN_EPOCH).where(
    rooms.c.id.in_(select(cast(_room_ids.c.value, BigInteger)))
)


def lineage(mark: str) -> str:
    """The system and the timeline of a server's mark; empty where it does not tell them."""
    return mark.partition("@")[0]


def system(lineage: str) -> str:
    """The system alone, which stays the same when its standby takes over."""
    return lineage.partition(".")[0]


def compare(
    connection: Connection,
    node: str,
    mark: str,
    epoch: str,
    known: Mapping[int, int],
    *,
    another: bool,
) -> Compared:
    """See Nodes; in the transaction of the connection."""
    found = connection.scalar(LOCK_EPOCH)
    behind: list[Behind] = []
    if found == epoch:
        values = {"room_ids": json_list([str(room_id) for room_id in known])}
        has = {
            room_id: (name, last) for room_id, name, last, _ in connection.execute(PLACES, values)
        }
        for room_id, last in known.items():
            name, there = has.get(room_id, ("", 0))
            if there < last:
                behind.append(Behind(room_id, name, last, there))
    if found is None or behind:
        found = new_epoch(connection)
    if lineage(mark):
        save_meta(connection, "lineage", lineage(mark))
    connection.execute(COMPARED, {"node": node, "mark": mark})
    waiting = connection.scalars(NOT_COMPARED, {"node": node, "mark": mark})
    return Compared(mark, another, found, tuple(behind), tuple(waiting))


def new_epoch(connection: Connection) -> str:
    """Gives the log another epoch; every node finds that in its next commit or look.

    What nodes knew before, and have not compared, is of no account any more.
    """
    epoch = secrets.token_hex(8)
    save_meta(connection, "epoch", epoch)
    connection.execute(NONE_COMPARED)
    return epoch
