"""Coming in with an account: by a name and a password, an invitation, a token, a new account."""

from collections.abc import Iterator

import pytest

import hubbub
from hubbub.client import saved
from hubbub.client.options import JoinOptions
from tests.accounts import PASSWORD, account
from tests.client.tui.stage import Stage, guest, member, staged
from tests.conftest import Server, new_server

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without guests, by invitation, that ann owns."""
    flags = ("--registration", "invite", "--guests", "off", "--rate-limits", "off")
    server = new_server(tmp_path_factory.mktemp("club"), *flags)
    server.start()
    account(server, "ann", "--owner")
    yield server
    server.kill()


def sessions() -> list[saved.Session]:
    return [each for kept in saved.load().sessions.values() for each in kept]


async def is_in(stage: Stage, name: str) -> None:
    """Waits until the conversation has begun, as that person."""
    await stage.until(lambda: stage.screen.conversation is not None)
    await stage.until(lambda: stage.conversation.chat.name == name)


async def test_a_member_signs_in_by_name_and_password_and_comes_back_without(
    club: Server,
) -> None:
    options = JoinOptions(url=club.url)
    async with staged(club, options=options, connected=False) as stage:
        await stage.shows("Your name")
        await stage.say("ann")
        await stage.shows("There are no guests here", "Your password, as a member")
        await stage.say("not it")
        await stage.shows("password")
        await stage.until(lambda: "do not go together" in stage.text or "wrong" in stage.text)
        assert "not it" not in stage.text
        await stage.say(PASSWORD)
        await is_in(stage, "ann")
        assert PASSWORD not in stage.text
    [session] = sessions()
    assert session.name == "ann"
    async with staged(club, options=options) as stage:
        await is_in(stage, "ann")


async def test_an_invitation_makes_a_member(club: Server) -> None:
    async with hubbub.connect(club.url, name="ann", password=PASSWORD) as ann:
        answer = await ann.command("/invite link 1 1")
    code = answer.rpartition(" ")[2]
    options = JoinOptions(url=club.url, invite=code)
    async with staged(club, options=options, connected=False) as stage:
        await stage.shows("Your name", "A new password")
        await stage.say("dora")
        await stage.say(PASSWORD)
        await is_in(stage, "dora")
        assert stage.conversation.chat.user.kind == "member"


async def test_where_one_may_sign_up_and_guests_are_off_ctrl_n_makes_an_account(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    flags = ("--registration", "open", "--guests", "off", "--rate-limits", "off")
    server = new_server(tmp_path_factory.mktemp("open"), *flags)
    server.start()
    try:
        options = JoinOptions(url=server.url, name="finn")
        async with staged(server, options=options, connected=False) as stage:
            await stage.shows("There are no guests here", "I am new here")
            await stage.press("ctrl+n")
            await stage.shows("A new password", "I have an account")
            await stage.say(PASSWORD)
            await is_in(stage, "finn")
            assert stage.conversation.chat.user.kind == "member"
    finally:
        server.kill()


async def test_a_guest_who_registers_keeps_the_conversation_and_the_new_secret(
    house: Server,
) -> None:
    async with guest(house, "rita", "study") as rita:
        await rita.say("still a guest")
        await rita.shows("still a guest")
        before = rita.conversation.chat.session
        await rita.say(f"/register {PASSWORD}")
        await rita.shows("rita is yours now", "/register …", "still a guest")
        assert PASSWORD not in rita.text
        await rita.until(lambda: sessions()[0].token != before)
        assert sessions()[0].token == rita.conversation.chat.session
        await rita.press("up")
        assert PASSWORD not in rita.draft
    async with guest(house, "rita") as rita:
        assert rita.conversation.chat.user.kind == "member"


async def test_sessions_are_listed_and_the_one_that_is_ended_is_forgotten(house: Server) -> None:
    options = JoinOptions(url=house.url, name="cara")
    async with (
        staged(house, options=options, connected=False) as there,
        member(house, "cara", size=(110, 30)) as here,
    ):
        await there.shows("Your password, as a member")
        await there.press("enter")
        await there.say(PASSWORD)
        await is_in(there, "cara")
        await there.until(lambda: bool(sessions()))
        await here.press("ctrl+p")
        await here.pick("See where you are signed in")
        await here.shows("this one, hubbub")
        await here.fill("hubbub")
        await here.shows("End this session?")
        await here.press("enter")

        await there.shows("✗ Ctrl+Q quits. You are signed out here.")
        await there.press("ctrl+q")
        await there.until(lambda: there.app.return_value is not None)
    assert sessions() == []


async def test_a_token_leaves_what_is_saved_alone(house: Server) -> None:
    async with guest(house, "lone"):
        pass
    kept = saved.load()
    async with member(house, "bob") as bob:
        assert bob.conversation.chat.name == "bob"
    assert saved.load() == kept


async def test_what_would_say_a_password_to_everybody_is_not_sent(house: Server) -> None:
    async with guest(house, "slip", "study") as slip:
        await slip.say(f" /login slip {PASSWORD}")
        await slip.shows("has a password in it")
        assert slip.conversation.view.timeline.pending == ()
