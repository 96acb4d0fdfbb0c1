"""The full-screen client as people use it: keys in, a screen out, a server that can misbehave."""

import json
import stat
from pathlib import Path

import pytest
from textual import events
from textual.worker import WorkerFailed

from hubbub.client.options import JoinOptions
from hubbub.client.tui.app import HubbubApp
from hubbub.client.tui.composer import Composer
from hubbub.client.tui.conversation import Conversation
from tests.client.fake import FakeServer, Frame
from tests.client.tui.scene import ANN, BOB, CARA, fill
from tests.client.tui.stage import config_of, staged

pytestmark = pytest.mark.real


async def test_a_message_is_shown_once_and_the_line_is_empty_again(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        await stage.say("hello there")
        await stage.shows("hello there")
        await stage.until(lambda: not stage.conversation.view.timeline.pending)

        assert stage.text.count("hello there") == 1
        assert stage.draft == ""
        assert fake.texts == ["hello there"]


async def test_a_message_is_there_before_the_server_has_it(fake: FakeServer) -> None:
    fake.before_post = lambda frame: "cut"
    async with staged(fake) as stage:
        await stage.say("patience")
        await stage.shows("patience", "Not connected")
        assert fake.texts == []

        fake.before_post = lambda frame: None
        await stage.until(lambda: fake.texts == ["patience"])
        await stage.lacks("Not connected")
        assert stage.text.count("patience") == 1


async def test_a_post_whose_answer_was_lost_is_there_once(fake: FakeServer) -> None:
    verdicts = ["store, then cut"]
    fake.before_post = lambda frame: verdicts.pop() if verdicts else None
    async with staged(fake) as stage:
        await stage.say("only once")
        await stage.until(lambda: len(fake.hellos) > 1)
        await stage.until(lambda: not stage.conversation.view.timeline.pending)

        assert fake.texts == ["only once"]
        assert stage.text.count("only once") == 1


async def test_what_is_refused_stays_says_why_and_can_be_sent_again(fake: FakeServer) -> None:
    fake.before_post = lambda frame: {"code": "muted", "message": "You are muted."}
    async with staged(fake) as stage:
        await stage.say("let me speak")
        await stage.shows("not sent: You are muted.")

        fake.before_post = lambda frame: None
        await stage.press("ctrl+up")
        await stage.shows("R send again  X drop")
        await stage.press("r")
        await stage.until(lambda: fake.texts == ["let me speak"])
        await stage.lacks("not sent")
        # What is written next is written, and no key for a message.
        await stage.type("mr x")
        assert stage.draft == "mr x"


async def test_whoever_clicks_on_a_message_writes_on(fake: FakeServer) -> None:
    await fake.say("hello", sender=BOB)
    fake.append("lobby", "hello", **{"from": BOB})
    async with staged(fake) as stage:
        await stage.pilot.click("#messages", offset=(40, 18))
        await stage.type("mr x")
        assert stage.draft == "mr x"


async def test_words_are_left_and_deleted_as_in_a_shell(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        await stage.type("one two three")
        await stage.press("alt+b", "alt+b", "alt+d")
        assert stage.draft == "one  three"
        await stage.press("ctrl+w", "alt+f", "exclamation_mark")
        assert stage.draft == " three!"


async def test_the_draft_and_its_cursor_outlive_a_server_that_restarts(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        await stage.type("half a sen")
        await stage.press("left", "left")
        at = stage.screen.composer.cursor_location
        await fake.stop()
        fake.cut_all()
        await stage.shows("Not connected")
        fake.append("lobby", "said meanwhile")
        await fake.start()
        await stage.shows("said meanwhile")
        await stage.lacks("Not connected")

        assert (stage.draft, stage.screen.composer.cursor_location) == ("half a sen", at)
        assert stage.text.count("said meanwhile") == 1


async def test_what_arrives_moves_neither_text_nor_cursor(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        for number in range(500):
            await fake.say(f"message {number}")
            if number % 25 == 0:
                await stage.press("abcdefghij"[number // 50])
        await stage.shows("message 499")

        assert stage.draft == "aabbccddeeffgghhiijj"
        assert stage.screen.composer.cursor_location == (0, 20)


# --- rooms


async def test_rooms_have_numbers_counts_drafts_and_places(fake: FakeServer) -> None:
    fill(fake)
    options = JoinOptions(url=fake.url, name="ann", rooms=("lobby", "dev"))
    async with staged(fake, options=options) as stage:
        await stage.shows(" 1 lobby", " 2 dev", "new messages")
        await stage.type("for the lobby")
        await stage.press("alt+2")
        await stage.shows("#dev", "commit 3", "Message dev")
        assert stage.draft == ""

        await fake.say("@ann look", "lobby", BOB)
        await stage.until(lambda: "@1" in stage.lines[1])
        await stage.press("alt+up")
        await stage.shows("#lobby", "@ann look")
        assert stage.draft == "for the lobby"
        await stage.until(lambda: "@1" not in stage.lines[1])


async def test_alt_a_goes_where_something_is_new(fake: FakeServer) -> None:
    options = JoinOptions(url=fake.url, name="ann", rooms=("lobby", "dev", "ops"))
    async with staged(fake, options=options) as stage:
        await fake.say("anybody?", "ops")
        await stage.until(lambda: stage.conversation.view.chat.rooms["ops"].unread == 1)
        await stage.press("alt+a")

        await stage.shows("#ops", "anybody?")


async def test_the_switcher_finds_rooms_and_makes_new_ones(fake: FakeServer) -> None:
    fill(fake)
    async with staged(fake) as stage:
        await stage.press("ctrl+k")
        await stage.type("gard")
        await stage.shows("enter or make this room")
        await stage.press("enter")
        await stage.shows("#gard")

        await stage.press("ctrl+k")
        await stage.type("lob")
        await stage.press("enter")
        await stage.shows("#lobby")


async def test_a_room_that_is_left_is_gone(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        await stage.say("/join dev")
        await stage.shows("#dev")
        await stage.say("/leave DEV")
        await stage.shows("#lobby")

        assert stage.conversation.view.order == ("lobby",)


async def test_a_room_that_goes_away_while_one_writes_takes_no_word_elsewhere(
    fake: FakeServer,
) -> None:
    options = JoinOptions(url=fake.url, name="ann", rooms=("lobby", "dev"))
    async with staged(fake, options=options) as stage:
        await stage.type("for the lob")
        gone = {"type": "presence", "room": "lobby", "user": ANN, "state": "left"}
        await fake.tell(gone)
        await stage.shows("no room", "You are no longer in lobby.")
        await stage.say("by")
        await stage.shows("You are in no room; /join ROOM enters one.")
        assert stage.draft == "for the lobby"

        await stage.press("alt+1")
        await stage.shows("#dev", "Up brings it back")
        assert stage.draft == ""
        await stage.press("up")
        assert stage.draft == "for the lobby"
        assert (fake.texts, fake.logs["dev"]) == ([], [])


async def test_what_was_said_into_a_room_that_is_gone_is_told(fake: FakeServer) -> None:
    gone = {"type": "presence", "room": "lobby", "user": ANN, "state": "left"}
    refusal = {"type": "error", "code": "not_a_member", "message": "Not in lobby."}
    fake._post = lambda frame: [gone, {**refusal, "id": frame["id"], "temporary": False}]  # type: ignore[method-assign]
    async with staged(fake) as stage:
        await stage.say("lost words")
        await stage.shows("no longer in lobby", "Not sent to lobby: lost words", "Not in lobby.")


async def test_a_page_that_is_refused_is_asked_for_again_only_when_the_reader_moves(
    fake: FakeServer,
) -> None:
    for number in range(200):
        fake.append("lobby", f"number {number}.")
    async with staged(fake) as stage:
        refusal = {"type": "error", "code": "not_a_member", "message": "No.", "temporary": False}
        fake._history = lambda frame: [{**refusal, "id": frame["id"]}]  # type: ignore[method-assign]
        asked = len(fake.requests)

        def pages() -> int:
            return sum(frame["type"] == "history" for frame in fake.requests[asked:])

        for _ in range(6):
            await stage.press("pageup")
        await stage.until(lambda: pages() > 0)
        await stage.pilot.pause(0.05)
        some = pages()
        assert some <= 6
        for _ in range(10):
            stage.screen.draw()
            await stage.pilot.pause()
        assert pages() == some
        await stage.press("pageup")
        await stage.until(lambda: pages() > some)


async def test_what_comes_while_nobody_looks_is_new(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        await fake.say("seen")
        await stage.shows("seen")
        await stage.until(lambda: stage.conversation.view.chat.rooms["lobby"].unread == 0)
        stage.app.post_message(events.AppBlur())
        await stage.until(lambda: not stage.app.app_focus)
        await fake.say("unseen")
        await stage.shows("new messages")
        assert stage.conversation.view.chat.rooms["lobby"].unread == 1

        stage.app.post_message(events.AppFocus())
        await stage.until(lambda: stage.conversation.view.chat.rooms["lobby"].unread == 0)


async def test_going_to_a_room_with_a_draft_tells_nobody_that_one_writes(fake: FakeServer) -> None:
    options = JoinOptions(url=fake.url, name="ann", rooms=("lobby", "dev"))
    async with staged(fake, options=options) as stage:
        await stage.type("half")
        await stage.press("alt+2")
        stage.conversation._wrote_s = float("-inf")
        told = [frame for frame in fake.requests if frame["type"] == "typing"]
        await stage.press("alt+1")
        await stage.until(lambda: stage.draft == "half")
        await stage.pilot.pause()

        assert [frame for frame in fake.requests if frame["type"] == "typing"] == told
        await stage.type("x")
        await stage.until(
            lambda: len([f for f in fake.requests if f["type"] == "typing"]) > len(told)
        )


async def test_a_mark_that_is_refused_stops_no_other(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        marks: list[str] = []

        def read(frame: Frame) -> list[Frame | str]:
            marks.append(frame["room"])
            no = {"code": "not_a_member", "message": "No.", "temporary": False}
            return [{"type": "error", "id": frame["id"], **no}]

        fake._read = read  # type: ignore[attr-defined]
        stage.conversation._marks.update({"gone": 1, "lobby": 1, "dev": 1})
        await stage.conversation.send_marks()
        assert marks == ["gone", "lobby", "dev"]


async def test_a_fault_of_the_conversation_ends_it_aloud(fake: FakeServer) -> None:
    async def broken(self: Conversation) -> None:
        raise RuntimeError("a fault of ours")

    async def run() -> None:
        async with staged(fake) as stage:
            stage.conversation._start("fault", "", broken(stage.conversation))
            await stage.until(lambda: not stage.app.is_running)

    with pytest.raises(WorkerFailed, match="a fault of ours"):
        await run()


async def test_a_whisper_has_a_room_of_its_own_and_rings(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[bool] = []
    monkeypatch.setattr(HubbubApp, "bell", lambda self: rung.append(True))
    async with staged(fake) as stage:
        fake.kinds["@d1"] = "direct"
        await fake.say("lunch?", "@d1", CARA, to=[ANN])
        await stage.until(lambda: "caroline" in stage.text)
        await stage.until(lambda: rung == [True])
        await stage.press("alt+l")
        await fake.say("hello?", "@d1", CARA, to=[ANN])
        await stage.until(lambda: stage.conversation.view.alerts == 2)
        await stage.pilot.pause()
        assert rung == [True]

        await stage.press("alt+2")
        await stage.shows("lunch?")


# --- reading


async def test_scrolling_back_loads_older_pages_and_stays_where_it_is(fake: FakeServer) -> None:
    for number in range(1, 401):
        fake.append("lobby", f"number {number}.")
    async with staged(fake) as stage:
        await stage.shows("number 400.")
        while "number 1." not in stage.text:
            await stage.press("pageup")
            await stage.until(lambda: not stage.conversation.paging.loading)
            await stage.pilot.pause()
        await stage.press("ctrl+home")
        await stage.shows("number 1.", "the beginning", "more below")

        top = stage.lines[3]
        for _ in range(20):
            await fake.say("and more")
        await stage.until(lambda: stage.conversation.view.chat.rooms["lobby"].last == 420)
        await stage.pilot.pause()
        assert stage.lines[3] == top

        await stage.press("escape")
        await stage.shows("and more")
        await stage.lacks("more below")


async def test_what_is_new_has_a_mark_that_a_key_goes_to(fake: FakeServer) -> None:
    for number in range(1, 81):
        fake.append("lobby", f"number {number}.")
    fake.unread = {"lobby": 60}
    async with staged(fake) as stage:
        await stage.lacks("new messages")
        await stage.press("alt+u")

        await stage.shows("new messages", "number 21.")


async def test_search_goes_from_match_to_match(fake: FakeServer) -> None:
    for number in range(1, 91):
        fake.append("lobby", "the needle" if number in {3, 40} else f"hay {number}")
    async with staged(fake) as stage:
        await stage.press("ctrl+f")
        await stage.type("needle")
        await stage.shows("the needle", "1 of 2")
        await stage.press("enter")
        await stage.shows("2 of 2", "hay 4")
        await stage.press("down")
        await stage.shows("1 of 2")
        await stage.press("up")
        await stage.shows("2 of 2")
        await stage.press("escape")

        assert isinstance(stage.app.focused, Composer)
        assert stage.screen.messages.cursor is None


async def test_a_chosen_message_can_be_answered_copied_and_followed(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f"""#!/bin/sh
if [ -t 0 ] || [ -t 1 ]; then terminal=1; else terminal=0; fi
echo "$1 $terminal" > {opened}.part && mv {opened}.part {opened}
sleep 5
""")
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    monkeypatch.setenv("DISPLAY", ":99")
    fake.append("lobby", "see https://example.org/x. \x1b]52;c;eA==\x07", **{"from": BOB})
    async with staged(fake) as stage:
        await stage.press("ctrl+up", "o")
        await stage.until(opened.exists)
        assert opened.read_text() == "https://example.org/x 0\n"
        # A browser for terminals would take this one.
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        await stage.press("o")
        await stage.shows("There is no browser here; copied https://example.org/x")
        await stage.press("c")
        assert stage.app.clipboard == "see https://example.org/x. �]52;c;eA==�"
        await stage.press("w")

        assert stage.draft == "/whisper bob "
        assert isinstance(stage.app.focused, Composer)


async def test_the_text_can_be_read_without_frames(fake: FakeServer) -> None:
    fill(fake)
    async with staged(fake) as stage:
        await stage.press("f4")
        await stage.shows("09:22 caroline: @ann would you look", "Esc closes")
        await stage.press("up", "up", "c")
        assert stage.app.clipboard.startswith("09:22 caroline: @ann would you look at")
        await stage.press("escape")

        await stage.shows("Message lobby")


# --- writing


async def test_tab_completes_and_goes_on_to_the_next(fake: FakeServer) -> None:
    fill(fake)
    async with staged(fake) as stage:
        await stage.until(lambda: len(stage.conversation.view.chat.names) == 3)
        await stage.type("/n")
        await stage.shows("Changes your name.")
        await stage.press("tab", "tab", "tab")
        assert stage.draft == "/notify "
        await stage.press("ctrl+c")
        await stage.type("@ca")
        await stage.press("tab")
        assert stage.draft == "@caroline "
        await stage.type(":tad")
        await stage.press("tab")
        assert stage.draft == "@caroline 🎉 "


async def test_several_lines_are_written_pasted_and_recalled(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        await stage.type("one")
        await stage.press("ctrl+j")
        await stage.type("two")
        stage.screen.composer.post_message(_paste("\r\nthree \x1b[31mred"))
        await stage.until(lambda: "three" in stage.draft)
        assert stage.draft == "one\ntwo\nthree \ufffd[31mred"
        await stage.press("enter")
        await stage.until(lambda: len(fake.texts) == 1)

        await stage.type("draft")
        await stage.press("up")
        assert stage.draft == "one\ntwo\nthree \ufffd[31mred"
        await stage.press("down")
        assert stage.draft == "draft"


def _paste(text: str) -> object:
    from textual.events import Paste

    return Paste(text)


async def test_a_text_past_the_limit_stays_where_it_is(fake: FakeServer) -> None:
    fake.limits["text_bytes"] = 10
    async with staged(fake) as stage:
        await stage.say("more than ten")
        await stage.shows("the limit is 10")

        assert stage.draft == "more than ten"


async def test_commands_of_the_server_answer_in_the_room(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        await stage.say("/who")

        await stage.shows("ran /who")


async def test_help_and_palette_have_every_key(fake: FakeServer) -> None:
    async with staged(fake, size=(100, 100)) as stage:
        await stage.press("f1")
        await stage.shows("Alt+Up", "Ctrl+K", "Go to a room by its name", "PageUp", "Esc")
        await stage.press("escape", "ctrl+p")
        await stage.shows("Do something", "Search in what is loaded")
        await stage.type("people")
        await stage.press("enter")
        await stage.until(lambda: not stage.screen._people.display)


# --- coming and going


async def test_without_a_name_one_is_asked_and_a_taken_one_is_asked_again(
    fake: FakeServer,
) -> None:
    taken = {"type": "error", "code": "name_taken", "message": "Somebody is ann."}
    fake.greet_with = {**taken, "temporary": False}
    options = JoinOptions(url=fake.url)
    async with staged(fake, options=options, connected=False) as stage:
        await stage.until(lambda: "Your name" in stage.text)
        await stage.say("ann")
        await stage.shows("Somebody is ann.")
        fake.greet_with = None
        await stage.say("cara")
        await stage.until(lambda: stage.screen.conversation is not None)

        assert [hello.get("name") for hello in fake.hellos] == ["ann", "cara"]


async def test_a_guest_comes_back_as_the_same_person_to_the_same_rooms(
    fake: FakeServer, tmp_path: Path
) -> None:
    async with staged(fake) as stage:
        await stage.say("/join dev")
        await stage.shows("#dev")
        await stage.press("ctrl+q")
        await stage.until(lambda: stage.app.return_value is not None)
    kept = config_of(tmp_path / "config")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    [session] = json.loads(kept.read_text())["sessions"][f"http://{fake.url}"]
    assert (session["token"], session["name"], session["room"]) == ("secret", "ann", "dev")
    assert session["rooms"] == ["lobby", "dev"]

    async with staged(fake, options=JoinOptions(url=fake.url)) as stage:
        await stage.shows("#dev")
        assert fake.hellos[-1]["token"] == "secret"
        assert set(fake.hellos[-1]["rooms"]) == {"lobby", "dev"}


async def test_a_session_that_has_run_out_gives_way_to_the_name(
    fake: FakeServer, tmp_path: Path
) -> None:
    async with staged(fake) as stage:
        await stage.press("ctrl+q")
    bad = {"type": "error", "code": "bad_token", "message": "Unknown.", "temporary": False}
    answers = [bad]
    real = fake._hello
    fake._hello = lambda line, frame: [answers.pop()] if answers else real(line, frame)  # type: ignore[method-assign]

    async with staged(fake, options=JoinOptions(url=fake.url)) as stage:
        assert stage.conversation.chat.name == "ann"
        assert "token" not in fake.hellos[-1]


async def test_quitting_with_something_unsent_asks_once(fake: FakeServer) -> None:
    fake.before_post = lambda frame: "cut"
    async with staged(fake) as stage:
        await stage.say("not yet")
        await stage.shows("Not connected")
        await stage.press("ctrl+q")
        await stage.shows("1 message is not sent yet")
        assert stage.app.return_value is None
        await stage.press("ctrl+q")
        await stage.until(lambda: stage.app.return_value is not None)


async def test_a_server_that_says_goodbye_is_told_calmly(fake: FakeServer) -> None:
    async with staged(fake) as stage:
        for line in list(fake.lines):
            await line.close(4003, "banned")

        await stage.shows("banned", "Ctrl+Q quits")


async def test_themes_and_the_bell_are_kept(fake: FakeServer, tmp_path: Path) -> None:
    async with staged(fake) as stage:
        await stage.press("alt+l")
        await stage.shows("The bell is silent.")
        await stage.press("alt+t")
        await stage.type("hubbub-light")
        await stage.press("enter")
        await stage.until(lambda: stage.app.theme == "hubbub-light")

    preferences = json.loads(config_of(tmp_path / "config").read_text())["preferences"]
    assert preferences == {"theme": "hubbub-light", "bell": False}


async def test_ten_thousand_names_and_a_long_line_leave_the_screen_whole(fake: FakeServer) -> None:
    fake.members = [
        {"id": f"m{n}", "name": f"名前{n:05}", "role": "guest", "away": False}
        for n in range(10_000)
    ]
    fake.append("lobby", "x" * 100_000)
    fake.append("lobby", "the end")
    async with staged(fake, size=(120, 24)) as stage:
        await stage.shows("1,000 people", "名前00001", "the end", "Enter on this message")
        await fake.tell({"type": "count", "room": "lobby", "users": 10_000})
        await stage.shows("10,000 people")

        assert stage.lines[1].startswith(" 1 lobby")
        assert "Message lobby" in stage.lines[-1]
        await stage.press("ctrl+up", "up", "enter")
        await stage.shows("x" * 119)


async def test_a_hostile_server_drives_no_terminal(fake: FakeServer) -> None:
    evil = "\x1b[2J\x9b31m\u202e\x07evil\r\n"
    eve = {"id": "e1", "name": evil}
    fake.topics = {"lobby": evil}
    fake.members = [{**eve, "role": "guest", "away": False}]
    fake.commands = [{"name": evil, "usage": f"/{evil}", "summary": evil}]
    fake.logs[evil] = []
    for room in ("lobby", "@d1"):
        fake.append(room, evil, **{"from": eve, "to": [ANN] if room != "lobby" else None})
    fake.append("lobby", evil, **{"from": eve, "type": "topic"})
    fake.kinds = {"@d1": "direct"}
    fake.before_post = lambda frame: {"code": "muted", "message": evil}
    async with staged(fake, size=(120, 40)) as stage:
        await fake.tell({"type": "notice", "text": evil})
        await fake.tell({"type": "typing", "room": "lobby", "user": eve})
        await stage.type("/")
        await stage.press("tab", "ctrl+c", "at", "tab", "enter")
        await stage.shows("not sent")
        for keys in (("ctrl+k",), ("escape", "f1"), ("escape", "f4"), ("escape", "alt+2")):
            await stage.press(*keys)
            await stage.pilot.pause()
            assert "evil" in stage.text
            assert not set(stage.text) & set("\x1b\x9b\u202e\x07\r")


async def test_a_screen_that_changes_its_size_keeps_its_place(fake: FakeServer) -> None:
    for number in range(1, 90):
        fake.append("lobby", f"number {number}. " + "and on it goes " * 8)
    async with staged(fake) as stage:
        await stage.press("pageup", "pageup", "pageup")
        first = next(line for line in stage.lines if "number" in line).partition("number ")[2]
        for width in (40, 300, 61, 80):
            await stage.pilot.resize_terminal(width, 24)
            await stage.pilot.pause()
            await stage.shows(f"number {first.partition('.')[0]}.")


@pytest.mark.parametrize("width", [40, 60, 80, 140, 300])
async def test_every_width_has_the_messages_and_the_composer(fake: FakeServer, width: int) -> None:
    fill(fake)
    async with staged(fake, size=(width, 20)) as stage:
        await stage.shows("#lobby", "return 42")
        await stage.type("still here")

        assert "still here" in stage.lines[-1]
        assert ("1 lobby" in stage.text) == (width >= 60)
        assert ("4 people" in stage.text) == (width >= 100)
