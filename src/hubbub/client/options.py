"""What `hubbub join` was asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinOptions:
    """One field is one flag; see `hubbub join --help`."""

    url: str | None = None
    name: str | None = None
    rooms: tuple[str, ...] = ()
    token: str | None = None
    invite: str | None = None
    """The code of an invitation, by which one becomes a member."""
    json: bool = False
    """One JSON object a line on standard output, exactly the event frames of docs/protocol.md."""
    follow: bool | None = None
    """Go on after the end of standard input; None: unless that is a pipe or a file."""
    commands: bool | None = None
    """Run lines of standard input that begin with a slash; None: if that is a terminal."""
    save: str | None = None
    """Keep the server under this name."""
    plain: bool = False
    """The line client also where a full-screen one could run."""
