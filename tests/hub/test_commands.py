"""The table of commands, as a person at a plain connection meets it."""

import pytest

from hubbub.errors import NoSuchCommand
from hubbub.hub import commands
from hubbub.hub.commands import table
from hubbub.protocol import requests
from tests.hub.conftest import House


async def answers(house: House, *lines: str) -> list[str]:
    """What ann, alone in the lobby with bob, reads after typing these lines."""
    ann, _bob = await house.plain("ann"), await house.plain("bob")
    for line in lines:
        await ann.type(line)
    await house.hub.quiet()
    return ann.lines()


async def test_help_lists_every_command_with_usage_and_summary(house: House) -> None:
    (answer,) = await answers(house, "/help")
    for_guests = [entry for entry in commands.COMMANDS.values() if not entry.rights]

    assert len(for_guests) > 15
    for entry in for_guests:
        assert f"{entry.usage} " in answer
        assert entry.summary in answer
    assert all(line.startswith("* -- ") for line in answer.split("\n"))


async def test_help_explains_one_command_by_any_of_its_names(house: House) -> None:
    assert await answers(house, "/help msg") == [
        "* -- /whisper NAME[,NAME...] TEXT\n"
        "* -- Says something to one person or to a few, and to nobody else. Also: /w, /msg."
    ]


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [("/wisper bob x", "/whisper"), ("/histroy", "/history"), ("/Nik x", "/nick")],
)
async def test_an_unknown_command_suggests_the_nearest(
    house: House, typed: str, suggested: str
) -> None:
    (answer,) = await answers(house, typed)

    assert answer.startswith("! There is no command")
    assert f"did you mean {suggested}?" in answer


@pytest.mark.parametrize("typed", ["/", "/ ", "/\n", "/é", "/" + "x" * 5000, "/zzzzzz"])
async def test_what_is_near_to_nothing_points_to_help(house: House, typed: str) -> None:
    (answer,) = await answers(house, typed)

    assert answer.startswith("! ")
    assert "/help" in answer
    assert len(answer) < 200


@pytest.mark.parametrize(
    "typed",
    ["/nick", "/whisper", "/whisper bob", "/reply", "/me", "/join", "/whois", "/notices",
     "/notices maybe", "/unignore", "/history x", "/history 0", "/history -1", "/whisper , x",
     "/whisper bob "],
)  # fmt: skip
async def test_a_command_without_its_arguments_says_what_it_needs(house: House, typed: str) -> None:
    (answer,) = await answers(house, typed)

    assert answer.startswith("! ")


async def test_who_lists_the_people_of_a_room(house: House) -> None:
    assert await answers(house, "/away", "/who") == [
        "* -- You are away; /back ends it.",
        "* -- 2 in lobby: ann (away), bob",
    ]


async def test_who_of_a_room_that_is_not_there_says_so(house: House) -> None:
    (answer,) = await answers(house, "/who nowhere")

    assert answer == "! There is no room nowhere; /join nowhere makes it."


async def test_rooms_lists_rooms_with_people_and_topic(house: House) -> None:
    assert (await answers(house, "/topic cake", "/rooms"))[-1] == "* -- lobby  2 here  cake"


async def test_whois_tells_where_somebody_is(house: House) -> None:
    assert await answers(house, "/whois BOB") == ["* -- bob, a guest, in lobby."]


async def test_history_shows_what_was_said_with_its_minute(house: House) -> None:
    said = await answers(house, "one", "/me waves", "two", "/history 2")

    assert said[-1] == "* -- 2023-11-14 22:13 * ann waves\n* -- 2023-11-14 22:13 [ann]: two"


async def test_a_nick_that_is_taken_is_refused_and_the_old_one_stays(house: House) -> None:
    refused, said = await answers(house, "/nick Bob", "still me")

    assert refused == "! The name Bob is taken; take another."
    assert said == "[ann]: still me"


async def test_the_case_of_ones_own_name_can_be_changed(house: House) -> None:
    assert await answers(house, "/nick ANN") == ["* -- You are ANN now."]


async def test_a_name_that_was_given_up_is_free(house: House) -> None:
    ann, bob = await house.plain("ann"), await house.plain("bob")

    await ann.type("/nick anna")
    await bob.type("/nick ann")

    assert bob.lines() == ["* -- You are ann now."]


async def test_ignoring_hides_messages_and_whispers_of_one_person(house: House) -> None:
    ann, bob, cara = [await house.plain(name) for name in ("ann", "bob", "cara")]

    await ann.type("/ignore bob")
    await bob.type("noise")
    await bob.type("/w ann noise")
    await cara.type("signal")
    await house.hub.quiet()
    await ann.type("/ignore")
    await ann.type("/unignore bob")
    await bob.type("peace")
    await house.hub.quiet()

    assert ann.lines() == [
        "* -- You ignore bob from now on; /unignore bob ends it.",
        "[cara]: signal",
        "* -- You ignore bob.",
        "* -- You no longer ignore bob.",
        "[bob]: peace",
    ]


async def test_whispering_to_one_who_is_away_says_so(house: House) -> None:
    ann, bob = await house.plain("ann"), await house.plain("bob")
    await bob.type("/away lunch")

    await ann.type("/w bob hello")

    assert ann.lines() == ["[you -> bob]: hello", "* -- bob is away: lunch."]


async def test_leave_takes_a_plain_connection_back_to_the_lobby(house: House) -> None:
    _, left, refused = await answers(house, "/join dev", "/leave", "/leave")

    assert left == "* -- You left dev and are in lobby."
    assert refused.startswith("! This is lobby")


async def test_quit_says_goodbye_and_closes(house: House) -> None:
    ann = await house.plain("ann")

    await ann.type("/quit")

    assert ann.lines() == ["* -- Bye."]
    assert ann.line.closed == 1000
    assert house.hub.parts.users == {}


async def test_a_json_client_runs_the_same_commands(house: House) -> None:
    ann = await house.json(name="ann")

    who = await ann.ask(requests.Command(id="1", room="lobby", line="/who"))
    nothing = await ann.ask(requests.Command(id="2", room="lobby", line="/me waves"))
    unknown = await ann.ask(requests.Command(id="3", room="lobby", line="/whoo"))

    assert who == {"type": "ok", "id": "1", "text": "1 in lobby: ann"}
    assert nothing == {"type": "ok", "id": "2", "text": ""}
    assert unknown["code"] == "no_such_command"


async def test_welcome_carries_the_table(house: House) -> None:
    ann = await house.json(name="ann")

    (welcome,) = [f for f in ann.objects() if f["type"] == "welcome"]

    mine = [e.name for e in commands.COMMANDS.values() if not e.rights and not e.plain]
    assert [entry["name"] for entry in welcome["commands"]] == mine


def test_no_two_commands_share_a_name() -> None:
    names = [name for e in commands.COMMANDS.values() for name in (e.name, *e.aliases)]

    assert len(names) == len(set(names))


def test_every_command_is_found_by_its_aliases_in_any_case() -> None:
    for entry in commands.COMMANDS.values():
        for name in (entry.name, *entry.aliases):
            assert table.find(name.upper()) is entry
    with pytest.raises(NoSuchCommand):
        table.find("nope")
