"""What a person was writing, and has written, is there again the next time."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from hubbub.client import saved
from hubbub.client.address import parse_address
from hubbub.client.options import JoinOptions
from hubbub.client.tui import app
from tests.client.fake import FakeServer, Frame
from tests.client.tui.stage import config_of, staged

pytestmark = pytest.mark.real


async def test_drafts_and_what_was_said_are_there_after_a_restart(
    fake: FakeServer, tmp_path: Path
) -> None:
    fake.append("dev", "x")
    async with staged(fake) as stage:
        await stage.say("said before")
        await stage.until(lambda: "said before" in fake.texts)
        await stage.say("/join dev")
        await stage.shows("#dev")
        await stage.type("for dev")
        await stage.press("alt+1")
        await stage.type("for lobby")
        await stage.press("ctrl+q")
    path = config_of(tmp_path / "config")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    async with staged(fake) as stage:
        assert stage.draft == "for lobby"
        await stage.until(lambda: "dev" in stage.conversation.view.order)
        await stage.press("alt+2")
        await stage.until(lambda: stage.draft == "for dev")
        await stage.press("up", "up")
        assert stage.draft == "said before"


async def test_a_draft_is_kept_also_where_the_client_is_killed(
    fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "DRAFTS_S", 0.01)
    path = config_of(tmp_path / "config")

    def kept() -> Any:
        (session,) = json.loads(path.read_text())["sessions"][f"http://{fake.url}"]
        return session.get("drafts")

    async with staged(fake) as stage:
        await stage.type("half a")
        await stage.until(lambda: kept() == {"lobby": "half a"})
        await stage.press("ctrl+c")
        await stage.until(lambda: kept() is None)


@pytest.mark.parametrize("farewell", ["/quit", "/bye", "exit"])
async def test_the_line_that_quits_is_no_draft(fake: FakeServer, farewell: str) -> None:
    async with staged(fake) as stage:
        await stage.say(farewell)
        await stage.until(lambda: not stage.app.is_running)
    (session,) = saved.load().sessions[f"http://{fake.url}"]
    assert session.drafts == {}


async def test_two_terminals_of_one_person_keep_what_each_was_writing(fake: FakeServer) -> None:
    fake.append("dev", "x")
    options = JoinOptions(url=fake.url, name="ann", rooms=("lobby", "dev"))
    async with staged(fake, options=options) as one, staged(fake, options=options) as other:
        await one.say("said here")
        await one.type("for the lobby")
        await other.say("said there")
        await other.press("alt+2")
        await other.shows("Message dev")
        await other.type("for dev")
        await other.press("ctrl+q")
        await one.press("ctrl+q")
    (session,) = saved.load().sessions[f"http://{fake.url}"]
    assert session.drafts == {"lobby": "for the lobby", "dev": "for dev"}
    assert set(session.recall) == {"said here", "said there"}


async def test_what_was_written_before_the_server_answered_stays(fake: FakeServer) -> None:
    here = parse_address(fake.url)
    session = saved.Session("secret", "ann", ("lobby",), "lobby", {"lobby": "of the last time"})
    saved.change(lambda kept: saved.with_session(kept, here, session))
    held: list[tuple[Any, Frame]] = []
    real = fake._hello
    fake._hello = lambda line, frame: held.append((line, frame)) or []  # type: ignore[func-returns-value,method-assign]
    async with staged(fake, connected=False) as stage:
        await stage.type("quick")
        await stage.until(lambda: bool(held))
        assert stage.screen.conversation is None
        for answer in real(*held[0]):
            await held[0][0].send(json.dumps(answer))
        await stage.until(lambda: stage.screen.conversation is not None)
        await stage.until(lambda: stage.conversation.view.timeline.loaded)
        assert stage.draft == "of the last time\nquick"


async def test_a_session_that_was_forgotten_is_told_and_its_draft_stays(fake: FakeServer) -> None:
    def greet(hello: Frame) -> Frame | None:
        stale = {"type": "error", "code": "bad_token", "message": "No.", "temporary": False}
        return stale if "token" in hello else None

    fake.greet = greet
    here = parse_address(fake.url)
    session = saved.Session("stale", "ann", ("lobby",), "lobby", {"lobby": "half"}, ("said",))
    saved.change(lambda kept: saved.with_session(kept, here, session))
    async with staged(fake) as stage:
        await stage.shows("a new one now")
        assert stage.draft == "half"
    (now,) = saved.load().sessions[here.http_url]
    assert (now.token, now.drafts, now.recall) == ("secret", {"lobby": "half"}, ("said",))


async def test_a_guest_who_was_forgotten_during_a_break_is_told_in_plain_words(
    fake: FakeServer,
) -> None:
    fake.kinds["@d1"] = "direct"
    fake.append("@d1", "psst", to=[{"id": "u1", "name": "ann"}])
    async with staged(fake) as stage:
        await stage.shows(" 2 bob")
        del fake.logs["@d1"]
        fake.greet = lambda hello: (
            {"type": "error", "code": "bad_token", "message": "No.", "temporary": False}
            if "token" in hello
            else None
        )
        fake.cut_all()
        await stage.shows("a new one now")
        await stage.lacks(" 2 bob")
        await stage.say("still here")
        await stage.until(lambda: "still here" in fake.texts)


@pytest.mark.parametrize("answer", ["exit", "/quit"])
async def test_leaving_at_the_question_for_a_name_gives_none(fake: FakeServer, answer: str) -> None:
    options = JoinOptions(url=fake.url)
    async with staged(fake, options=options, connected=False) as stage:
        await stage.shows("Your name")
        await stage.say(answer)
        await stage.until(lambda: not stage.app.is_running)
    assert fake.hellos == []


def door(hello: Frame) -> Frame | None:
    """A server without guests, where ann's password is `open`."""
    refusal = {"type": "error", "temporary": False}
    if hello.get("token") == "secret" or hello.get("password") == "open":
        return None
    if "password" in hello:
        return {**refusal, "code": "bad_password", "message": "They do not go together."}
    return {**refusal, "code": "not_signed_in", "message": "There are no guests here."}


