"""What moderators do, in the SDK: `await chat.moderation.mute("bob", "dev", duration_s=600)`."""

from typing import assert_never

from hubbub.client.calls import Calls
from hubbub.errors import BadRequest
from hubbub.model import Role
from hubbub.protocol import events, replies
from hubbub.protocol.requests import (
    Act,
    Ban,
    ChangeRoom,
    Invitations,
    Invite,
    Kick,
    MakeInvitation,
    Mute,
    RevokeInvitation,
    SetRole,
    Unban,
    Unmute,
)

Acted = replies.Done | replies.RoomChanged | replies.InvitationMade | events.Ok


class Moderation:
    """Acts upon people, and invitations to the server; each needs a right (docs/accounts.md).

    `name` is as a person would type it. `duration_s` is in seconds, up to ten years; without it an
    act holds for good. A `reason` has up to 200 characters; it is told to whom it is about, and is
    in the audit log.

    Each raises Forbidden without the right or towards somebody of the same rank or a higher one,
    NoSuchUser, BadRequest for what cannot be meant, and LineLost where the line breaks before the
    answer: then it was done or not. Nothing is tried twice.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def kick(self, name: str, room: str, *, reason: str = "") -> replies.Done:
        """Shows somebody out of a room. Raises NotAMember for one who is not in it."""
        return await self._calls.ask_once(Kick(room=room, name=name, reason=reason), replies.Done)

    async def mute(
        self,
        name: str,
        room: str | None = None,
        *,
        duration_s: int | None = None,
        reason: str = "",
    ) -> replies.Done:
        """Takes the word from somebody in a room, or everywhere if none is given.

        `until` of the answer is when that ends, in RFC 3339; None for never.
        """
        request = Mute(room=room, name=name, duration_s=duration_s, reason=reason)
        return await self._calls.ask_once(request, replies.Done)

    async def unmute(self, name: str, room: str | None = None) -> replies.Done:
        """Gives the word back in a room, or everywhere if none is given: where `mute` took it.

        Raises NoSuchUser for one who is not muted there.
        """
        return await self._calls.ask_once(Unmute(room=room, name=name), replies.Done)

    async def ban(
        self, name: str, *, duration_s: int | None = None, reason: str = ""
    ) -> replies.Done:
        """Shuts somebody out of the server, by a name or an IP address.

        `whom` of the answer is by what `unban` finds them, `until` as in `mute`.
        """
        request = Ban(name=name, duration_s=duration_s, reason=reason)
        return await self._calls.ask_once(request, replies.Done)

    async def unban(self, name: str) -> replies.Done:
        """Lets somebody in again, by the name in `bans`. Raises NoSuchUser for nobody's."""
        return await self._calls.ask_once(Unban(name=name), replies.Done)

    async def set_role(self, name: str, role: str, room: str | None = None) -> replies.Done:
        """Gives a member a role in a room, or on the server if none is given.

        A role is member, moderator, owner, or on the server admin. Raises Forbidden for a guest.
        """
        if role not in set(Role):
            raise BadRequest(f"A role is {', '.join(Role)}, not {role!r}.")
        request = SetRole(room=room, name=name, role=Role(role))
        return await self._calls.ask_once(request, replies.Done)

    async def make_invitation(self, *, uses: int = 1, days: int = 7) -> replies.InvitationMade:
        """Makes an invitation to the server, for 1 to 1,000 people and 1 to 365 days.

        `code` of the answer is a secret that is told this once, and `link` has it too.
        """
        request = MakeInvitation(uses=uses, days=days)
        return await self._calls.ask_once(request, replies.InvitationMade)

    async def invitations(self) -> replies.InvitationList:
        """The invitations that can be used, the next to run out first."""
        return await self._calls.ask(Invitations(), replies.InvitationList)

    async def revoke_invitation(self, invitation: str) -> None:
        """Ends an invitation, named by its `id` in `invitations`. Raises BadRequest for none."""
        await self._calls.ask_once(RevokeInvitation(invitation=invitation), events.Ok)

    async def act(self, request: Act) -> Acted:
        """Makes a request as it is, for a program that has one in its hands.

        The answer is that of the method for it, an Ok where that gives nothing back.
        """
        match request:
            case ChangeRoom():
                return await self._calls.ask_once(request, replies.RoomChanged)
            case MakeInvitation():
                return await self._calls.ask_once(request, replies.InvitationMade)
            case RevokeInvitation():
                return await self._calls.ask_once(request, events.Ok)
            case Kick() | Mute() | Unmute() | Ban() | Unban() | SetRole() | Invite():
                return await self._calls.ask_once(request, replies.Done)
            case _:
                assert_never(request)
