"""The SDK against a server that misbehaves on purpose: order, retry, resume, gaps."""

import asyncio
import itertools
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

import hubbub
from hubbub.client.backoff import Backoff
from hubbub.client.calls import Bounds
from tests.client.fake import FakeServer, Frame, fake_server
from tests.deadline import within

pytestmark = pytest.mark.real

QUICK = Bounds(
    backoff=Backoff(first_s=0.02, most_s=0.05),
    give_up_s=5.0,
    dial_timeout_s=2.0,
    hello_timeout_s=2.0,
    close_timeout_s=2.0,
)


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    async with fake_server() as server:
        yield server


async def gather(chat: hubbub.Chat, count: int, *kinds: type) -> list[hubbub.Message]:
    """The next `count` events of these kinds."""
    wanted = kinds or (hubbub.Message,)
    found: list[hubbub.Message] = []
    async with within(10):
        while len(found) < count:
            event = await anext(chat)
            if isinstance(event, wanted):
                found.append(event)  # type: ignore[arg-type]
    return found


async def until(claim: Callable[[], bool]) -> None:
    """Waits, with a bound, for something that the other side does."""
    async with within(10):
        while not claim():  # noqa: ASYNC110 - the claim is about another program
            await asyncio.sleep(0.005)


def nth_post(n: int, verdict: Frame | str) -> Callable[[Frame], Frame | str | None]:
    """A hook that does something with the nth post that arrives, counted from 1."""
    count = itertools.count(1)
    return lambda frame: verdict if next(count) == n else None


async def test_a_post_returns_its_place_and_comes_as_an_event(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, name="ann", bounds=QUICK) as chat:
        assert chat.name == "ann"
        posted = await chat.post("hi")
        assert (posted.room, posted.seq, posted.dup) == ("lobby", 1, False)
        (message,) = await gather(chat, 1)
        assert (message.text, message.sender.name, message.seq) == ("hi", "ann", 1)
    assert fake.requests[-1]["line"] == "/quit"


async def test_a_kept_session_and_a_token_leave_without_quit(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, keep_session=True, bounds=QUICK) as chat:
        assert chat.session == "secret"
    async with hubbub.connect(fake.url, token="secret", bounds=QUICK):
        pass
    assert [frame["type"] for frame in fake.requests] == ["hello", "hello"]
    assert fake.hellos[1]["token"] == "secret"


@pytest.mark.parametrize("verdict", ["cut", "store, then cut"])
async def test_posts_without_an_answer_are_sent_again_once_and_in_order(
    fake: FakeServer, verdict: str
) -> None:
    fake.before_post = nth_post(57, verdict)
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        answers = [await chat.post_soon(f"line {n}") for n in range(200)]
        places = [(await answer).seq for answer in answers]
    assert places == list(range(1, 201))
    assert fake.texts == [f"line {n}" for n in range(200)]
    assert len(fake.hellos) == 2


