"""The 100-byte message of every load: a mark to count it by, its sender, and when it was due.

    <|^^^^^^^^^^^^^^^^^^^^|>0007 0000123456789abc 00000042 ............

Nothing else that any of the servers sends holds the mark. It is long, of characters that are rare
in what stands around it, so that a search passes over most bytes without a look.
"""

MARK = b"<|^^^^^^^^^^^^^^^^^^^^|>"
TEXT_BYTES = 100
STAMP_AT = len(MARK) + 5
STAMP_END = STAMP_AT + 16


def own_mark(sender: int) -> bytes:
    """How the messages of one sender begin."""
    return b"%b%04d" % (MARK, sender)


def message(sender: int, due_ns: int, number: int) -> bytes:
    """A message that was to be sent at `due_ns` of the monotonic clock."""
    return (b"%b%04d %016x %08d " % (MARK, sender, due_ns, number)).ljust(TEXT_BYTES, b".")


def due_ns(data: bytearray, at: int) -> int:
    """When the message whose mark stands at `at` was to be sent."""
    return int(data[at + STAMP_AT : at + STAMP_END], 16)
