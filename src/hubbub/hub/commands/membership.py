"""Commands about accounts: becoming a member, signing in and out, inviting others."""

import shlex

from hubbub.errors import BadRequest
from hubbub.hub.commands.table import Call, act, command
from hubbub.hub.commands.words import Arg
from hubbub.hub.rules.secrets import secret_id, split_invitation
from hubbub.hub.state.permissions import Right
from hubbub.hub.state.sanctions import instant
from hubbub.model import with_article
from hubbub.protocol import requests
from hubbub.protocol.close_codes import SIGNED_OUT


@command(
    "register",
    "Makes you a member: your name is yours from then on.",
    Arg("PASSWORD"),
    Arg("INVITATION", optional=True),
)
async def _register(call: Call) -> str:
    password, code = split_invitation(call.rest)
    call.parts.identity.check_registration(call.session, call.user.name.key)
    await call.parts.accounts.register(call.user, password, code, call.session)
    return (
        f"{call.user.name.shown} is yours now, as {with_article(call.user.role)} of this server. "
        "With your name and your password you come back from anywhere."
    )


@command("login", "Signs you in as a member.", Arg("NAME"), Arg("PASSWORD"), plain=True)
async def _login(call: Call) -> str:
    name, _, password = call.rest.partition(" ")
    if not password.strip():
        raise BadRequest(f"/login needs a name and a password: {call.command.usage}")
    if not call.session.dialect.one_room:
        raise BadRequest(
            "This connection stays who it is: come in again by that name and its password."
        )
    await call.parts.plain_arrivals.sign_in(call.session, name, password.strip())
    user = call.session.user
    assert user is not None, "who signed in is somebody"
    return f"You are {user.name.shown} now, {with_article(user.role)} of this server."


@command("logout", "Signs you out on this device.", rights=(Right.SEE_SESSIONS,))
async def _logout(call: Call) -> str:
    await call.parts.accounts.sign_out(call.session, call.user)
    call.then = lambda: call.parts.attendance.end(call.session, SIGNED_OUT, "signed out")
    return "You are signed out."


@command(
    "password",
    "Changes your password, and signs you out everywhere else.",
    Arg("OLD"),
    Arg("NEW"),
    rights=(Right.SEE_SESSIONS,),
)
async def _password(call: Call) -> str:
    try:
        words = shlex.split(call.rest) if '"' in call.rest else call.rest.split()
    except ValueError:
        words = []
    if len(words) != 2:
        raise BadRequest(
            '/password needs both, in "quotes" where one has blanks: ' + call.command.usage
        )
    accounts = call.parts.accounts
    ended = await accounts.change_password(call.session, call.user, *words)
    others = {0: "no other session was open", 1: "1 other session was ended"}
    return f"Your password is changed; {others.get(ended, f'{ended} other sessions were ended')}."


@command(
    "sessions",
    "Lists where you are signed in, or ends one of them.",
    Arg("end", "choice", optional=True, choices=("end",)),
    Arg("ID", optional=True),
    syntax="[end ID]",
    rights=(Right.SEE_SESSIONS,),
)
async def _sessions(call: Call) -> str:
    word, _, wanted = call.rest.partition(" ")
    accounts = call.parts.accounts
    if word.lower() == "end" and wanted.strip():
        own = call.session.token_hash
        ended = await accounts.end_session(call.session, call.user, wanted.strip())
        if ended == own:
            call.then = lambda: call.parts.attendance.end(call.session, SIGNED_OUT, "signed out")
        return f"The session {secret_id(ended)} is ended."
    if word:
        raise BadRequest(f"/sessions lists them, or ends one: {call.command.usage}")
    lines = []
    for each in await accounts.sessions(call.user):
        here = "  (this one)" if each.token_hash == call.session.token_hash else ""
        used = instant(each.used_ms)
        device = each.device or "unknown device"
        lines.append(f"{secret_id(each.token_hash)}  last used {used}  {device}{here}")
    return "\n".join(lines) or "You have no session that could be ended."


@command(
    "invite",
    "Invites somebody into this private room, or to the server by a link: for one person and a "
    "week, or as you say.",
    Arg("NAME", "person", choices=("link", "list", "revoke")),
    syntax="NAME | link [USES] [DAYS] | list | revoke ID",
    rights=(Right.INVITE, Right.INVITE_HERE),
)
async def _invite(call: Call) -> str:
    word, _, rest = call.rest.partition(" ")
    match word.lower():
        case "link":
            return await act(call, _link(rest.split()))
        case "list" if not rest:
            return await act(call, requests.Invitations())
        case "revoke" if rest.strip():
            return await act(call, requests.RevokeInvitation(invitation=rest.strip()[:16]))
        case _ if not rest:
            return await act(call, requests.Invite(room=call.room, name=word))
        case _:
            raise BadRequest(f"/invite is typed so: {call.command.usage}")


def _link(words: list[str]) -> requests.MakeInvitation:
    numbers = [word for word in words if word.isascii() and word.isdigit() and len(word) < 6]
    if len(words) > 2 or len(numbers) != len(words):
        raise BadRequest("/invite link takes how many people, and how many days: /invite link 5 7")
    uses, days = (int(number) for number in (*numbers, *("1", "7")[len(numbers) :]))
    return requests.MakeInvitation(uses=uses, days=days)