async def test_a_reader_sees_each_event_once_across_cuts(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        for n in range(300):
            if n % 50 == 49:
                fake.cut_all()
            await fake.say(f"line {n}")
        messages = await gather(chat, 300)
    assert [message.seq for message in messages] == list(range(1, 301))


async def test_a_break_is_told_and_so_is_the_return(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        fake.cut_all()
        event = await anext(chat)
        assert isinstance(event, hubbub.Disconnected)
        assert 0 <= event.retry_in_s <= 0.02
        assert isinstance(await anext(chat), hubbub.Reconnected)
        await chat.ping()
    assert fake.hellos[1]["token"] == "secret"
    assert fake.hellos[1]["rooms"] == {"lobby": 0}
    assert fake.hellos[1]["epoch"] == "e1"


async def test_order_holds_when_a_post_in_the_middle_is_refused_for_the_moment(
    fake: FakeServer,
) -> None:
    until_s = 0.0
    count = itertools.count(1)

    def limit(frame: Frame) -> Frame | None:
        nonlocal until_s
        now_s = asyncio.get_running_loop().time()
        if next(count) in {40, 75, 76, 120}:
            until_s = now_s + 0.05
        if now_s < until_s:
            wait_s = until_s - now_s
            return {
                "code": "rate_limited",
                "message": "slowly",
                "temporary": True,
                "retry_after": wait_s,
            }
        return None

    fake.before_post = limit
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        answers = [await chat.post_soon(f"line {n}") for n in range(150)]
        for answer in answers:
            await answer
    assert fake.texts == [f"line {n}" for n in range(150)]


async def test_posts_keep_below_the_rate_that_the_server_tells(fake: FakeServer) -> None:
    fake.limits = {"posts_per_s": 400, "posts_burst": 80}
    arrivals: list[float] = []
    fake.before_post = lambda frame: arrivals.append(asyncio.get_running_loop().time())
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        answers = [await chat.post_soon(f"line {n}") for n in range(160)]
        for answer in answers:
            await answer
    tokens, before_s = 80.0, arrivals[0]
    for now_s in arrivals:
        tokens = min(80.0, tokens + (now_s - before_s) * 400) - 1
        before_s = now_s
        assert tokens >= 0


async def test_a_refusal_for_good_raises_its_class_and_the_next_post_goes_on(
    fake: FakeServer,
) -> None:
    fake.before_post = nth_post(1, {"code": "muted", "message": "You are muted."})
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        with pytest.raises(hubbub.Muted, match="You are muted"):
            await chat.post("hi")
        assert (await chat.post("hello")).seq == 1


async def test_a_temporary_refusal_ends_the_patience_at_its_bound(fake: FakeServer) -> None:
    slowly = {"code": "rate_limited", "message": "slowly", "temporary": True, "retry_after": 0.02}
    fake.before_post = lambda frame: slowly
    bounds = Bounds(backoff=QUICK.backoff, patience_s=0.1)
    async with hubbub.connect(fake.url, bounds=bounds) as chat:
        with pytest.raises(hubbub.RateLimited) as caught:
            await chat.post("hi")
    assert caught.value.temporary
    assert 2 <= sum(frame["type"] == "post" for frame in fake.requests) <= 7


async def test_a_command_whose_answer_is_lost_is_not_run_twice(fake: FakeServer) -> None:
    fake.before_post = nth_post(1, "cut")
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        with pytest.raises(hubbub.LineLost):
            await chat.command("/me waves")
        assert await chat.command("/who") == "ran /who"
    lines = [frame["line"] for frame in fake.requests if frame["type"] == "command"]
    assert lines == ["/me waves", "/who", "/quit"]


async def test_what_is_said_while_the_line_is_down_is_sent_afterwards_once(
    fake: FakeServer,
) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await fake.stop()
        await gather(chat, 1, hubbub.Disconnected)
        saying = asyncio.gather(chat.post("one"), chat.command("/who"), chat.post("two"))
        await fake.start()
        await saying
    assert fake.texts == ["one", "two"]


async def test_a_gap_is_paged_whole_while_live_events_wait(fake: FakeServer) -> None:
    fake.replay_events = 10
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        fake.cut_all()
        for n in range(950):
            fake.append("lobby", f"missed {n}")
        await gather(chat, 1, hubbub.Reconnected)
        for n in range(50):
            await fake.say(f"live {n}")
        messages = await gather(chat, 1000)
    assert [message.seq for message in messages] == list(range(1, 1001))
    pages = [frame for frame in fake.requests if frame["type"] == "history"]
    assert len(pages) >= 5


async def test_an_entry_of_a_later_release_does_not_hold_up_a_resume(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        await fake.say("live", type="engraved", target=1)
        (entry,) = await gather(chat, 1, hubbub.Unknown)
        assert (entry.seq, entry.kind, entry.sender.name) == (1, "engraved", "bob")
        fake.cut_all()
        fake.append("lobby", "missed", type="engraved")
        fake.append("lobby", "missed too")
        (entry,) = await gather(chat, 1, hubbub.Unknown)
        (message,) = await gather(chat, 1)
    assert (entry.seq, message.seq) == (2, 3)
    assert fake.hellos[-1]["rooms"] == {"lobby": 1}
    assert not any(frame["type"] == "history" for frame in fake.requests)


async def test_a_frame_that_cannot_be_read_is_told_to_the_log(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("hubbub.client.connection")
    skipped: list[str] = []
    log.setLevel(logging.DEBUG)
    monkeypatch.setattr(log, "filters", [lambda record: skipped.append(record.getMessage())])
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        await fake.tell('{"type":"reaction","of":3}')
        await fake.tell('{"type":"typing","room":7}')
        await fake.say("after")
        await gather(chat, 1)
    log.setLevel(logging.NOTSET)
    assert len(skipped) == 2
    assert "reaction" in skipped[0]


async def test_a_room_that_cannot_be_read_for_the_moment_is_entered_again(
    fake: FakeServer,
) -> None:
    async with hubbub.connect(fake.url, name="ann", bounds=QUICK) as chat:
        await fake.say("before")
        await gather(chat, 1)
        fault = {"code": "unavailable", "message": "not now", "temporary": True, "room": "lobby"}
        await fake.tell(json.dumps({"type": "error", **fault}))
        await gather(chat, 1, hubbub.Reconnected)
        await fake.say("after")
        (event,) = await gather(chat, 1)

    assert event.text == "after"
    assert len(fake.hellos) == 2


async def test_a_slow_reader_misses_nothing_and_its_queue_stays_bounded(fake: FakeServer) -> None:
    bounds = Bounds(backoff=QUICK.backoff, queue_events=256)
    async with hubbub.connect(fake.url, bounds=bounds) as chat:
        # Nobody reads events here, and yet every post is answered.
        answers = [await chat.post_soon(f"line {n}") for n in range(2000)]
        await asyncio.gather(*answers)
        assert len(chat._inbox._queue) <= 256
        messages = await gather(chat, 2000)
    assert [message.text for message in messages] == [f"line {n}" for n in range(2000)]


async def test_another_epoch_starts_the_room_afresh_and_says_so(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        for n in range(5):
            await fake.say(f"old {n}")
        await gather(chat, 5)
        await fake.stop()
        fake.epoch, fake.logs = "e2", {"lobby": []}
        for n in range(3):
            fake.append("lobby", f"new {n}")
        await fake.start()
        await gather(chat, 1, hubbub.Restarted)
        messages = await gather(chat, 3)
        assert [message.text for message in messages] == ["new 0", "new 1", "new 2"]
        assert chat.epoch == "e2"
        await fake.say("live")
        assert (await gather(chat, 1))[0].seq == 4


async def test_whispers_that_came_while_away_are_read_from_the_read_marker_on(
    fake: FakeServer,
) -> None:
    fake.kinds["@d1"] = "direct"
    for n in range(4):
        fake.append("@d1", f"psst {n}", to=[{"id": "u1", "name": "ann"}])
    fake.logs["lobby"], fake.read = [], 1
    async with hubbub.connect(fake.url, token="secret", bounds=QUICK) as chat:
        messages = await gather(chat, 3)
        assert [message.text for message in messages] == ["psst 1", "psst 2", "psst 3"]
        await fake.say("psst 4", "@d1", to=[{"id": "u1", "name": "ann"}])
        fake.kinds["@d2"] = "direct"
        await fake.say("psst 0", "@d2", to=[{"id": "u1", "name": "ann"}])
        assert [m.room for m in await gather(chat, 2)] == ["@d1", "@d2"]
        fake.cut_all()
        await gather(chat, 1, hubbub.Reconnected)
        fake.append("@d2", "psst 1", to=[{"id": "u1", "name": "ann"}])
        fake.cut_all()
        assert [message.text for message in await gather(chat, 1)] == ["psst 1"]
    assert fake.hellos[1]["rooms"] == {"lobby": 0}


async def test_direct_rooms_are_resumed_by_another_process_and_in_another_log(
    fake: FakeServer,
) -> None:
    fake.kinds["@d1"] = "direct"
    for n in range(4):
        fake.append("@d1", f"psst {n}", to=[{"id": "u1", "name": "ann"}])
    rooms = {"lobby": 0, "@d1": 3}
    async with hubbub.connect(fake.url, token="secret", rooms=rooms, bounds=QUICK) as chat:
        assert [message.text for message in await gather(chat, 1)] == ["psst 3"]
        fake.epoch = "e2"
        fake.cut_all()
        restarted = await gather(chat, 2, hubbub.Restarted)
        assert {event.room for event in restarted} == {"lobby", "@d1"}
        assert len(await gather(chat, 4)) == 4


async def test_a_direct_room_that_is_not_there_is_told(fake: FakeServer) -> None:
    with pytest.raises(hubbub.NoSuchRoom, match="no direct room @x") as told:
        async with hubbub.connect(fake.url, rooms=["lobby", "@x"], bounds=QUICK):
            pass
    assert told.value.room == "@x"


def forgetful(taken: str | None = None) -> Callable[[Frame], Frame | None]:
    """Knows no session any more, and somebody else has that name."""

    def greet(hello: Frame) -> Frame | None:
        code = "bad_token" if "token" in hello else "name_taken"
        known = "token" not in hello and hello.get("name") != taken
        refusal = {"type": "error", "code": code, "message": "No.", "temporary": False}
        return None if known else refusal

    return greet


@pytest.mark.parametrize(("taken", "name"), [(None, "ann"), ("ann", "user0")])
async def test_a_guest_who_was_forgotten_comes_back_as_a_new_one(
    fake: FakeServer, taken: str | None, name: str
) -> None:
    async with hubbub.connect(fake.url, name="ann", bounds=QUICK) as chat:
        await chat.post("before")
        fake.greet = forgetful(taken)
        # Whether it was stored, another user's nonce does not tell.
        fake.before_post = nth_post(1, "store, then cut")
        uncertain = await chat.post_soon("once")
        (told,) = await gather(chat, 1, hubbub.NewGuest)
        assert told == hubbub.NewGuest(name)
        assert chat.name == name
        with pytest.raises(hubbub.LineLost, match="may have been said or not"):
            await uncertain
        await chat.post("after")
    assert fake.texts == ["before", "once", "after"]
    assert [hello.get("name") for hello in fake.hellos[-2:]] == (
        [None, "ann"] if taken is None else ["ann", None]
    )


async def test_an_account_whose_token_ran_out_is_no_guest(fake: FakeServer) -> None:
    fake.kind = "account"
    async with hubbub.connect(fake.url, token="secret", bounds=QUICK) as chat:
        fake.greet = forgetful()
        fake.cut_all()
        with pytest.raises(hubbub.ConnectionFailed, match="Cannot come back"):
            await gather(chat, 1)


async def test_another_process_goes_on_where_the_first_stopped(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, keep_session=True, bounds=QUICK) as chat:
        for n in range(6):
            await fake.say(f"line {n}")
        await gather(chat, 4)
        seen, token, epoch = chat.seen, chat.session, chat.epoch
    assert seen == {"lobby": 4}
    async with hubbub.connect(fake.url, token=token, epoch=epoch, rooms=seen, bounds=QUICK) as chat:
        assert [message.seq for message in await gather(chat, 2)] == [5, 6]


async def test_the_last_page_comes_first_only_when_asked_for(fake: FakeServer) -> None:
    for n in range(80):
        fake.append("lobby", f"old {n}")
    async with hubbub.connect(fake.url, backlog=True, bounds=QUICK) as chat:
        assert [message.seq for message in await gather(chat, 50)] == list(range(31, 81))
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await fake.say("live")
        assert [message.text for message in await gather(chat, 1)] == ["live"]


async def test_unknown_events_and_fields_are_skipped(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        await fake.tell({"type": "reaction", "room": "lobby", "emoji": "x"})
        await fake.tell({"type": "presence", "room": "lobby", "state": "levitating"})
        await fake.tell("not JSON")
        await fake.say("hi", a_later_field={"deep": [1]})
        assert [message.text for message in await gather(chat, 1)] == ["hi"]
        assert len(fake.hellos) == 1


async def test_a_refused_name_raises_from_connect(fake: FakeServer) -> None:
    fake.greet_with = {"type": "error", "code": "name_taken", "message": "x", "temporary": False}
    with pytest.raises(hubbub.NameTaken):
        async with hubbub.connect(fake.url, name="ann", bounds=QUICK):
            pass


async def test_a_refusal_with_a_code_of_a_later_release_is_a_plain_refusal(
    fake: FakeServer,
) -> None:
    fake.greet_with = {"type": "error", "code": "eclipse", "message": "Dark.", "temporary": True}
    with pytest.raises(hubbub.Refusal, match="Dark") as caught:
        async with hubbub.connect(fake.url, bounds=QUICK):
            pass
    assert caught.value.temporary


async def test_the_environment_says_where_and_by_which_token(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBBUB_URL", fake.url)
    monkeypatch.setenv("HUBBUB_TOKEN", "secret")
    async with hubbub.connect(bounds=QUICK):
        pass
    assert fake.hellos[-1]["token"] == "secret"
    # A session is left as it was, as where the token is an argument.
    assert fake.requests[-1]["type"] == "hello"
    async with hubbub.connect(name="ann", bounds=QUICK):
        pass
    assert fake.hellos[-1].get("token") is None
    async with hubbub.connect(name="ann", password="x", bounds=QUICK):
        pass
    assert fake.hellos[-1].get("token") is None


async def test_a_nonce_of_ones_own_makes_a_post_of_two_runs_one_message(fake: FakeServer) -> None:
    for again in (False, True):
        async with hubbub.connect(fake.url, bounds=QUICK) as chat:
            posted = await chat.post("build 7 is done", nonce="build-7")
            assert (posted.seq, posted.dup) == (1, again)
    assert fake.texts == ["build 7 is done"]


async def test_a_nonce_that_no_server_takes_is_refused_at_once(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        for nonce in ("", "x" * 65):
            with pytest.raises(hubbub.BadRequest, match="1 to 64 characters"):
                await chat.post("hi", nonce=nonce)
    assert fake.texts == []


async def test_a_message_tells_its_instant_in_utc(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await fake.say("hi")
        (message,) = await gather(chat, 1)
    assert message.instant == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert message.at == "2026-01-31T12:00:00.000Z"


@pytest.mark.parametrize(("kind", "line"), [("guest", "/quit"), ("member", "/logout")])
async def test_whoever_is_refused_a_room_leaves_no_session_behind(
    fake: FakeServer, kind: str, line: str
) -> None:
    fake.kind = kind
    with pytest.raises(hubbub.NoSuchRoom):
        async with hubbub.connect(fake.url, rooms=["lobby", "@x"], bounds=QUICK):
            pass
    assert fake.requests[-1]["line"] == line

    with pytest.raises(hubbub.NoSuchRoom):
        async with hubbub.connect(fake.url, token="secret", rooms=["@x"], bounds=QUICK):
            pass
    assert fake.requests[-1]["type"] == "hello"


async def test_a_token_refused_on_the_way_back_ends_the_connection(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        fake.greet_with = {"type": "error", "code": "bad_token", "message": "x", "temporary": False}
        fake.cut_all()
        with pytest.raises(hubbub.ConnectionFailed, match="Cannot come back"):
            async for _ in chat:
                pass
        with pytest.raises(hubbub.ConnectionFailed):
            await chat.post("hi")


async def test_a_ban_ends_the_connection_with_its_code(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await until(lambda: bool(fake.lines))
        await fake.lines[0].close(4003, "for spam")
        with pytest.raises(
            hubbub.ConnectionFailed, match=r"You are banned from this server: for spam\."
        ) as caught:
            async for _ in chat:
                pass
        assert caught.value.code == 4003


async def test_a_server_that_says_goodbye_ends_the_iteration(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        assert await chat.command("/quit") == "ran /quit"
        assert [event async for event in chat] == []


async def test_a_server_that_never_comes_back_is_given_up_at_the_bound(fake: FakeServer) -> None:
    bounds = Bounds(backoff=QUICK.backoff, give_up_s=0.3)
    async with hubbub.connect(fake.url, bounds=bounds) as chat:
        await fake.stop()
        with pytest.raises(hubbub.ConnectionFailed, match="Gave up after"):
            await chat.post("hi")


async def test_a_silent_server_is_noticed(fake: FakeServer) -> None:
    bounds = Bounds(backoff=QUICK.backoff, ping_s=0.05)
    fake._ping = lambda frame: []  # type: ignore[attr-defined]
    async with hubbub.connect(fake.url, bounds=bounds) as chat:
        event = await anext(chat)
        assert isinstance(event, hubbub.Disconnected)
        assert "silent" in event.reason


async def test_a_server_without_the_subprotocol_is_named_as_one() -> None:
    async with fake_server(json_dialect=False) as tutorial:
        with pytest.raises(hubbub.PlainServer, match="connect_plain"):
            async with hubbub.connect(tutorial.url, bounds=QUICK):
                pass
        async with hubbub.connect_plain(tutorial.url, name="ann") as line:
            await line.send("hi")
            assert await anext(line) == "[user0]: hi"


async def test_no_server_is_a_failure_with_a_sentence(unused_tcp_port: int) -> None:
    with pytest.raises(hubbub.ConnectionFailed, match="nothing listens there"):
        async with hubbub.connect(f"127.0.0.1:{unused_tcp_port}", bounds=QUICK):
            pass


async def test_a_server_that_never_answers_is_given_up_at_the_bound() -> None:
    bounds = Bounds(dial_timeout_s=0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(hubbub.ConnectionFailed, match="did not answer in time"),
    ):
        async with hubbub.connect(f"127.0.0.1:{silent.getsockname()[1]}", bounds=bounds):
            pass


async def test_a_frame_over_the_servers_limit_never_leaves(fake: FakeServer) -> None:
    fake.limits = {"frame_bytes": 500}
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        with pytest.raises(hubbub.TooLong, match="the limit is 500"):
            await chat.post("x" * 500)
        with pytest.raises(hubbub.BadRequest, match="surrogate"):
            await chat.post("\ud800")
        await chat.post("short")


async def test_leaving_the_block_waits_for_answers_and_leaves_no_task(fake: FakeServer) -> None:
    before = asyncio.all_tasks()
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        for n in range(30):
            await chat.post_soon(f"line {n}")
    assert len(fake.texts) == 30
    await until(lambda: not fake.lines)
    names = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not any("hubbub" in name for name in names)


async def test_an_error_in_the_block_comes_out_as_itself(fake: FakeServer) -> None:
    with pytest.raises(ZeroDivisionError):
        async with hubbub.connect(fake.url, bounds=QUICK):
            raise ZeroDivisionError


async def test_a_joined_and_left_room_is_resumed_or_not(fake: FakeServer) -> None:
    async with hubbub.connect(fake.url, bounds=QUICK) as chat:
        await chat.join("Dev")
        assert set(chat.followed) == {"lobby", "Dev"}
        await chat.leave("lobby")
        assert (await chat.post("hi")).room == "Dev"
        fake.cut_all()
        await gather(chat, 1, hubbub.Reconnected)
    assert set(json.loads(json.dumps(fake.hellos[1]["rooms"]))) == {"Dev"}
