"""Searching: in the messages that are loaded, and in all of a room's log."""

from functools import partial

from hubbub.client.tui.shown import one_line
from hubbub.client.tui.stage import Stage
from hubbub.client.typed import Run, Typed
from hubbub.protocol.events import Message

BEFORE_FOUND = 3
"""Rows above what was found and the two that `show_row` leaves."""


class SearchActions:
    """What is about searching."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._popups = stage.popups
        self._bar = stage.search_bar
        self._messages = stage.messages

    def begin(self) -> None:
        """Asks for a word; Up, Enter and Down then go from match to match.

        Once more it searches all of the room, as far back as its log goes.
        """
        if self._bar.display and self._bar.has_focus:
            wanted = self._bar.value
            self.close()
            self._stage.composer.focus()
            self.find_in_log(wanted)
            return
        self._bar.display = True
        self._bar.focus()

    def close(self) -> None:
        """Puts the search away, where one is open."""
        if self._bar.display:
            self._bar.display = False
            self._bar.value = ""
            self._messages.query_text = ""
            self._messages.cursor = None
            self._show_messages()

    def look_for(self, text: str) -> None:
        """Marks every match and shows the newest."""
        self._messages.query_text = text
        self._messages.cursor = None
        self._show_messages()
        if text:
            self.step(-1)

    def opened_by(self, typed: Typed) -> bool:
        """Searches the whole room where `/search WORDS` was typed; False for anything else."""
        if not isinstance(typed, Run):
            return False
        word, _, rest = typed.line.removeprefix("/").partition(" ")
        if word.lower() != "search" or not rest.strip():
            return False
        self.find_in_log(rest.strip())
        return True

    def find_in_log(self, text: str) -> None:
        """Searches the whole room; what is chosen comes into view."""
        conversation = self._stage.conversation
        room = conversation.view.in_view if conversation is not None else None
        if conversation is None or room is None:
            self._stage.put_status("There is no room to search in.")
            return

        def found(seq: int) -> None:
            conversation.paging.bring(room.name, seq, partial(self._show_found, str(seq)))

        search = partial(conversation.paging.search, room.name)
        self._popups.search(room.title, search, text, found)

    def _show_found(self, key: str) -> None:
        self._show_messages()
        self._messages.cursor = key
        span = self._messages.transcript.span(key)
        if span is not None:
            # With something of what was said before it.
            self._messages.show_row(span[0] - BEFORE_FOUND)
        self._messages.focus()
        self._messages.tell_moved()

    def step(self, step: int) -> None:
        """Another match of those that are loaded."""
        wanted = self._messages.query_text.casefold()
        matches = [key for key, text in self._texts() if wanted and wanted in text.casefold()]
        if not matches:
            hint = "Ctrl+F again searches all of the room."
            self._stage.put_status(
                f"Nothing loaded has “{one_line(wanted)}”. {hint}" if wanted else ""
            )
            return
        cursor = self._messages.cursor
        if cursor in matches:
            place = (matches.index(cursor) + step) % len(matches)
        else:
            place = len(matches) - 1
        self._messages.cursor = matches[place]
        self._messages.reveal(matches[place])
        self._stage.put_status(f"{len(matches) - place} of {len(matches)}; Up and Down go on")

    def _texts(self) -> list[tuple[str, str]]:
        view = self._stage.view
        entries = view.timeline.entries if view is not None else ()
        return [(str(e.seq), e.text) for e in entries if isinstance(e, Message)]

    def _show_messages(self) -> None:
        if self._stage.view is not None:
            self._messages.show(self._stage.view)
