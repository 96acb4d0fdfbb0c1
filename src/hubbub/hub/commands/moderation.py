"""Commands of those who see to it that one can talk in peace."""

from hubbub.errors import BadRequest
from hubbub.hub import reports
from hubbub.hub.commands.table import Call, act, acts, command, room_of
from hubbub.hub.commands.words import Arg, take_apart
from hubbub.hub.state.permissions import Right
from hubbub.hub.state.sanctions import instant
from hubbub.model import Role, room_title, with_article
from hubbub.protocol import requests
from hubbub.storage.records import AuditRecord, Sanction

AUDIT_LINES = 200
EVERYWHERE = Arg("everywhere", "choice", optional=True, choices=("everywhere",))
DURATION = Arg("DURATION", "duration", optional=True)
REASON = Arg("REASON", "text", optional=True)
ROLES = (Role.MEMBER, Role.MODERATOR, Role.ADMIN, Role.OWNER)


@acts(
    "kick",
    "Shows somebody out of this room.",
    Arg("NAME", "person"),
    REASON,
    rights=(Right.KICK,),
    room=True,
)
def _kick(call: Call, name: str, reason: str | None) -> requests.Kick:
    return requests.Kick(room=call.room, name=name, reason=_tidy(reason))


@acts(
    "mute",
    "Takes the word from somebody in this room, or everywhere: /mute bob 10m too loud.",
    Arg("NAME", "person"),
    EVERYWHERE,
    DURATION,
    REASON,
    rights=(Right.MUTE, Right.MUTE_EVERYWHERE),
)
def _mute(
    call: Call, name: str, everywhere: str | None, duration_s: int | None, reason: str | None
) -> requests.Mute:
    room = None if everywhere else call.room
    return requests.Mute(room=room, name=name, duration_s=duration_s, reason=_tidy(reason))


@acts(
    "unmute",
    "Gives somebody the word back.",
    Arg("NAME", "person"),
    EVERYWHERE,
    rights=(Right.MUTE, Right.MUTE_EVERYWHERE),
)
def _unmute(call: Call, name: str, everywhere: str | None) -> requests.Unmute:
    return requests.Unmute(room=None if everywhere else call.room, name=name)


@acts(
    "ban",
    "Shuts somebody out of the server, by name or by address: /ban bob 7d spam.",
    Arg("NAME|ADDRESS", "person"),
    DURATION,
    REASON,
    rights=(Right.BAN,),
)
def _ban(call: Call, name: str, duration_s: int | None, reason: str | None) -> requests.Ban:
    return requests.Ban(name=name, duration_s=duration_s, reason=_tidy(reason))


@acts("unban", "Lets somebody in again.", Arg("NAME|ADDRESS", "text"), rights=(Right.BAN,))
def _unban(call: Call, name: str) -> requests.Unban:
    return requests.Unban(name=name)


@command("bans", "Lists the bans and mutes that hold, those of this room where that is all that "
         "you may see.", rights=(Right.AUDIT, Right.AUDIT_HERE))  # fmt: skip
async def _bans(call: Call) -> str:
    held = await reports.sanctions(call.parts, call.session, call.user, await _scope(call))
    return "\n".join(_shown_sanction(each) for each in held) or "Nobody is banned or muted."


@command(
    "delete",
    "Takes away what you said last, or the message of that number.",
    Arg("NUMBER", "number", optional=True),
    REASON,
    room=True,
)
async def _delete(call: Call) -> str:
    seq, reason = take_apart(call.command, call.rest)
    room = await room_of(call)
    if seq is None:
        if reason is not None:
            raise BadRequest(f"/delete takes a message's number: {call.command.usage}")
        seq = await call.parts.lookups.last_of(room, call.user.id)
    return await act(call, requests.Delete(room=room.name, seq=int(seq), reason=_tidy(reason)))


@command(
    "role",
    "Tells somebody's role, or gives one: on the server, or with `here` in this room.",
    Arg("NAME", "person"),
    Arg("ROLE", "choice", optional=True, choices=ROLES),
    Arg("here", "choice", optional=True, choices=("here",)),
    syntax="NAME [ROLE [here]]",
    rights=(Right.GRANT, Right.GRANT_HERE),
)
async def _role(call: Call) -> str:
    words = call.rest.split()
    if not 1 <= len(words) <= 3 or words[2:] not in ([], ["here"]):
        raise BadRequest(f"/role is typed so: {call.command.usage}")
    if len(words) == 1:
        found = await call.parts.directory.find(words[0])
        return f"{found.name} is {with_article(found.role)} of this server."
    if words[1].lower() not in ROLES:
        raise BadRequest("A role is member, moderator, admin or owner.")
    room = call.room if words[2:] else None
    role = Role(words[1].lower())
    return await act(call, requests.SetRole(room=room, name=words[0], role=role))


@command(
    "audit",
    "Tells what moderators did, the last 20 acts or as many as you say.",
    Arg("N", "number", optional=True),
    rights=(Right.AUDIT, Right.AUDIT_HERE),
)
async def _audit(call: Call) -> str:
    number = call.rest.isascii() and call.rest.isdigit() and len(call.rest) < 10
    if call.rest and not (number and int(call.rest) > 0):
        raise BadRequest(f"/audit takes a number from 1 to {AUDIT_LINES}: /audit 20")
    count = min(int(call.rest or 20), AUDIT_LINES)
    scope = await _scope(call)
    entries, _ = await reports.audit_page(call.parts, call.session, call.user, scope, None, count)
    lines = [_shown_act(entry) for entry in reversed(entries)]
    return "\n".join(lines) or "Nothing was done yet."


# ---


async def _scope(call: Call) -> str | None:
    """The room whose acts somebody may read who may not read all."""
    return None if call.parts.permissions.may(call.user, Right.AUDIT) else call.room


def _tidy(reason: str | int | None) -> str:
    return str(reason or "")[: requests.REASON_CHARS]


def _shown_sanction(entry: Sanction) -> str:
    what = (
        f"{entry.kind.value}  {entry.whom}{f' in {room_title(entry.room)}' if entry.room else ''}"
    )
    until = "" if entry.ends_ms is None else f" until {instant(entry.ends_ms)}"
    return f"{what}{until}, by {entry.by}{f': {entry.reason}' if entry.reason else ''}"


def _shown_act(entry: AuditRecord) -> str:
    where = f" in {room_title(entry.room)}" if entry.room else ""
    whom = f" {entry.whom}" if entry.whom else ""
    because = f": {entry.reason}" if entry.reason else ""
    return f"{instant(entry.at_ms)}  {entry.by}  {entry.act}{whom}{where}{because}"
