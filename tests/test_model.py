"""Names (docs/protocol.md, Names) and instants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.errors import BadName
from hubbub.model import format_instant, parse_instant, room_name, user_name


@pytest.mark.parametrize("typed", ["Ann", "ann", "ＡＮＮ", "aNN"])
def test_case_and_width_make_no_other_name(typed: str) -> None:
    assert user_name(typed).key == "ann"


def test_a_name_is_shown_as_it_was_typed() -> None:
    assert user_name("Ann-Marie_2.0").shown == "Ann-Marie_2.0"


@pytest.mark.parametrize(
    "typed", ["ann", "नमस्ते", "שלום", "Ωmega", "李雷", "é", "a" * 32, "a.b-c_d"]
)
def test_letters_and_digits_of_any_script_make_a_name(typed: str) -> None:
    assert user_name(typed).shown


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "a b",
        "a,b",
        "[bob]",
        "@ann",
        "a\tb",
        "a\x1b[31m",
        "a\x00",
        "-a",
        "a.",
        "_",
        "a" * 33,
        "x" * 200,
        "a\u202eb",
        "a\u200bb",
        "👩",
        "a/b",
        "\ud800",
    ],
)
def test_anything_else_is_refused_with_what_to_do(typed: str) -> None:
    with pytest.raises(BadName, match=r"1 to 32|longer than 32"):
        user_name(typed)


def test_user_and_a_number_is_reserved_in_any_case() -> None:
    assert user_name("User42").reserved
    assert user_name("ＵＳＥＲ7").reserved
    assert not user_name("user7a").reserved


def test_a_room_has_one_form_and_up_to_64_characters() -> None:
    assert room_name("#DEV") == "dev"
    assert room_name("r" * 64) == "r" * 64
    with pytest.raises(BadName, match="64"):
        room_name("r" * 65)


@given(st.text(max_size=200))
def test_a_name_that_was_accepted_is_accepted_again_as_the_same(typed: str) -> None:
    try:
        name = user_name(typed)
    except BadName:
        return
    assert user_name(name.shown) == name
    assert 1 <= len(name.shown) <= 32


@given(st.integers(0, 4_102_444_800_000))
def test_an_instant_survives_its_text(at_ms: int) -> None:
    assert parse_instant(format_instant(at_ms)) == at_ms


def test_an_instant_has_milliseconds_and_z() -> None:
    assert format_instant(1_700_000_000_007) == "2023-11-14T22:13:20.007Z"
