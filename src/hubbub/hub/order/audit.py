"""The line that an act leaves in the audit log."""

from structlog import get_logger

from hubbub.hub.state.room import Room, User
from hubbub.storage.changes import AppendAudit

log = get_logger(__name__)


def audited(
    act: str,
    by: User,
    whom: str,
    room: Room | None,
    reason: str = "",
    *,
    whom_id: str = "",
) -> AppendAudit:
    """What is written down of an act, in the same commit as the act itself."""
    place = "" if room is None else room.name
    log.info(act, by=by.name.shown, room=place)
    return AppendAudit(act, by.name.shown, whom, place, reason, by.id, whom_id)
