"""What a subject is: a few words joined by dots."""

import re

LONGEST_SUBJECT = 256
"""The most characters of one, with the prefix; NATS takes lines of 4,096 bytes."""

_SUBJECT = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


def is_subject(text: str) -> bool:
    """Whether a bus may be given that."""
    return len(text) <= LONGEST_SUBJECT and _SUBJECT.fullmatch(text) is not None
