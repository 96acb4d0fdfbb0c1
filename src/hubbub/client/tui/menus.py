"""The menus about a person and a room, made from the rights that a server tells; pure.

The server has the last word: what is offered here and refused there is answered with its sentence.
"""

from hubbub.client.state import RoomView
from hubbub.client.tui.items import Item
from hubbub.client.tui.view import View, name_key
from hubbub.model import Role
from hubbub.protocol.events import Message

SERVER_ROLES = (Role.MEMBER, Role.MODERATOR, Role.ADMIN, Role.OWNER)
ROOM_ROLES = (Role.MEMBER, Role.MODERATOR, Role.OWNER)


def about_person(view: View, name: str) -> list[Item]:
    """What can be done with somebody."""
    if name_key(name) == name_key(view.chat.user.name):
        return [Item("whois", "Who am I here")]
    ignored = name_key(name) in view.ignored
    items = [
        Item("whisper", "Whisper"),
        Item("mention", "Mention"),
        Item("whois", "Who is this"),
        Item("unignore", "Show again what they say") if ignored else Item("ignore", "Ignore"),
    ]
    room, server = view.in_view, set(view.chat.may)
    here = set(room.may) if room is not None and room.kind != "direct" else set()
    with_rights = (
        ("mute", "Mute here…", "mute" in here),
        ("unmute", "Unmute here", "mute" in here),
        ("kick", "Remove from this room…", "kick" in here),
        ("role_here", "Role in this room…", "roles_here" in here),
        ("mute_everywhere", "Mute everywhere…", "mute_everywhere" in server),
        ("unmute_everywhere", "Unmute everywhere", "mute_everywhere" in server),
        ("ban", "Ban from the server…", "ban" in server),
        ("role", "Role on the server…", "roles" in server),
    )
    return items + [Item(value, label) for value, label, may in with_rights if may]


def about_room(room: RoomView) -> list[Item]:
    """What can be done with a room."""
    may = set(room.may)
    invites = room.kind == "private" and "invite_here" in may
    items = [Item("invite_here", "Invite somebody…")] if invites else []
    if "topic" in may:
        items.append(Item("topic", "Set the topic…"))
    if "settings" in may and room.archived:
        items.append(Item("unarchive", "Open it again", "archived"))
    elif "settings" in may:
        items += [
            Item("rename", "Rename it…"),
            Item("public", "Make it public", "private now")
            if room.kind == "private"
            else Item("private", "Make it private", "public now"),
            Item("writable", "Let everybody write", "read-only now")
            if room.read_only
            else Item("read-only", "Make it read-only", "all write now"),
            Item("archive", "Archive it…"),
        ]
    if "roles_here" in may:
        items.append(Item("roles", "Members and their roles…"))
    if "audit_here" in may:
        items += [Item("audit", "What moderators did here"), Item("bans", "Who is muted here")]
    return [*items, Item("leave", "Leave it")]


def people_of(view: View) -> list[Item]:
    """The people of the room in view, with what they are there."""
    room = view.in_view
    if room is None:
        return []
    people = dict(room.members)
    if room.kind == "direct":
        people[view.chat.user.id] = view.chat.user.name
    named = sorted(people.items(), key=lambda member: member[1].casefold())
    return [Item(name, name, _role_of(room, user_id)) for user_id, name in named]


def may_delete(view: View, message: Message) -> bool:
    """Whether this user may take a message's text away."""
    room = view.in_view
    if room is None or message.deleted or room.archived:
        return False
    return message.sender.id == view.chat.user.id or "delete" in room.may


def has_right(view: View | None, right: str) -> bool:
    """Whether this user has one of these rights, on the server or in the room in view."""
    if not right:
        return True
    room = view.in_view if view is not None else None
    have = {*(view.chat.may if view is not None else ()), *(room.may if room is not None else ())}
    return not have.isdisjoint(right.split())


def _role_of(room: RoomView, user_id: str) -> str:
    role = room.roles.get(user_id, "")
    return "" if role in {"member", "guest"} else role
