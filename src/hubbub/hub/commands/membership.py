"""Commands about accounts: becoming a member, signing in and out, inviting others."""

import shlex

from hubbub.errors import BadRequest
from hubbub.hub.commands.table import COMMANDS, Call, command, needs_more, room_of
from hubbub.hub.people.accounts import secret_id, split_invitation
from hubbub.hub.state.permissions import Right
from hubbub.hub.state.sanctions import instant
from hubbub.hub.state.session import SIGNED_OUT
from hubbub.model import Role, with_article
from hubbub.storage.changes import AppendAudit


@command(
    "register",
    "Makes you a member: your name is yours from then on.",
    arguments="PASSWORD [INVITATION]",
)
async def _register(call: Call) -> str:
    needs_more(call, "register")
    password, code = split_invitation(call.rest)
    call.hub.identity.check_registration(call.session, call.user.name.key)
    await call.hub.accounts.register(call.user, password, code, call.session)
    return (
        f"{call.user.name.shown} is yours now, as {with_article(call.user.role)} of this server. "
        "With your name and your password you come back from anywhere."
    )


@command("login", "Signs you in as a member.", arguments="NAME PASSWORD", plain=True)
async def _login(call: Call) -> str:
    name, _, password = call.rest.partition(" ")
    if not password.strip():
        raise BadRequest(f"/login needs a name and a password: {COMMANDS['login'].usage}")
    if not call.session.dialect.one_room:
        raise BadRequest(
            "This connection stays who it is: come in again by that name and its password."
        )
    await call.hub.arrivals.sign_in(call.session, name, password.strip())
    user = call.session.user
    assert user is not None, "who signed in is somebody"
    return f"You are {user.name.shown} now, {with_article(user.role)} of this server."


@command("logout", "Signs you out on this device.", rights=(Right.SEE_SESSIONS,))
async def _logout(call: Call) -> str:
    await call.hub.accounts.sign_out(call.session, call.user)
    call.then = lambda: call.hub.end_session(call.session, SIGNED_OUT, "signed out")
    return "You are signed out."


@command(
    "password",
    "Changes your password, and signs you out everywhere else.",
    arguments="OLD NEW",
    rights=(Right.SEE_SESSIONS,),
)
async def _password(call: Call) -> str:
    try:
        words = shlex.split(call.rest) if '"' in call.rest else call.rest.split()
    except ValueError:
        words = []
    if len(words) != 2:
        usage = COMMANDS["password"].usage
        raise BadRequest(f'/password needs both, in "quotes" where one has blanks: {usage}')
    accounts = call.hub.accounts
    ended = await accounts.change_password(call.session, call.user, *words)
    others = {0: "no other session was open", 1: "1 other session was ended"}
    return f"Your password is changed; {others.get(ended, f'{ended} other sessions were ended')}."


@command(
    "sessions",
    "Lists where you are signed in, or ends one of them.",
    arguments="[end ID]",
    rights=(Right.SEE_SESSIONS,),
)
async def _sessions(call: Call) -> str:
    word, _, wanted = call.rest.partition(" ")
    accounts = call.hub.accounts
    if word.lower() == "end" and wanted.strip():
        own = call.session.token_hash
        ended = await accounts.end_session(call.session, call.user, wanted.strip())
        if ended == own:
            call.then = lambda: call.hub.end_session(call.session, SIGNED_OUT, "signed out")
        return f"The session {secret_id(ended)} is ended."
    if word:
        raise BadRequest(f"/sessions lists them, or ends one: {COMMANDS['sessions'].usage}")
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
    arguments="NAME | link [USES] [DAYS] | list | revoke ID",
    rights=(Right.INVITE, Right.INVITE_HERE),
)
async def _invite(call: Call) -> str:
    needs_more(call, "invite")
    word, _, rest = call.rest.partition(" ")
    match word.lower():
        case "link":
            return await _invite_by_link(call, rest.split())
        case "list" if not rest:
            return await _list_invitations(call)
        case "revoke" if rest.strip():
            call.hub.permissions.require(call.user, Right.INVITE)
            audit = AppendAudit(
                "revoke invitation",
                call.user.name.shown,
                reason=rest.strip()[:16],
                by_id=call.user.id,
            )
            await call.hub.accounts.revoke_invitation(rest.strip(), audit)
            return "Nobody comes in by that invitation any more."
        case _ if not rest:
            name = await call.hub.room_settings.invite(call.user, await room_of(call), word)
            return f"{name} is invited."
        case _:
            raise BadRequest(f"/invite is typed so: {COMMANDS['invite'].usage}")


async def _invite_by_link(call: Call, words: list[str]) -> str:
    call.hub.permissions.require(call.user, Right.INVITE)
    numbers = [word for word in words if word.isascii() and word.isdigit() and len(word) < 6]
    if len(words) > 2 or len(numbers) != len(words):
        raise BadRequest("/invite link takes how many people, and how many days: /invite link 5 7")
    uses, days = (int(number) for number in (*numbers, *("1", "7")[len(numbers) :]))
    accounts = call.hub.accounts
    people = "1 person" if uses == 1 else f"{uses} people"
    until = "1 day" if days == 1 else f"{days} days"
    audit = AppendAudit(
        "invite link", call.user.name.shown, reason=f"{people}, {until}", by_id=call.user.id
    )
    code = await accounts.invite(call.user, Role.MEMBER, uses, days, audit)
    return f"For {people}, within {until}: {accounts.link(code)} or /register NAME PASSWORD {code}"


async def _list_invitations(call: Call) -> str:
    call.hub.permissions.require(call.user, Right.INVITE)
    lines = [
        f"{secret_id(each.code_hash)}  {each.uses} left, until {instant(each.expires_ms)}"
        for each in await call.hub.accounts.invitations()
    ]
    return "\n".join(lines) or "There is no invitation that could be used."
