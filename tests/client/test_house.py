"""The SDK on a real server: deleting, searching, sessions, audit, bans, and rooms renamed."""

from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import pytest

import hubbub
from hubbub.client.backoff import Backoff
from hubbub.client.calls import Bounds
from tests.accounts import PASSWORD
from tests.conftest import Serve, Server
from tests.deadline import within

pytestmark = pytest.mark.real

QUICK = Bounds(backoff=Backoff(first_s=0.05, most_s=0.2), give_up_s=20.0)
EventT = TypeVar("EventT", bound=object)


def member(server: Server, name: str, *rooms: str) -> AbstractAsyncContextManager[hubbub.Chat]:
    return hubbub.connect(
        server.url, name=name, password=PASSWORD, rooms=list(rooms) or None, bounds=QUICK
    )


async def next_of(chat: hubbub.Chat, kind: type[EventT], **fields: object) -> EventT:
    """The next event of a kind with these fields."""
    async with within(10):
        async for event in chat:
            if isinstance(event, kind) and all(
                getattr(event, key) == value for key, value in fields.items()
            ):
                return event
    raise AssertionError("the connection ended")


async def test_a_deleted_message_has_lost_its_text_for_everybody(house: Server) -> None:
    async with member(house, "ann", "deeds") as ann, member(house, "bob", "deeds") as bob:
        said = await bob.post("what a mess", "deeds")
        own = await ann.post("mine", "deeds")
        with pytest.raises(hubbub.Forbidden):
            await bob.delete("deeds", own.seq)
        await ann.delete("deeds", said.seq, "rude")

        deleted = await next_of(bob, hubbub.Deleted)
        assert (deleted.target, deleted.sender.name) == (said.seq, "ann")
        page = await bob.history("deeds")
        first = page.events[0]
        assert isinstance(first, hubbub.Message)
        assert (first.text, first.deleted) == ("", True)
        assert "delete" in {entry.act for entry in (await ann.audit("deeds")).entries}


async def test_search_finds_the_newest_first_and_goes_on_by_next(house: Server) -> None:
    async with member(house, "ann", "hay") as ann:
        for number in range(5):
            await ann.post(f"Needle {number}", "hay")
        await ann.post("hay", "hay")
        found = await ann.search("needle", "hay", limit=3)
        rest = await ann.search("needle", "hay", before=found.next, limit=3)

    texts = [message.text for message in (*found.events, *rest.events)]
    assert texts == [f"Needle {number}" for number in (4, 3, 2, 1, 0)]


async def test_sessions_are_listed_and_one_that_is_ended_is_final(house: Server) -> None:
    async with member(house, "cara") as here, member(house, "cara") as there:
        sessions = (await here.sessions()).sessions
        assert sum(session.current for session in sessions) == 1
        current = next(s for s in (await there.sessions()).sessions if s.current)
        await here.command(f"/sessions end {current.id}")
        with pytest.raises(hubbub.ConnectionFailed, match="You are signed out here") as caught:
            async for _ in there:
                pass
        assert caught.value.code == 4001
        assert there.failure is caught.value


async def test_bans_and_acts_are_told_to_those_who_may_and_a_ban_is_final(house: Server) -> None:
    async with member(house, "ann") as ann, member(house, "bob") as bob:
        assert "ban" in ann.may
        assert "ban" not in bob.may
        async with hubbub.connect(house.url, name="mallory", bounds=QUICK) as mallory:
            await ann.command("/mute mallory 10m loud")
            assert "loud" in (await next_of(mallory, hubbub.Notice)).text
            with pytest.raises(hubbub.Muted):
                await mallory.post("and yet")
            await ann.command("/ban mallory 1h spam")
            with pytest.raises(hubbub.ConnectionFailed, match=r"You are banned.*spam") as caught:
                async for _ in mallory:
                    pass
            assert caught.value.code == 4003
        with pytest.raises(hubbub.Banned):
            async with hubbub.connect(house.url, name="mallory"):
                pass
        bans = (await ann.bans()).bans
        assert {(ban.kind, ban.whom, ban.reason) for ban in bans} >= {("ban", "mallory", "spam")}
        acts = (await ann.audit()).entries
        assert [(entry.act, entry.whom) for entry in acts[:2]] == [
            ("ban", "mallory"),
            ("mute", "mallory"),
        ]
        with pytest.raises(hubbub.Forbidden):
            await bob.audit()


async def test_a_role_is_told_live_and_brings_its_rights(house: Server) -> None:
    async with member(house, "ann", "roles") as ann, member(house, "cara", "roles") as cara:
        await ann.command("/role cara moderator here", "roles")
        standing = await next_of(cara, hubbub.Standing, room="roles")
        assert (standing.role, "kick" in standing.may) == ("moderator", True)
        await ann.command("/role cara moderator", "roles")
        while (await next_of(cara, hubbub.You)).user.role != "moderator":
            pass
        assert "ban" in cara.may
        assert "ban" in {command.name for command in cara.welcome.commands}
        await ann.command("/role cara member", "roles")


async def test_a_room_that_is_renamed_goes_on_under_its_new_name(house: Server) -> None:
    async with member(house, "ann", "before") as ann, member(house, "bob", "before") as bob:
        await bob.post("one", "before")
        answers = [await bob.post_soon(f"more {n}", "before") for n in range(20)]
        await ann.command("/room rename after", "before")
        # Those before it may have been quicker; this one comes after, under the former name.
        answers.append(await bob.post_soon("the last", "before"))
        assert [(await answer).room for answer in answers][-1] == "after"

        renamed = await next_of(bob, hubbub.Renamed)
        assert (renamed.was, renamed.room) == ("before", "after")
        await next_of(bob, hubbub.Settings, was="before")
        assert bob.followed == ("after",)
        await ann.post("two", "after")
        assert (await next_of(bob, hubbub.Message, text="two")).room == "after"
        assert set(bob.seen) == {"after"}


async def test_a_rename_while_the_line_is_down_loses_and_repeats_nothing(serve: Serve) -> None:
    server = serve("--registration", "open", "--rate-limits", "off")
    async with hubbub.connect(
        server.url, name="ann", password=PASSWORD, register=True, rooms=["old"], bounds=QUICK
    ) as ann:
        await ann.post("one", "old")
        session, epoch, seen = ann.session, ann.epoch, {"old": 1}
        await ann.command("/room rename new")
        async with hubbub.connect(
            server.url, token=session, epoch=epoch, rooms=seen, bounds=QUICK
        ) as again:
            # Asked for by its former name, it comes under the new one from where it was seen.
            settings = await next_of(again, hubbub.Settings)
            assert (settings.room, settings.was, settings.seq) == ("new", "old", 2)
            assert again.followed == ("new",)
            server.terminate()
            soon = await again.post_soon("two", "new")
            server.start()
            assert (await soon).seq == 3
            assert (await next_of(again, hubbub.Message)).text == "two"


async def test_another_client_comes_back_with_the_secret_that_was_kept(serve: Serve) -> None:
    server = serve("--registration", "open", "--rate-limits", "off")
    async with (
        hubbub.connect(server.url, name="eve", keep_session=True, bounds=QUICK) as eve,
        hubbub.connect(
            server.url, token=eve.session, kept_token=lambda name: eve.session, bounds=QUICK
        ) as other,
    ):
        await eve.command(f"/register {PASSWORD}")
        await next_of(eve, hubbub.You)
        await next_of(other, hubbub.Reconnected)
        assert (other.session, other.user.kind) == (eve.session, "member")
