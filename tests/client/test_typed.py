"""Lines with a password in them are shown and kept nowhere, and said to nobody by mistake."""

import pytest

from hubbub.client.typed import Run, Say, Wrong, is_secret, masked, read_typed


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
