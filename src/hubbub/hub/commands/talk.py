"""Commands about talking: what is said, to whom, where one is, and what one sees of it."""

from hubbub.errors import BadRequest, Forbidden, NoSuchUser
from hubbub.hub.commands.table import COMMANDS, Call, command, find, room_of
from hubbub.hub.commands.words import Arg
from hubbub.hub.rules.limits import RECIPIENTS
from hubbub.hub.signs import Ignored
from hubbub.hub.state.permissions import highest_in_rooms
from hubbub.model import UserKind, user_name, with_article
from hubbub.protocol import events, plain
from hubbub.storage.changes import SaveIgnored

WHO_NAMES = 1_000
ROOM_LINES = 200
HISTORY_LINES = 200
SEARCH_LINES = 50
SEARCH_CHARS = 200


@command(
    "help",
    "Lists the commands, or explains one.",
    Arg("COMMAND", "command", optional=True),
    aliases=("h", "?"),
)
async def _help(call: Call) -> str:
    if call.rest:
        entry = find(call.rest.split()[0].removeprefix("/"))
        also = f" Also: {', '.join('/' + alias for alias in entry.aliases)}." * bool(entry.aliases)
        return f"{entry.usage}\n{entry.summary}{also}"
    plain = call.session.dialect.one_room
    there = highest_in_rooms(call.user)
    shown = [
        entry
        for entry in COMMANDS.values()
        if call.parts.permissions.offers(entry.rights, call.user.role, there)
        and (plain or not entry.plain)
    ]
    width = max(len(entry.usage) for entry in shown)
    return "\n".join(f"{entry.usage:<{width}}  {entry.summary}" for entry in shown)


@command("nick", "Changes your name.", Arg("NAME"), aliases=("name",))
async def _nick(call: Call) -> str:
    await call.parts.arrivals.rename(call.session, call.user, call.rest)
    return f"You are {call.user.name.shown} now."


@command(
    "whisper",
    "Says something to one person or to a few, and to nobody else.",
    Arg("NAME[,NAME...]", "people"),
    Arg("TEXT", "text"),
    aliases=("w", "msg"),
)
async def _whisper(call: Call) -> str:
    names, _, said = call.rest.partition(" ")
    while names.strip(",") and names.endswith(",") and said.strip():
        # As one writes a list: `bob, cara text`.
        more, _, said = said.lstrip().partition(" ")
        names += more
    if not said.strip():
        raise BadRequest(f"/whisper needs names and a text: {call.command.usage}")
    asked = [name for name in names.split(",") if name]
    if not asked or len(asked) > RECIPIENTS:
        raise BadRequest(f"A whisper goes to 1 to {RECIPIENTS} people.")
    return await _say_privately(call, await call.parts.directory.people(asked), said)


@command(
    "reply",
    "Whispers to whoever whispered to you last, or to the same group.",
    Arg("TEXT", "text"),
    aliases=("r",),
)
async def _reply(call: Call) -> str:
    if not call.user.reply_to:
        raise NoSuchUser("Nobody has whispered to you yet; /whisper NAME TEXT begins.")
    return await _say_privately(call, list(call.user.reply_to), call.rest)


async def _say_privately(call: Call, to: list[events.Person], said: str) -> str:
    await call.parts.messages.whisper_to(call.session, call.user, to, said)
    notes = []
    absent = [person.id for person in to if person.id not in call.parts.users]
    elsewhere = await call.parts.peers.directory.whereabouts(absent) if absent else []
    away = {present.user.id: present.away for present in elsewhere}
    away |= {p.id: call.parts.users[p.id].away for p in to if p.id in call.parts.users}
    for person in to:
        if person.id not in away:
            notes.append(f"{person.name} is not here now and will find it on coming back.")
        elif (reason := away[person.id]) is not None:
            notes.append(f"{person.name} is away{_because(reason)}.")
    return "\n".join(notes)


@command("me", "Says what you do: /me waves.", Arg("TEXT", "text"), room=True)
async def _me(call: Call) -> str:
    await call.parts.messages.act(call.session, call.user, call.room, call.rest)
    return ""


