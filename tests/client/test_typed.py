"""Lines with a password in them are shown and kept nowhere, and said to nobody by mistake."""

import pytest

from hubbub.client.options import JoinOptions
from hubbub.client.sentences import of_no_use, retrying
from hubbub.client.typed import (
    Quit,
    Run,
    Say,
    Wrong,
    is_secret,
    masked,
    read_plainly,
    read_typed,
)


@pytest.mark.parametrize(
    "line",
    [
        "/login ann secret",
        "/REGISTER secret",
        "/Password old new",
        "  /login ann secret",
        "/register\nsecret",
        "/login\tann secret",
    ],
)
def test_a_line_with_a_password_is_a_secret(line: str) -> None:
    assert is_secret(line)
    assert "secret" not in masked(line)
    assert "new" not in masked(line)


@pytest.mark.parametrize("line", ["/login", "/logout now", "/passwords x", "login ann x", "hi"])
def test_other_lines_are_none(line: str) -> None:
    assert not is_secret(line)
    assert masked(line) == line


def test_a_blank_before_the_slash_does_not_tell_a_password_to_everybody() -> None:
    assert isinstance(read_typed(" /login ann secret"), Wrong)
    assert read_typed("/login ann secret") == Run("/login ann secret")
    assert read_typed("//login ann x") == Say("/login ann x")


@pytest.mark.parametrize(
    "line",
    ["/login ann s3cr3t", "/w lena secret", "/join dev", "/ignore bob", "/notices on", "/anything"],
)
def test_a_server_of_plain_text_gets_no_line_that_is_meant_as_a_command(line: str) -> None:
    assert isinstance(read_plainly(line), Wrong)
    assert isinstance(read_plainly(" /login ann s3cr3t"), Wrong)


def test_a_server_of_plain_text_gets_what_is_said() -> None:
    assert read_plainly("hi") == Say("hi")
    assert read_plainly("//x") == Say("/x")
    assert read_plainly(" ") is None
    assert read_plainly("/quit") == read_plainly("exit") == Quit()


def test_flags_that_a_server_of_plain_text_has_no_use_for_are_named() -> None:
    assert of_no_use(JoinOptions(url="x")) is None
    assert of_no_use(JoinOptions(name="ann", rooms=("dev",))) == (
        "It has no use for --name and --room."
    )


@pytest.mark.parametrize("reason", ["the server is gone", "The line is gone."])
def test_a_lost_line_is_told_with_one_mark(reason: str) -> None:
    assert retrying(reason, 0.04) == f"{reason.removesuffix('.')}; trying again in 0.1 s"
    assert retrying(reason, 12.4).endswith("; trying again in 12 s")
