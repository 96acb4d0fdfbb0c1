"""Requests about accounts: where one is signed in, and who is invited."""

from hubbub.hub import reports
from hubbub.hub.handlers.table import handles
from hubbub.hub.parts import Parts
from hubbub.hub.rules.secrets import secret_id
from hubbub.hub.state.permissions import Right
from hubbub.hub.state.room import Session, User
from hubbub.model import Role, format_instant
from hubbub.protocol import events, replies, requests
from hubbub.protocol.durations import DAY_MS
from hubbub.storage.changes import AppendAudit

handles(requests.Sessions)(reports.sessions)


@handles(requests.MakeInvitation)
async def _make_invitation(
    parts: Parts, session: Session, user: User, request: requests.MakeInvitation
) -> replies.InvitationMade:
    parts.permissions.require(user, Right.INVITE)
    people = "1 person" if request.uses == 1 else f"{request.uses} people"
    days = "1 day" if request.days == 1 else f"{request.days} days"
    audit = AppendAudit("invite link", user.name.shown, reason=f"{people}, {days}", by_id=user.id)
    end_ms = parts.clock.now_ms() + request.days * DAY_MS
    code = await parts.invitations.invite(user, Role.MEMBER, request.uses, request.days, audit)
    return replies.InvitationMade(
        id=request.id,
        code=code,
        link=parts.invitations.link(code),
        uses=request.uses,
        until=format_instant(end_ms),
    )


@handles(requests.Invitations)
async def _invitations(
    parts: Parts, session: Session, user: User, request: requests.Invitations
) -> replies.InvitationList:
    parts.permissions.require(user, Right.INVITE)
    found = tuple(
        replies.Invitation(secret_id(each.code_hash), each.uses, format_instant(each.expires_ms))
        for each in await parts.invitations.usable()
    )
    return replies.InvitationList(id=request.id, invitations=found)


@handles(requests.RevokeInvitation)
async def _revoke_invitation(
    parts: Parts, session: Session, user: User, request: requests.RevokeInvitation
) -> events.Ok:
    parts.permissions.require(user, Right.INVITE)
    audit = AppendAudit(
        "revoke invitation", user.name.shown, reason=request.invitation, by_id=user.id
    )
    await parts.invitations.revoke(request.invitation, audit)
    return events.Ok(id=request.id)