@command(
    "join", "Enters a room, which is made if there is none.", Arg("ROOM", "room"), aliases=("j",)
)
async def _join(call: Call) -> str:
    room = await call.parts.membership.join(call.session, call.rest)
    here = "1 user" if room.size == 1 else f"{room.size} users"
    topic = f"\nTopic: {room.topic}" if room.topic else ""
    return f"You are in {room.name} with {here}.{topic}"


@command(
    "leave",
    "Leaves this room, or the one you name.",
    Arg("ROOM", "room", optional=True),
    aliases=("part",),
)
async def _leave(call: Call) -> str:
    left = await call.parts.membership.leave_room(call.session, call.rest or call.room)
    if not call.session.dialect.one_room:
        return f"You left {left}."
    room = await call.parts.membership.join(call.session, call.parts.default_room)
    return f"You left {left} and are in {room.name}."


@command("rooms", "Lists the rooms.", aliases=("list",))
async def _rooms(call: Call) -> str:
    page = await call.parts.lookups.rooms(call.user, None, ROOM_LINES)
    lines = []
    for room in page.rooms:
        topic = f"  {room.topic}" if room.topic else ""
        lines.append(f"{room.room}  {room.users} here{topic}")
    if page.more:
        lines.append(f"and more; these are the first {ROOM_LINES}.")
    return "\n".join(lines)


@command(
    "who", "Lists who is in this room, or in the one you name.", Arg("ROOM", "room", optional=True)
)
async def _who(call: Call) -> str:
    name = call.rest or call.room
    page = await call.parts.lookups.members(call.session, name, None, WHO_NAMES)
    names = ", ".join(m.name + (" (away)" if m.away else "") for m in page.members)
    more = ", and more" if page.more else ""
    room = await call.parts.rooms.open(name, call.user.id)
    return f"{room.size or len(page.members)} in {room.name}: {names}{more}"


@command("whois", "Tells about somebody who is here.", Arg("NAME", "person"))
async def _whois(call: Call) -> str:
    person = (await call.parts.directory.people([call.rest]))[0]
    user = call.parts.users.get(person.id)
    if user is not None:
        record, reason = user.record, user.away
    elif elsewhere := await call.parts.peers.directory.whereabouts([person.id]):
        record, reason = elsewhere[0].user, elsewhere[0].away
    else:
        return f"{person.name} is not here now, and may come back."
    rooms = [room for room in call.parts.rooms.all_live() if room.has(person.id)]
    shown = sorted(room.name for room in rooms if room.visible_to(call.user.id))
    where = ", ".join(shown) or "no room"
    away = f"; away{_because(reason)}" if reason is not None else ""
    kind = record.role if record.kind is UserKind.MEMBER else record.kind
    return f"{record.name}, {with_article(kind)}, in {where}{away}."


@command(
    "topic", "Shows this room's topic, or sets it.", Arg("TEXT", "text", optional=True), room=True
)
async def _topic(call: Call) -> str:
    if call.rest:
        await call.parts.messages.set_topic(call.session, call.user, call.room, call.rest)
        return f"The topic of {call.room} is now: {call.rest}"
    room = await room_of(call)
    return f"Topic of {room.name}: {room.topic}" if room.topic else f"{room.name} has no topic."


@command("history", "Shows the last messages of this room, 20 or as many as you say.",
         Arg("N", "number", optional=True), room=True)  # fmt: skip
async def _history(call: Call) -> str:
    # int() itself refuses more than 4,300 digits.
    number = call.rest.isascii() and call.rest.isdigit() and len(call.rest) < 10
    if call.rest and not (number and int(call.rest) > 0):
        raise BadRequest(f"/history takes a number from 1 to {HISTORY_LINES}: /history 20")
    count = min(int(call.rest or 20), HISTORY_LINES)
    page = await call.parts.lookups.page(call.session, call.room, None, None, count)
    if not page.events:
        return f"Nothing has been said in {call.room} yet."
    return "\n".join(plain.format_history(entry, call.user.id) for entry in page.events)


