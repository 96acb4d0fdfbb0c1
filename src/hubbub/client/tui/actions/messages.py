"""Moving through messages, choosing one, and what can be done with it."""

import os
import sys
from functools import partial

from hubbub.client.tui import browser, menus
from hubbub.client.tui.actions.people import PeopleActions
from hubbub.client.tui.actions.search import SearchActions
from hubbub.client.tui.filled_in import reason_problem
from hubbub.client.tui.items import Field, Item, narrowed
from hubbub.client.tui.rows import as_text, key_of, links_in, text_of
from hubbub.client.tui.shown import cut, one_line, shown
from hubbub.client.tui.stage import Stage
from hubbub.client.tui.timeline import Entry, Pending, Timeline
from hubbub.protocol.events import Deleted, Message
from hubbub.protocol.plain import clean

LINKS = 50
QUOTED_CELLS = 50


class MessageActions:
    """What is about messages."""

    def __init__(self, stage: Stage, people: PeopleActions, search: SearchActions) -> None:
        self._stage = stage
        self._popups = stage.popups
        self._people = people
        self._search = search
        self._messages = stage.messages
        self._composer = stage.composer

    # --- moving

    def scroll_page(self, pages: int) -> None:
        """Scrolls by a screenful."""
        self._messages.scroll_pages(pages)

    def scroll_home(self) -> None:
        """To the oldest that is loaded; more comes by then."""
        self._messages.scroll_rows(-len(self._messages.rows))

    def scroll_end(self) -> None:
        """To the newest."""
        if self._stage.conversation is not None:
            self._stage.conversation.paging.load_latest()
        self._messages.follow()

    def to_new(self) -> None:
        """To the mark before what is new."""
        row = self._messages.transcript.new_row()
        if row is None:
            self._stage.put_status("Nothing here is new.")
        else:
            self._messages.show_row(row)

    def back(self) -> None:
        """Closes the innermost of what is open; then goes to the newest message."""
        if self._composer.choosing:
            self._composer.close_choices()
        elif self._stage.search_bar.display:
            self._search.close()
            self._composer.focus()
        elif self._messages.cursor is not None or self._stage.focused is not self._composer:
            self._leave_cursor()
        else:
            self.scroll_end()

    # --- the cursor

    def choose(self) -> None:
        """Chooses the newest message on the screen, then the one before."""
        self._messages.move_cursor(-1)
        self._messages.focus()
        self._messages.tell_moved()

    def step(self, step: int) -> None:
        """Another message; below the last one the composer."""
        if not self._messages.move_cursor(step) and step > 0:
            self._leave_cursor()
        else:
            self._messages.tell_moved()

    def _leave_cursor(self) -> None:
        self._messages.cursor = None
        self._messages.refresh()
        self._composer.focus()
        self._messages.tell_moved()

    def _chosen(self) -> Entry | Pending | None:
        timeline = self._stage.view.timeline if self._stage.view is not None else Timeline()
        key = self._messages.cursor
        entries: tuple[Entry | Pending, ...] = (*timeline.entries, *timeline.unsent)
        return next((e for e in entries if key_of(e) == key), None)

    def hint(self) -> str:
        """What can be done with the chosen message."""
        chosen = self._chosen()
        if isinstance(chosen, Pending) and chosen.refused is not None:
            return "Esc back  R send again  X drop  C copy"
        view = self._stage.view
        if view is None or not isinstance(chosen, Message):
            return "Esc back  C copy"
        deletes = "  D delete" if menus.may_delete(view, chosen) else ""
        opens = "  O link" if links_in(chosen.text) else ""
        return f"Esc back  W whisper  P person{deletes}  C copy{opens}  Enter all"

    def read_all(self) -> None:
        """Shows the whole message."""
        chosen = self._chosen()
        if chosen is not None:
            self._popups.read(shown(text_of(chosen)), at_end=False)

    def whisper_back(self) -> None:
        """Begins a whisper to the author."""
        self._begin_with("/whisper {} ")

    def mention(self) -> None:
        """Speaks to the author."""
        self._begin_with("@{} ")

    def _begin_with(self, form: str) -> None:
        chosen = self._chosen()
        if isinstance(chosen, Message):
            rest = self._composer.text if form.startswith("@") else ""
            self._leave_cursor()
            self._composer.fill(rest + form.format(one_line(chosen.sender.name)))

    def copy(self) -> None:
        """Copies the text of the message."""
        chosen = self._chosen()
        if chosen is not None:
            # Whatever it is pasted into may obey control characters.
            self._stage.copy(clean(text_of(chosen)))
            self._stage.put_status("Copied.")

    def author_menu(self) -> None:
        """Shows what can be done with who wrote it."""
        chosen = self._chosen()
        if isinstance(chosen, Message):
            self._leave_cursor()
            self._people.about_person(chosen.sender.name)

    def delete(self) -> None:
        """Deletes the message, if that is meant; of another's one says why."""
        chosen, view, conversation = self._chosen(), self._stage.view, self._stage.conversation
        if view is None or conversation is None or not isinstance(chosen, Message):
            return
        if not menus.may_delete(view, chosen):
            self._stage.put_status("Messages are deleted by who wrote them, and by moderators.")
            return
        room, seq = view.room or chosen.room, chosen.seq
        own = chosen.sender.id == view.chat.user.id
        name = one_line(chosen.sender.name)
        fields = () if own else (Field("Why (for the audit log)", problem=reason_problem),)

        def then(lines: tuple[str, ...]) -> None:
            conversation.delete(room, seq, "".join(lines))
            self._leave_cursor()

        text = cut(one_line(chosen.text), QUOTED_CELLS)
        question = f"Delete what {'you' if own else name} said?\n{text}"
        self._popups.ask(question, "Delete", then, *fields)

    def say_again(self) -> None:
        """Sends again what was refused."""
        if self._stage.conversation is not None and self._messages.cursor is not None:
            self._stage.conversation.sending.say_again(self._messages.cursor)
            self._leave_what_is_gone()

    def drop(self) -> None:
        """Drops what was refused."""
        if self._stage.conversation is not None and self._messages.cursor is not None:
            self._stage.conversation.sending.drop(self._messages.cursor)
            self._leave_what_is_gone()

    def _leave_what_is_gone(self) -> None:
        if self._chosen() is None:
            self._leave_cursor()

    # --- links and copying

    def open_link(self) -> None:
        """Opens the link of the chosen message; of several, the one that is chosen then."""
        chosen = self._chosen()
        if chosen is not None:
            self._open_one_of(links_in(text_of(chosen)))

    def links(self) -> None:
        """Lists the links here, the newest first; of a chosen message, its own."""
        if self._messages.has_focus and self._chosen() is not None:
            self.open_link()
            return
        entries = self._stage.view.timeline.entries if self._stage.view is not None else ()
        links = [link for entry in reversed(entries) for link in links_in(text_of(entry))]
        self._open_one_of(list(dict.fromkeys(links))[:LINKS])

    def _open_one_of(self, links: list[str]) -> None:
        if not links:
            self._stage.put_status("There is no link here.")
        elif len(links) == 1:
            self.open(links[0])
        else:
            items = [Item(link, link) for link in links]
            self._popups.choose("Open a link", partial(narrowed, items), self.open)

    def open(self, link: str | None) -> None:
        """Opens a link, where there is a browser; else copies it."""
        if link is None:
            return
        if browser.has_browser(os.environ, sys.platform):
            browser.open_in_window(link)
            self._stage.put_status(f"Opening {link}")
        else:
            self._stage.copy(link)
            self._stage.put_status(f"There is no browser here; copied {link}")

    def select(self) -> None:
        """Shows what is loaded as plain text."""
        view = self._stage.view
        if view is None:
            return
        entries = (e for e in view.timeline.entries if not isinstance(e, Deleted))
        self._popups.read("\n".join(as_text(entry) for entry in entries), at_end=True)