async def test_a_member_signs_in_and_comes_back_without_a_password(fake: FakeServer) -> None:
    fake.greet = door
    async with staged(fake, connected=False) as stage:
        await stage.shows("There are no guests here.", "Your password, as a member")
        await stage.say("ann")
        await stage.say("wrong")
        await stage.shows("They do not go together.")
        await stage.say("ann")
        await stage.say("open")
        await stage.until(lambda: stage.screen.conversation is not None)
        assert "open" not in stage.text
        await stage.press("ctrl+q")
    assert "open" not in saved.saved_path().read_text()
    async with staged(fake) as stage:
        assert fake.hellos[-1].get("token") == "secret"


async def test_an_invitation_asks_for_a_name_and_a_new_password(fake: FakeServer) -> None:
    fake.greet = door
    options = JoinOptions(url=fake.url, invite="inv-1")
    async with staged(fake, options=options, connected=False) as stage:
        await stage.shows("A new password")
        await stage.say("bob")
        await stage.say("open")
        await stage.until(lambda: stage.screen.conversation is not None)
    hello = fake.hellos[-1]
    assert (hello["name"], hello["register"], hello["invite"]) == ("bob", True, "inv-1")


async def test_a_password_that_is_typed_is_neither_shown_nor_kept(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        await stage.type("/register my-secret-words")
        stage.app._remember_session()
        assert "my-secret" not in saved.saved_path().read_text()
        await stage.press("enter")
        await stage.shows("ran /register my-secret-words")
        await stage.until(lambda: "/register …" in stage.text)
        await stage.press("up")
        assert "my-secret" not in stage.draft
        await stage.press("ctrl+q")
    assert "my-secret" not in saved.saved_path().read_text()
