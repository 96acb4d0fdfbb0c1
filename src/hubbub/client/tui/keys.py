"""Every key in one table: bindings, help, command palette and docs are its copies."""

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """One wish: the keys in Textual's names, how they are written, what they do."""

    keys: str
    shown: str
    action: str
    does: str
    palette: bool = True
    right: str = ""
    """The right that it needs, or several with blanks between of which one is enough."""


ROOMS = (
    Key("ctrl+k", "Ctrl+K", "switch", "Go to a room by its name"),
    Key("alt+up", "Alt+Up", "room_step(-1)", "Go to the room above"),
    Key("alt+down", "Alt+Down", "room_step(1)", "Go to the room below"),
    *(
        Key(f"alt+{n % 10}", f"Alt+{n % 10}", f"room_number({n})", f"Go to room {n}", palette=False)
        for n in range(1, 11)
    ),
    Key("alt+a", "Alt+A", "room_unread", "Go to the next room with something new"),
    Key("f2", "F2", "toggle_rooms", "Show or hide the rooms"),
    Key("f3,alt+n", "F3, Alt+N", "toggle_people", "Show or hide the people"),
)
HOUSE = (
    Key("alt+p", "Alt+P", "choose_person", "Choose a person: whisper, ignore, moderate"),
    Key("alt+r", "Alt+R", "room_settings", "See what this room is, and change it"),
    Key("", "Ctrl+P …", "new_room", "Make a room", right="create_room"),
    Key("", "Ctrl+P …", "sessions", "See where you are signed in, and end it", right="sessions"),
    Key("", "Ctrl+P …", "invitations", "Invite people to the server", right="invite"),
    Key("", "Ctrl+P …", "bans", "See who is banned or muted", right="audit audit_here"),
    Key("", "Ctrl+P …", "audit", "See what moderators did", right="audit audit_here"),
)
READING = (
    Key("pageup", "PageUp", "scroll_page(-1)", "Scroll back"),
    Key("pagedown", "PageDown", "scroll_page(1)", "Scroll on"),
    Key("ctrl+home,alt+home", "Ctrl+Home", "scroll_home", "Scroll to the oldest message here"),
    Key("ctrl+end,alt+end", "Ctrl+End", "scroll_end", "Scroll to the newest message"),
    Key("alt+u", "Alt+U", "to_new", "Go to where the new messages begin"),
    Key("ctrl+f", "Ctrl+F", "search", "Search in what is loaded; again: in all of the room"),
    Key("ctrl+up,alt+m", "Ctrl+Up, Alt+M", "message_cursor", "Choose a message"),
    Key("ctrl+o", "Ctrl+O", "links", "Open a link"),
    Key("f4,alt+s", "F4, Alt+S", "select", "Select and copy text, without frames"),
    Key("escape", "Esc", "back", "Back: close what is open, then to the newest", palette=False),
)
GENERAL = (
    Key("f1", "F1", "help", "Show the keys and commands"),
    Key("ctrl+p", "Ctrl+P", "palette", "Find a command by its name", palette=False),
    Key("alt+t", "Alt+T", "themes", "Choose the colours"),
    Key("alt+l", "Alt+L", "toggle_bell", "Ring for mentions and whispers, or not"),
    Key(
        "alt+o",
        "Alt+O",
        "toggle_mouse",
        "Use the mouse, or leave it to the terminal, from the next start",
    ),
    Key("ctrl+l", "Ctrl+L", "redraw", "Draw the screen anew"),
    Key("ctrl+q", "Ctrl+Q", "leave_hubbub", "Quit; your name is kept for you"),
)
MESSAGE = (
    Key("up,k", "Up", "cursor(-1)", "The message before"),
    Key("down,j", "Down", "cursor(1)", "The message after"),
    Key("enter", "Enter", "read_all", "Show all of it, to read or to select"),
    Key("w", "W", "whisper_back", "Whisper to who wrote it"),
    Key("m", "M", "mention", "Mention who wrote it"),
    Key("c,y", "C", "copy_message", "Copy it"),
    Key("o", "O", "open_link", "Open its link"),
    Key("p", "P", "author", "Choose what to do with who wrote it"),
    Key("d", "D", "delete_message", "Delete it, if it is yours or you may"),
    Key("r", "R", "say_again", "Send it again, if it was refused"),
    Key("x,delete", "X", "drop", "Drop it, if it was refused"),
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
        Binding(key.keys, key.action, key.does, show=False, priority=first, key_display=key.shown)
        for key in keys
        if key.keys
    ]


def help_rows() -> list[tuple[str, list[tuple[str, str]]]]:
    """The table for people: sections of keys and what they do."""
    rows: list[tuple[str, list[tuple[str, str]]]] = [("Writing", list(WRITING))]
    for title, keys in SECTIONS:
        section = [(key.shown, key.does) for key in keys if "room_number" not in key.action]
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
