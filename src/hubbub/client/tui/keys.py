"""Every key in one table: bindings, help, command palette and docs are its copies."""

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """The keys in Textual's names, how people write them, what they do.

    `action` is a method of one of `tui/actions/`, as `Actions.find` reads it.
    """

    keys: str
    shown: str
    action: str
    does: str
    palette: bool = True
    right: str = ""
    """The right that it needs, or several with blanks between of which one is enough."""


ROOMS = (
    Key("ctrl+k", "Ctrl+K", "rooms.switch", "Go to a room by its name"),
    Key("alt+up", "Alt+Up", "rooms.step(-1)", "Go to the room above"),
    Key("alt+down", "Alt+Down", "rooms.step(1)", "Go to the room below"),
    *(
        Key(
            f"alt+{n % 10}", f"Alt+{n % 10}", f"rooms.number({n})", f"Go to room {n}", palette=False
        )
        for n in range(1, 11)
    ),
    Key("alt+a", "Alt+A", "rooms.next_unread", "Go to the next room with something new"),
    Key("f2", "F2", "rooms.toggle_list", "Show or hide the rooms"),
    Key("f3,alt+n", "F3, Alt+N", "people.toggle_list", "Show or hide the people"),
)
HOUSE = (
    Key("alt+p", "Alt+P", "people.choose", "Choose a person: whisper, ignore, moderate"),
    Key("alt+r", "Alt+R", "rooms.settings", "See what this room is, and change it"),
    Key("", "Ctrl+P …", "rooms.make", "Make a room", right="create_room"),
    Key(
        "",
        "Ctrl+P …",
        "house.sessions",
        "See where you are signed in, and end it",
        right="sessions",
    ),
    Key("", "Ctrl+P …", "house.invitations", "Invite people to the server", right="invite"),
    Key("", "Ctrl+P …", "house.bans", "See who is banned or muted", right="audit audit_here"),
    Key("", "Ctrl+P …", "house.audit", "See what moderators did", right="audit audit_here"),
)
READING = (
    Key("pageup", "PageUp", "messages.scroll_page(-1)", "Scroll back"),
    Key("pagedown", "PageDown", "messages.scroll_page(1)", "Scroll on"),
    Key(
        "ctrl+home,alt+home",
        "Ctrl+Home",
        "messages.scroll_home",
        "Scroll to the oldest message here",
    ),
    Key("ctrl+end,alt+end", "Ctrl+End", "messages.scroll_end", "Scroll to the newest message"),
    Key("alt+u", "Alt+U", "messages.to_new", "Go to where the new messages begin"),
    Key("ctrl+f", "Ctrl+F", "search.begin", "Search in what is loaded; again: in all of the room"),
    Key("ctrl+up,alt+m", "Ctrl+Up, Alt+M", "messages.choose", "Choose a message"),
    Key("ctrl+o", "Ctrl+O", "messages.links", "Open a link"),
    Key("f4,alt+s", "F4, Alt+S", "messages.select", "Select and copy text, without frames"),
    Key(
        "escape",
        "Esc",
        "messages.back",
        "Back: close what is open, then to the newest",
        palette=False,
    ),
)
GENERAL = (
    Key("f1", "F1", "general.help", "Show the keys and commands"),
    Key("ctrl+p", "Ctrl+P", "general.palette", "Find a command by its name", palette=False),
    Key("alt+t", "Alt+T", "general.themes", "Choose the colours"),
    Key("alt+l", "Alt+L", "general.toggle_bell", "Ring for mentions and whispers, or not"),
    Key(
        "alt+o",
        "Alt+O",
        "general.toggle_mouse",
        "Use the mouse, or leave it to the terminal, from the next start",
    ),
    Key("ctrl+l", "Ctrl+L", "general.redraw", "Draw the screen anew"),
    Key("ctrl+q", "Ctrl+Q", "general.quit", "Quit; your name is kept for you"),
)
MESSAGE = (
    Key("up,k", "Up", "messages.step(-1)", "The message before"),
    Key("down,j", "Down", "messages.step(1)", "The message after"),
    Key("enter", "Enter", "messages.read_all", "Show all of it, to read or to select"),
    Key("w", "W", "messages.whisper_back", "Whisper to who wrote it"),
    Key("m", "M", "messages.mention", "Mention who wrote it"),
    Key("c,y", "C", "messages.copy", "Copy it"),
    Key("o", "O", "messages.open_link", "Open its link"),
    Key("p", "P", "messages.author_menu", "Choose what to do with who wrote it"),
    Key("d", "D", "messages.delete", "Delete it, if it is yours or you may"),
    Key("r", "R", "messages.say_again", "Send it again, if it was refused"),
    Key("x,delete", "X", "messages.drop", "Drop it, if it was refused"),
)
SEARCHING = (
    Key("up", "Up", "search.step(-1)", "The match before"),
    Key("down", "Down", "search.step(1)", "The match after"),
)
WRITING = (
    ("Enter", "Send"),
    ("Alt+Enter, Ctrl+J", "A new line"),
    ("Tab, Shift+Tab", "Complete a /command, @name, #room or :emoji:, and the next"),
    ("Up, Down", "What was said before; what is being written stays"),
    ("Alt+B, Alt+F", "A word back, a word on; also Alt or Ctrl with Left, Right"),
    ("Ctrl+W, Alt+D, Ctrl+U", "Delete the word before, the word after, all before"),
    ("Ctrl+Z, Ctrl+Y", "Undo, and do again"),
    ("Ctrl+C", "Copy what is selected, or clear the line; twice quits"),
    ("Ctrl+D", "Quit, where nothing is written"),
)

SECTIONS: tuple[tuple[str, tuple[Key, ...]], ...] = (
    ("Rooms", ROOMS),
    ("Reading", READING),
    ("People and the house", HOUSE),
    ("With a message chosen", MESSAGE),
    ("Everywhere", GENERAL),
)
PALETTE = tuple(key for keys in (ROOMS, HOUSE, READING, GENERAL) for key in keys if key.palette)


def bindings(keys: tuple[Key, ...], *, first: bool) -> list[BindingType]:
    """The table for Textual; `first` before whatever has the focus."""
    return [
        Binding(
            key.keys,
            f"screen.run({key.action!r})",
            key.does,
            show=False,
            priority=first,
            key_display=key.shown,
        )
        for key in keys
        if key.keys
    ]


def help_rows() -> list[tuple[str, list[tuple[str, str]]]]:
    """The table for people: sections of keys and what they do."""
    rows: list[tuple[str, list[tuple[str, str]]]] = [("Writing", list(WRITING))]
    for title, keys in SECTIONS:
        section = [(key.shown, key.does) for key in keys if "rooms.number" not in key.action]
        if title == "Rooms":
            section.insert(3, ("Alt+1 … Alt+0", "Go to a room by its number"))
        rows.append((title, section))
    return rows


def reference() -> str:
    """The table of docs/clients.md, in Markdown."""
    parts = []
    for title, section in help_rows():
        lines = [f"**{title}**", "", "| key | what it does |", "|---|---|"]
        parts.append("\n".join(lines + [f"| {key} | {does} |" for key, does in section]))
    return "\n\n".join(parts)
