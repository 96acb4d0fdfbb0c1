"""What was filled in into a form, read, and what is wrong with it; pure."""

from hubbub.errors import BadRequest
from hubbub.protocol.durations import parse_duration
from hubbub.protocol.requests import REASON_CHARS

NO_DURATION = "Write it as 10m, 2h, 7d, 1w or 1 hour, or leave it empty."


def read_duration(text: str) -> int | None:
    """In seconds; None for an empty line. Raises BadRequest for what is not understood."""
    if not text:
        return None
    found = parse_duration(text)
    if found is None:
        raise BadRequest(NO_DURATION)
    return found


def duration_problem(text: str) -> str:
    """Why that is no duration; empty for one, and for an empty line."""
    try:
        read_duration(text)
    except BadRequest as problem:
        return str(problem)
    return ""


def reason_problem(text: str) -> str:
    """Why the server would not take that as a reason."""
    over = len(text) - REASON_CHARS
    return f"At most {REASON_CHARS} characters; {over:,} too many." if over > 0 else ""


def number_problem(text: str, most: int) -> str:
    """Why that is no number from 1 on; empty for one."""
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return "" if digits and 1 <= int(text) <= most else f"A whole number from 1 to {most:,}."
