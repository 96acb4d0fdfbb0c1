"""Keys about messages: moving through them, choosing one, what can be done with it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from threading import Thread

from textual.widgets import Input

from hubbub.client.tui import menus
from hubbub.client.tui.actions.people import PeopleActs
from hubbub.client.tui.items import Item, narrowed
from hubbub.client.tui.messages import Messages
from hubbub.client.tui.rows import key_of, links_in, local_time, text_of
from hubbub.client.tui.shown import cut, one_line, shown
from hubbub.client.tui.timeline import Entry, Note, Pending, Timeline
from hubbub.protocol.events import Deleted, Message, Settings
from hubbub.protocol.text import clean

LINKS = 50
QUOTED_CELLS = 50
BEFORE_FOUND = 3
"""Rows above what was found and the two that `show_row` leaves."""


class MessageActs(PeopleActs):
    """The part of the chat screen that is about messages."""

    messages: Messages
    _search: Input

    # --- moving

    def action_scroll_page(self, pages: int) -> None:
        """Scrolls by a screenful."""
        self.messages.scroll_pages(pages)

    def action_scroll_home(self) -> None:
        """To the oldest that is loaded; more comes by then."""
        self.messages.scroll_rows(-len(self.messages.rows))

    def action_scroll_end(self) -> None:
        """To the newest."""
        if self.conversation is not None:
            self.conversation.paging.load_latest()
        self.messages.follow()

    def action_to_new(self) -> None:
        """To the mark before what is new."""
        row = self.messages.transcript.new_row()
        if row is None:
            self.put_status("Nothing here is new.")
        else:
            self.messages.show_row(row)

    def action_back(self) -> None:
        """Closes the innermost of what is open; then goes to the newest message."""
        if self.composer.choosing:
            self.composer.close_choices()
        elif self._search.display:
            self.close_search()
            self.composer.focus()
        elif self.messages.cursor is not None or self.focused is not self.composer:
            self._leave_cursor()
        else:
            self.action_scroll_end()

    # --- search

    def action_search(self) -> None:
        """Asks for a word; Up, Enter and Down then go from match to match.

        Once more it searches all of the room, as far back as its log goes.
        """
        if self._search.display and self._search.has_focus:
            wanted = self._search.value
            self.close_search()
            self.composer.focus()
            self.find(wanted)
            return
        self._search.display = True
        self._search.focus()

    def close_search(self) -> None:
        """Puts the search away, where one is open."""
        if self._search.display:
            self._search.display = False
            self._search.value = ""
            self.messages.query_text = ""
            self.messages.cursor = None
            self._show_messages()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Marks every match and shows the newest."""
        self.messages.query_text = event.value
        self.messages.cursor = None
        self._show_messages()
        if event.value:
            self._find(-1)

    def on_input_submitted(self) -> None:
        """The match before."""
        self._find(-1)

    def find(self, text: str = "") -> None:
        """Searches the whole room; what is chosen comes into view."""
        conversation = self.conversation
        room = conversation.view.in_view if conversation is not None else None
        if conversation is None or room is None:
            self.put_status("There is no room to search in.")
            return
        from hubbub.client.tui.finder import Finder

        def found(seq: int | None) -> None:
            if seq is not None:
                conversation.paging.bring(room.name, seq, partial(self._show_found, str(seq)))

        finder = Finder(room.title, partial(conversation.paging.search, room.name), text)
        self.app.push_screen(finder, found)

    def _show_found(self, key: str) -> None:
        self._show_messages()
        self.messages.cursor = key
        span = self.messages.transcript.span(key)
        if span is not None:
            # With something of what was said before it.
            self.messages.show_row(span[0] - BEFORE_FOUND)
        self.messages.focus()
        self._after_cursor()

    def _find(self, step: int) -> None:
        wanted = self.messages.query_text.casefold()
        matches = [key for key, text in self._texts() if wanted and wanted in text.casefold()]
        if not matches:
            hint = "Ctrl+F again searches all of the room."
            self.put_status(f"Nothing loaded has “{one_line(wanted)}”. {hint}" if wanted else "")
            return
        cursor = self.messages.cursor
        if cursor in matches:
            place = (matches.index(cursor) + step) % len(matches)
        else:
            place = len(matches) - 1
        self.messages.cursor = matches[place]
        self.messages.reveal(matches[place])
        self.put_status(f"{len(matches) - place} of {len(matches)}; Up and Down go on")

    def _texts(self) -> list[tuple[str, str]]:
        view = self.view
        entries = view.timeline.entries if view is not None else ()
        return [(str(e.seq), e.text) for e in entries if isinstance(e, Message)]

    # --- the cursor

    def action_message_cursor(self) -> None:
        """Chooses the newest message on the screen, then the one before."""
        self.messages.move_cursor(-1)
        self.messages.focus()
        self._after_cursor()

    def action_cursor(self, step: int) -> None:
        """Another message, or match; below the last message the composer."""
        if self._search.has_focus:
            self._find(step)
        elif not self.messages.move_cursor(step) and step > 0:
            self._leave_cursor()
        else:
            self._after_cursor()

    def _leave_cursor(self) -> None:
        self.messages.cursor = None
        self.messages.refresh()
        self.composer.focus()
        self._after_cursor()

    def _after_cursor(self) -> None:
        self.messages.post_message(self.messages.Scrolled())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters are keys only where a message is chosen."""
        del parameters
        of_message = {
            "cursor", "read_all", "whisper_back", "mention", "copy_message", "open_link",
            "say_again", "drop", "author", "delete_message",
        }  # fmt: skip
        searching = action == "cursor" and self._search.has_focus
        return action not in of_message or self.messages.has_focus or searching

    def _chosen(self) -> Entry | Pending | None:
        timeline = self.view.timeline if self.view is not None else Timeline()
        key = self.messages.cursor
        entries: tuple[Entry | Pending, ...] = (*timeline.entries, *timeline.unsent)
        return next((e for e in entries if key_of(e) == key), None)

    def chosen_hint(self) -> str:
        """What can be done with the chosen message."""
        chosen = self._chosen()
        if isinstance(chosen, Pending) and chosen.refused is not None:
            return "Esc back  R send again  X drop  C copy"
        view = self.view
        if view is None or not isinstance(chosen, Message):
            return "Esc back  C copy"
        deletes = "  D delete" if menus.may_delete(view, chosen) else ""
        opens = "  O link" if links_in(chosen.text) else ""
        return f"Esc back  W whisper  P person{deletes}  C copy{opens}  Enter all"

    def action_read_all(self) -> None:
        """Shows the whole message."""
        chosen = self._chosen()
        if chosen is not None:
            self.read_text(shown(text_of(chosen)), at_end=False)

    def action_whisper_back(self) -> None:
        """Begins a whisper to the author."""
        self._begin_with("/whisper {} ")

    def action_mention(self) -> None:
        """Speaks to the author."""
        self._begin_with("@{} ")

    def _begin_with(self, form: str) -> None:
        chosen = self._chosen()
        if isinstance(chosen, Message):
            rest = self.composer.text if form.startswith("@") else ""
            self._leave_cursor()
            self.composer.fill(rest + form.format(one_line(chosen.sender.name)))

    def action_copy_message(self) -> None:
        """Copies the text of the message."""
        chosen = self._chosen()
        if chosen is not None:
            # Whatever it is pasted into may obey control characters.
            self.app.copy_to_clipboard(clean(text_of(chosen)))
            self.put_status("Copied.")

    def action_author(self) -> None:
        """Shows what can be done with who wrote it."""
        chosen = self._chosen()
        if isinstance(chosen, Message):
            self._leave_cursor()
            self.about_person(chosen.sender.name)

    def action_delete_message(self) -> None:
        """Deletes the message, if that is meant; of another's one says why."""
        chosen, view, conversation = self._chosen(), self.view, self.conversation
        if view is None or conversation is None or not isinstance(chosen, Message):
            return
        if not menus.may_delete(view, chosen):
            self.put_status("Messages are deleted by who wrote them, and by moderators.")
            return
        from hubbub.client.tui.forms import Field

        room, seq = view.room or chosen.room, chosen.seq
        own = chosen.sender.id == view.chat.user.id
        name = one_line(chosen.sender.name)
        fields = () if own else (Field("Why (for the audit log)"),)

        def delete(lines: tuple[str, ...]) -> None:
            conversation.delete(room, seq, "".join(lines))
            self._leave_cursor()

        text = cut(one_line(chosen.text), QUOTED_CELLS)
        question = f"Delete what {'you' if own else name} said?\n{text}"
        self.ask(question, "Delete", delete, *fields)

    def action_say_again(self) -> None:
        """Sends again what was refused."""
        if self.conversation is not None and self.messages.cursor is not None:
            self.conversation.sending.say_again(self.messages.cursor)
            self._leave_what_is_gone()

    def action_drop(self) -> None:
        """Drops what was refused."""
        if self.conversation is not None and self.messages.cursor is not None:
            self.conversation.sending.drop(self.messages.cursor)
            self._leave_what_is_gone()

    def _leave_what_is_gone(self) -> None:
        if self._chosen() is None:
            self._leave_cursor()

    # --- links and copying

    def action_open_link(self) -> None:
        """Opens the link of the chosen message, or lets choose among several."""
        chosen = self._chosen()
        if chosen is not None:
            self._open_one_of(links_in(text_of(chosen)))

    def action_links(self) -> None:
        """Lets choose among the links here, the newest first."""
        if self.messages.has_focus and self._chosen() is not None:
            self.action_open_link()
            return
        entries = self.view.timeline.entries if self.view is not None else ()
        links = [link for entry in reversed(entries) for link in links_in(text_of(entry))]
        self._open_one_of(list(dict.fromkeys(links))[:LINKS])

    def _open_one_of(self, links: list[str]) -> None:
        if not links:
            self.put_status("There is no link here.")
        elif len(links) == 1:
            self._open(links[0])
        else:
            items = [Item(link, link) for link in links]
            self.choose("Open a link", partial(narrowed, items), self._open)

    def on_messages_link_clicked(self, event: Messages.LinkClicked) -> None:
        """A click opens, too."""
        self._open(event.link)

    def _open(self, link: str | None) -> None:
        if link is None:
            return
        if has_browser(os.environ, sys.platform):
            open_in_window(link)
            self.put_status(f"Opening {link}")
        else:
            self.app.copy_to_clipboard(link)
            self.put_status(f"There is no browser here; copied {link}")

    def action_select(self) -> None:
        """Shows what is loaded as plain text."""
        view = self.view
        if view is None:
            return
        entries = (e for e in view.timeline.entries if not isinstance(e, Deleted))
        self.read_text("\n".join(_as_text(entry) for entry in entries), at_end=True)

    def _show_messages(self) -> None:
        if self.view is not None:
            self.messages.show(self.view)


def has_browser(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a link can be opened in a window; a browser for terminals would take this one."""
    windows = {"DISPLAY", "WAYLAND_DISPLAY"}
    return platform == "darwin" or any(environ.get(name) for name in windows)


def open_in_window(link: str) -> None:
    """Opens a link in this person's browser, whatever that is, without this terminal."""
    nothing = subprocess.DEVNULL
    browser = subprocess.Popen(  # noqa: S603 - an argument, never a shell
        [sys.executable, "-m", "webbrowser", link],
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        start_new_session=True,
    )
    # Some browsers stay in the foreground for as long as they are open.
    Thread(target=browser.wait, daemon=True).start()


def _as_text(entry: Entry) -> str:
    local = local_time(entry.at)
    time = f"{local:%H:%M} " if local is not None else ""
    if isinstance(entry, Note):
        return f"{time}-- {shown(entry.text)}"
    if isinstance(entry, Settings):
        return f"{time}-- {shown(text_of(entry))}"
    name = one_line(entry.sender.name)
    if isinstance(entry, Message):
        head = f"* {name} " if entry.me else f"{name}: "
        return f"{time}{head}{shown(text_of(entry))}"
    return f"{time}{name} set the topic: {shown(text_of(entry))}"
