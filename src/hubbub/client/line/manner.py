"""How `hubbub join` behaves between what its standard input and output are."""

import os
import stat
from dataclasses import dataclass
from typing import Literal

from hubbub.client.options import JoinOptions

STDIN, STDOUT = 0, 1

End = Literal["terminal", "pipe", "file", "nothing"]


@dataclass(frozen=True, slots=True)
class Manner:
    """What a filter does: `person` means that somebody types, on a terminal that cannot do more."""

    reads: bool
    shows: bool
    follows: bool
    commands: bool
    json: bool
    person: bool


def end_of(descriptor: int) -> End:
    """What a descriptor is; /dev/null and a closed one are nothing."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return "nothing"
    if os.isatty(descriptor):
        return "terminal"
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return "pipe"
    return "file" if stat.S_ISREG(mode) else "nothing"


def manner(options: JoinOptions, stdin: End, stdout: End) -> Manner:
    """How to behave between these two ends."""
    person = stdin == "terminal" and stdout == "terminal"
    # A terminal's input ends when somebody says so; only without any there is nothing to end it.
    follows = stdin == "nothing" if options.follow is None else options.follow
    return Manner(
        reads=stdin != "nothing",
        # A filter that only sends is quiet: the terminal below it belongs to the pipeline.
        shows=options.json or follows or stdin == "terminal" or stdout != "terminal",
        follows=follows,
        commands=stdin == "terminal" if options.commands is None else options.commands,
        json=options.json,
        person=person,
    )