@command(
    "search",
    "Finds what was said in this room; the newest comes last.",
    Arg("TEXT", "text"),
    room=True,
)
async def _search(call: Call) -> str:
    if len(call.rest) > SEARCH_CHARS or "\x00" in call.rest:
        raise BadRequest(f"/search takes 1 to {SEARCH_CHARS} characters.")
    found = await call.parts.searches.find(
        call.session, call.user, call.room, call.rest, None, SEARCH_LINES
    )
    if not found.events:
        far = "in the last messages " if found.next is not None else ""
        return f"Nothing was found {far}in {call.room}."
    lines = [plain.format_history(entry, call.user.id) for entry in reversed(found.events)]
    return "\n".join(lines)


@command(
    "notices",
    "Shows or hides who comes, goes and changes the topic.",
    Arg("on|off", "choice", choices=("on", "off")),
)
async def _notices(call: Call) -> str:
    wish = call.rest.lower()
    if wish not in {"on", "off"}:
        raise BadRequest(f"/notices takes on or off: {call.command.usage}")
    call.session.notices = wish == "on"
    call.session.refresh_views()
    return f"Notices are {wish}."


@command("away", "Says that you are away, and why.", Arg("TEXT", "text", optional=True))
async def _away(call: Call) -> str:
    reason = call.rest[:200]
    call.user.away = reason
    call.parts.membership.announce(call.user, "away")
    return f"You are away{_because(reason)}; /back ends it."


@command("back", "Says that you are back.")
async def _back(call: Call) -> str:
    if call.user.away is None:
        return "You are not away."
    call.user.away = None
    call.parts.membership.announce(call.user, "back")
    return "Welcome back."


@command("ignore", "Hides what somebody says from you, or lists whom you ignore.",
         Arg("NAME", "person", optional=True))  # fmt: skip
async def _ignore(call: Call) -> str:
    session = call.session
    if not call.rest:
        names = ", ".join(sorted(session.ignored.values()))
        return f"You ignore {names}." if names else "You ignore nobody."
    person = (await call.parts.directory.people([call.rest]))[0]
    if person.id == call.user.id:
        raise BadRequest("You cannot ignore yourself.")
    most = call.parts.limits.ignored_users
    if len(session.ignored) >= most and person.id not in session.ignored:
        raise Forbidden(f"You ignore {most} people, the most there may be; /unignore one.")
    await _keep_ignored(call, person.id, person.name)
    return f"You ignore {person.name} from now on; /unignore {person.name} ends it."


async def _keep_ignored(call: Call, user_id: str, name: str | None) -> None:
    """Hides somebody from this connection; where a session is kept it holds in all of them."""
    kept = call.user.kept
    if kept:
        change = SaveIgnored(call.user.id, user_id, name is not None)
        await call.parts.committer.outcome(change)
    for session in call.user.sessions if kept else (call.session,):
        if name is None:
            session.ignored.pop(user_id, None)
        else:
            session.ignored[user_id] = name
        session.refresh_views()
    if kept:
        call.parts.peers.signals.tell(Ignored(call.user.id, user_id, name))


@command("unignore", "Shows again what somebody says.", Arg("NAME", "person"))
async def _unignore(call: Call) -> str:
    typed = call.rest.removeprefix("@")
    key = user_name(typed).key
    for user_id, name in call.session.ignored.items():
        user = call.parts.users.get(user_id)
        if key in {user_name(name).key, user.name.key if user else None}:
            await _keep_ignored(call, user_id, None)
            return f"You no longer ignore {name}."
    raise NoSuchUser(f"You do not ignore {typed}.")


@command("quit", "Ends this connection and, for a guest, the session.", aliases=("exit", "bye"))
async def _quit(call: Call) -> str:
    await call.parts.arrivals.end_guest_session(call.session)
    call.then = lambda: call.parts.attendance.bye(call.session)
    return "Bye."


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""
