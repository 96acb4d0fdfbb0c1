"""Commands of those who see to it that one can talk in peace."""

from hubbub.errors import BadRequest
from hubbub.hub import reports
from hubbub.hub.commands.table import COMMANDS, Call, command, needs_more, room_of
from hubbub.hub.rules.durations import parse_duration, show_duration
from hubbub.hub.state.permissions import Right
from hubbub.hub.state.room import Room
from hubbub.hub.state.sanctions import instant
from hubbub.model import Role, room_title, with_article
from hubbub.storage.records import AuditRecord, Sanction

AUDIT_LINES = 200
EVERYWHERE = "everywhere"


@command(
    "kick", "Shows somebody out of this room.", arguments="NAME [REASON]", rights=(Right.KICK,)
)
async def _kick(call: Call) -> str:
    needs_more(call, "kick")
    name, _, reason = call.rest.partition(" ")
    room = await room_of(call)
    whom = await call.hub.moderation.kick(call.user, room, name, reason)
    return f"{whom} is shown out of {room.title}."


@command(
    "mute",
    "Takes the word from somebody in this room, or everywhere: /mute bob 10m too loud.",
    arguments="NAME [everywhere] [DURATION] [REASON]",
    rights=(Right.MUTE, Right.MUTE_EVERYWHERE),
)
async def _mute(call: Call) -> str:
    needs_more(call, "mute")
    name, room, rest = await _where(call)
    duration_s, reason = _duration(rest)
    whom = await call.hub.moderation.mute(call.user, room, name, duration_s, reason)
    return f"{whom} is muted {_place(room)}{_until(duration_s)}."


@command(
    "unmute",
    "Gives somebody the word back.",
    arguments="NAME [everywhere]",
    rights=(Right.MUTE, Right.MUTE_EVERYWHERE),
)
async def _unmute(call: Call) -> str:
    needs_more(call, "unmute")
    name, room, _ = await _where(call)
    whom = await call.hub.moderation.unmute(call.user, room, name)
    return f"{whom} has the word again {_place(room)}."


@command(
    "ban",
    "Shuts somebody out of the server, by name or by address: /ban bob 7d spam.",
    arguments="NAME|ADDRESS [DURATION] [REASON]",
    rights=(Right.BAN,),
)
async def _ban(call: Call) -> str:
    needs_more(call, "ban")
    name, _, rest = call.rest.partition(" ")
    duration_s, reason = _duration(rest.strip())
    whom = await call.hub.moderation.ban(call.user, name, duration_s, reason)
    return f"{whom} is banned{_until(duration_s)}."


@command(
    "unban",
    "Lets somebody in again.",
    arguments="NAME|ADDRESS",
    rights=(Right.BAN,),
)
async def _unban(call: Call) -> str:
    needs_more(call, "unban")
    whom = await call.hub.moderation.unban(call.user, call.rest)
    return f"{whom} may come in again."


@command("bans", "Lists the bans and mutes that hold, those of this room where that is all that "
         "you may see.", rights=(Right.AUDIT, Right.AUDIT_HERE))  # fmt: skip
async def _bans(call: Call) -> str:
    held = await reports.sanctions(call.hub, call.session, call.user, await _scope(call))
    return "\n".join(_shown_sanction(each) for each in held) or "Nobody is banned or muted."


@command(
    "delete",
    "Takes away what you said last, or the message of that number.",
    arguments="[NUMBER] [REASON]",
)
async def _delete(call: Call) -> str:
    number, _, reason = call.rest.partition(" ")
    room = await room_of(call)
    if not number:
        seq = await call.hub.lookups.last_of(room, call.user.id)
    elif number.isascii() and number.isdigit() and len(number) < 16:
        seq = int(number)
    else:
        raise BadRequest(f"/delete takes a message's number: {COMMANDS['delete'].usage}")
    await call.hub.moderation.delete(call.user, room, seq, reason)
    return f"The message {seq} of {room.title} is deleted."


@command(
    "role",
    "Tells somebody's role, or gives one: on the server, or with `here` in this room.",
    arguments="NAME [ROLE [here]]",
    rights=(Right.GRANT, Right.GRANT_HERE),
)
async def _role(call: Call) -> str:
    words = call.rest.split()
    if not 1 <= len(words) <= 3 or words[2:] not in ([], ["here"]):
        raise BadRequest(f"/role is typed so: {COMMANDS['role'].usage}")
    if len(words) == 1:
        found = await call.hub.directory.find(words[0])
        return f"{found.name} is {with_article(found.role)} of this server."
    try:
        role = Role(words[1].lower())
    except ValueError:
        role = Role.GUEST
    if role is Role.GUEST:
        raise BadRequest("A role is member, moderator, admin or owner.")
    if len(words) == 3:
        room = await room_of(call)
        whom = await call.hub.moderation.set_room_role(call.user, room, words[0], role)
        return f"{whom} is {with_article(role)} of {room.title} now."
    whom = await call.hub.moderation.set_role(call.user, words[0], role)
    return f"{whom} is {with_article(role)} of this server now."


@command(
    "audit",
    "Tells what moderators did, the last 20 acts or as many as you say.",
    arguments="[N]",
    rights=(Right.AUDIT, Right.AUDIT_HERE),
)
async def _audit(call: Call) -> str:
    number = call.rest.isascii() and call.rest.isdigit() and len(call.rest) < 10
    if call.rest and not (number and int(call.rest) > 0):
        raise BadRequest(f"/audit takes a number from 1 to {AUDIT_LINES}: /audit 20")
    count = min(int(call.rest or 20), AUDIT_LINES)
    scope = await _scope(call)
    entries, _ = await reports.audit_page(call.hub, call.session, call.user, scope, None, count)
    lines = [_shown_act(entry) for entry in reversed(entries)]
    return "\n".join(lines) or "Nothing was done yet."


# ---


async def _scope(call: Call) -> str | None:
    """The room whose acts somebody may read who may not read all."""
    return None if call.hub.permissions.may(call.user, Right.AUDIT) else call.room


async def _where(call: Call) -> tuple[str, Room | None, str]:
    """Whom, in which room (None is everywhere), and what else was typed."""
    name, _, rest = call.rest.partition(" ")
    word, _, after = rest.strip().partition(" ")
    if word.lower() == EVERYWHERE:
        return name, None, after.strip()
    return name, await room_of(call), rest.strip()


def _duration(typed: str) -> tuple[int | None, str]:
    """How long, where that comes first, and the reason."""
    word, _, rest = typed.partition(" ")
    seconds = parse_duration(word)
    return (seconds, rest.strip()) if seconds is not None else (None, typed)


def _place(room: Room | None) -> str:
    return "everywhere" if room is None else f"in {room.title}"


def _until(duration_s: int | None) -> str:
    return "" if duration_s is None else f" for {show_duration(duration_s)}"


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
