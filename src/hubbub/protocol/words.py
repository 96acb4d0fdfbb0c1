"""What the protocol's frames mean in English, for every client that shows words; pure."""

from typing import assert_never

from hubbub.model import room_title, with_article
from hubbub.protocol import events, replies, requests
from hubbub.protocol.durations import show_duration


def instant(at: str) -> str:
    """An instant of a frame to the minute, in UTC."""
    return at[:16].replace("T", " ") + " UTC"


def sentence(event: events.Act | events.Unknown | events.Presence) -> str:
    """What somebody did, as everybody reads it who is told.

    The page has these words too, in strings.ts: tests/golden/sentences.json is read by both.
    """
    match event:
        case events.Topic(sender=by, text=""):
            return f"{by.name} removed the topic."
        case events.Topic(sender=by, text=text):
            return f"{by.name} set the topic: {text}"
        case events.Deleted(sender=by):
            return f"{by.name} deleted a message."
        case events.Settings():
            return _settled(event)
        case events.Unknown(sender=by):
            return f"{by.name} did something that this release of hubbub does not know."
        case events.Presence():
            return _presence(event)
        case _:
            assert_never(event)


def _settled(settings: events.Settings) -> str:
    who, title = settings.sender.name, room_title(settings.room)
    former = title if settings.was is None else room_title(settings.was)
    # What is closed gets another name too, and keeps what people call it.
    if former != title:
        return f"{who} renamed {former} to {title}."
    described = settings_in_words(settings.kind, settings.read_only, settings.archived)
    return f"{who} set {title} to {described}."


def settings_in_words(kind: str, read_only: bool, archived: bool) -> str:
    """A room's settings: `private, read-only`."""
    return ", ".join([kind, *(["read-only"] * read_only), *(["archived"] * archived)])


def _presence(presence: events.Presence) -> str:
    name = presence.user.name
    match presence.state:
        case "joined":
            return f"{name} joined."
        case "left":
            return f"{name} left."
        case "renamed":
            return f"{presence.was} is now {name}."
        case "away":
            return f"{name} is away."
        case "back":
            return f"{name} is back."
        case _:
            assert_never(presence.state)


def answer(request: requests.Request, reply: events.Reply | None) -> str:
    """What came of a request that acts, as whoever made it should read it; empty for others."""
    match request, reply:
        case requests.Mute(duration_s=for_s) | requests.Ban(duration_s=for_s), replies.Done():
            return _done(reply, for_s)
        case _, replies.Done():
            return _done(reply, None)
        case requests.ChangeRoom(room=former, name=str()), replies.RoomChanged(room=name):
            return f"{room_title(former)} is called {room_title(name)} now."
        case _, replies.RoomChanged():
            settings = settings_in_words(reply.kind, reply.read_only, reply.archived)
            return what_it_is(reply.room, settings, reply.role)
        case requests.MakeRoom(private=private), events.Joined(room=name):
            return room_made(name, private=private)
        case requests.Delete(room=name, seq=seq), events.Ok():
            return f"The message {seq} of {room_title(name)} is deleted."
        case requests.RevokeInvitation(), events.Ok():
            return "Nobody comes in by that invitation any more."
        case requests.MakeInvitation(days=days), replies.InvitationMade(link=link, code=code):
            people = "1 person" if reply.uses == 1 else f"{reply.uses} people"
            until = "1 day" if days == 1 else f"{days} days"
            return f"For {people}, within {until}: {link} or /register NAME PASSWORD {code}"
        case _, replies.InvitationList(invitations=()):
            return "There is no invitation that could be used."
        case _, replies.InvitationList(invitations=found):
            return "\n".join(
                f"{each.id}  {each.uses} left, until {instant(each.until)}" for each in found
            )
        case _:
            return ""


def _done(done: replies.Done, for_s: int | None) -> str:
    place = "everywhere" if done.room is None else f"in {room_title(done.room)}"
    lasting = "" if for_s is None else f" for {show_duration(for_s)}"
    match done.act:
        case "kick":
            return f"{done.whom} is shown out of {room_title(done.room or '')}."
        case "mute":
            return f"{done.whom} is muted {place}{lasting}."
        case "unmute":
            return f"{done.whom} has the word again {place}."
        case "ban":
            return f"{done.whom} is banned{lasting}."
        case "unban":
            return f"{done.whom} may come in again."
        case "set_role":
            where = "this server" if done.room is None else room_title(done.room)
            return f"{done.whom} is {with_article(done.role or 'member')} of {where} now."
        case "invite":
            return f"{done.whom} is invited."
        case _:
            assert_never(done.act)


def room_made(name: str, *, private: bool) -> str:
    """That a room is made, for its maker."""
    hint = " /invite NAME lets others in." if private else ""
    return f"{room_title(name)} is made, and you are in it.{hint}"


def what_it_is(room: str, settings: str, role: str) -> str:
    """What a room is, by its settings in words, and what one is in it."""
    return f"{room_title(room)} is a {settings} room; you are {with_article(role)} of it."
