"""The full-screen client as a program: its start, its connection, its end."""

import asyncio
import contextlib
import gc
import importlib
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual import events
from textual.app import App
from textual.screen import Screen

from hubbub.client import saved
from hubbub.client.address import Address, parse_address
from hubbub.client.changes import NewGuest, Renamed
from hubbub.client.options import JoinOptions
from hubbub.client.saved import Saved, Server, Session
from hubbub.client.tui import hang_up
from hubbub.client.tui.keyboard import Keyboard
from hubbub.client.tui.look import TERMINAL, THEMES, fitting_theme, styles_of
from hubbub.client.tui.screen import ChatScreen
from hubbub.client.tui.terminal_input import TerminalDriver
from hubbub.client.tui.terminal_keys import mend_alt
from hubbub.client.tui.terminal_widths import mend_widths
from hubbub.client.wish import Wish, kept_token, wish_for
from hubbub.errors import BadToken, ConfigError, HubbubError, NotSignedIn, Refusal
from hubbub.model import UserKind

if TYPE_CHECKING:
    from hubbub.client.chat import Chat
    from hubbub.client.tui.conversation import Conversation
    from hubbub.protocol.events import You

STARTED_S = 2.0
"""From then on garbage is collected."""
MARKS_S = 1.0
DRAFTS_S = 3.0
"""How long after a change the drafts are on the disk."""
CLOSE_S = 2.0
"""How long leaving waits for the last acknowledgements."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended; `plain` asks for the line client, which also talks to other servers.

    `name` is what somebody called themselves when they were asked.
    """

    code: int = 0
    error: HubbubError | None = None
    plain: bool = False
    name: str | None = None


class HubbubApp(App[Outcome]):
    """`hubbub join` on a terminal."""

    CSS_PATH = "hubbub.tcss"
    TITLE = "hubbub"
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, options: JoinOptions, kept: Saved, server: Server, *, backoff_most_s: float = 30.0
    ) -> None:
        mend_alt()
        mend_widths()
        colourless = bool(os.environ.get("NO_COLOR"))
        if not colourless:
            # Set and empty it means nothing (no-color.org).
            os.environ.pop("NO_COLOR", None)
        super().__init__(TerminalDriver, ansi_color=True if colourless else None)
        self.options = options
        self.kept = kept
        self.preferences = kept.preferences
        self.server = server
        self.address: Address = parse_address(server.url)
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        fitting = fitting_theme(self.console.color_system, no_color=self.no_color)
        wanted = self.preferences.theme
        usable = wanted in self.available_themes and not self.no_color
        self.theme = wanted if wanted is not None and usable else fitting
        self.chat_screen = ChatScreen(styles_of(self.current_theme), self.address.shown, self)
        self.chat_screen.people_wanted = self.preferences.people
        screen = self.chat_screen
        self.keyboard = Keyboard(self, screen.is_going_elsewhere, screen.catch_up)
        self._chat: Chat | None = None
        self._former = Session("", "")
        self._conversation: Conversation | None = None
        self._left = asyncio.Event()
        self._written = asyncio.Event()
        self._drafted: set[str] = set()
        """Rooms in which something was written here, as far as it is not sent and that is kept."""
        self._backoff_most_s = backoff_most_s
        self._code = 0

    def get_default_screen(self) -> Screen[None]:
        """The conversation; nothing is above it but dialogs."""
        return self.chat_screen

    def on_mount(self) -> None:
        """Begins to connect once there is a screen."""
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        self.run_worker(self.keyboard.run(), name="keyboard", exit_on_error=True)
        self.run_worker(self._live(), name="connection", exit_on_error=True)
        self.set_timer(STARTED_S, _collect_garbage)

    async def on_event(self, event: events.Event) -> None:
        """Takes keys one after the other; everything else as it comes."""
        is_typed = isinstance(event, events.Key | events.Paste) and not event.is_forwarded
        if is_typed and self._chat is not None:
            self._chat.retry_now()
        if not is_typed or self.keyboard.admits(event):
            await super().on_event(event)

    # --- the connection

    async def _live(self) -> None:
        try:
            outcome = await self._connect_and_talk()
        except HubbubError as error:
            outcome = Outcome(1, error)
        self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        if self._code == hang_up.CODE:
            hang_up.end_at_once()
        self.exit(outcome)

    async def _connect_and_talk(self) -> Outcome:
        # The web library takes as long to load as everything else; the screen is there before it.
        await asyncio.to_thread(importlib.import_module, "hubbub.client.tui.conversation")
        failures = importlib.import_module("hubbub.client.failures")
        wish = wish_for(self.options, self.server, self.kept, self.address)
        if wish.nobody and not await self._ask_name(wish):
            return Outcome()
        while True:
            try:
                await self._talk_as(wish)
                return Outcome(self._code)
            except failures.PlainServer:
                return Outcome(plain=True, name=wish.name)
            except BadToken:
                token = wish.token or ""
                if not wish.forget_session():
                    raise
                self._keep(partial(saved.without_session, address=self.address, token=token))
            except Refusal as error:
                if not (failures.is_about_the_name(error) or failures.is_about_signing_in(error)):
                    if not wish.pass_over(error):
                        raise
                elif not await self._ask_name(wish, error):
                    raise

    async def _ask_name(self, wish: Wish, why: Refusal | None = None) -> bool:
        from hubbub.client.failures import is_about_the_name
        from hubbub.client.tui.naming import Naming

        # Whoever is asked again may be the member whose name that is.
        taken = why is not None and is_about_the_name(why) and not wish.invite
        answer = await self.push_screen_wait(
            Naming(
                self.address.shown,
                "" if why is None else str(why),
                name=wish.name or "",
                asks="new" if wish.invite else "member" if why is not None else "name",
                former=wish.name or "" if taken else "",
                may_be_new=isinstance(why, NotSignedIn) or wish.new,
            )
        )
        if answer is not None:
            wish.name, wish.password = answer.name or None, answer.password or None
            wish.new = answer.new
        return answer is not None

    async def _talk_as(self, wish: Wish) -> None:
        from hubbub.client.backoff import Backoff
        from hubbub.client.calls import Bounds
        from hubbub.client.connect import connect
        from hubbub.client.tui.conversation import Conversation

        async with connect(
            self.server.url,
            name=wish.name,
            token=wish.token,
            password=wish.password,
            register=wish.registers,
            invite=wish.invite,
            rooms=wish.rooms or None,
            keep_session=True,
            kept_token=None if self.options.token else partial(kept_token, self.address),
            bounds=Bounds(
                give_up_s=math.inf,
                close_timeout_s=CLOSE_S,
                backoff=Backoff(most_s=self._backoff_most_s),
            ),
        ) as chat:
            former = saved.renamed(wish.session or Session("", ""), chat.welcome.rooms)
            room = next(iter(self.options.rooms), None) or former.room
            conversation = Conversation(
                chat,
                self.chat_screen.draw_soon,
                room=room,
                drafts=former.drafts,
                kept=self._keep_changes,
            )
            if wish.forgotten and chat.user.kind == UserKind.GUEST:
                conversation.note(str(NewGuest(chat.name)))
            self.chat_screen.composer.recall_from(former.recall)
            self._chat, self._conversation = chat, conversation
            self._former = former
            self._remember_session()
            try:
                await self._until_left(conversation)
            finally:
                if self._signed_out:
                    self._forget_session()
                else:
                    self._remember_session()

    async def _until_left(self, conversation: "Conversation") -> None:
        self.chat_screen.server = conversation.chat.welcome.server.name
        task = asyncio.create_task(conversation.run())
        leaving = asyncio.create_task(self._left.wait())
        keeping = asyncio.create_task(self._keep_drafts())
        # It has asked for its first page before the first picture of it.
        await asyncio.sleep(0)
        self.chat_screen.begin(conversation)
        try:
            # A conversation ends only by leaving, or by a fault of its own.
            await asyncio.wait([task, leaving], return_when=asyncio.FIRST_COMPLETED)
            with contextlib.suppress(HubbubError, TimeoutError):
                async with asyncio.timeout(MARKS_S if conversation.chat.is_up else 0):
                    await conversation.send_marks()
        finally:
            tasks = [task, leaving, keeping]
            for each in tasks:
                each.cancel()
            await asyncio.wait(tasks)
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error

    async def action_quit(self) -> None:
        """Ctrl+Q, wherever one is."""
        self.chat_screen.actions.general.quit()

    def action_help_quit(self) -> None:
        """Ctrl+C, where nothing is written."""
        self.chat_screen.actions.general.interrupt(end=False)

    def stop(self, number: int) -> None:
        """A signal has come: ends everything, with the code that shells know."""
        self._code = 128 + number
        if self._code == hang_up.CODE:
            hang_up.hang_up()
        self.leave()

    def leave(self) -> None:
        """Ends everything; the session is kept."""
        if self._conversation is None:
            self._end(Outcome(self._code))
        else:
            self._left.set()

    # --- what is kept

    @property
    def _signed_out(self) -> bool:
        from hubbub.client.failures import signed_out

        return self._chat is not None and signed_out(self._chat.failure)

    def _forget_session(self) -> None:
        chat = self._chat
        if chat is not None and self.options.token is None:
            token = chat.session
            self._keep(partial(saved.without_session, address=self.address, token=token))

    def _keep_changes(self, event: "You | Renamed") -> None:
        if isinstance(event, Renamed):
            # What was written there is kept under the new name, and no longer under this one.
            self._drafted |= {event.was, event.room}
        self._remember_session()

    def _remember_session(self) -> None:
        if self.options.token is None:
            now = self._session_now()
            if self._keep(partial(self._with_session, now)):
                self._was_kept(now)

    def _session_now(self) -> Session:
        """Who this is now, and what was written and said here and is not kept yet."""
        chat, conversation = self._chat, self._conversation
        assert chat is not None, "there is a session to keep"
        assert conversation is not None, "a session has a conversation"
        view = conversation.view
        rooms = tuple(name for name in view.order if view.chat.rooms[name].kind != "direct")
        drafts = {room: view.drafts.get(room, "") for room in self._drafted}
        said = tuple(self.chat_screen.composer.fresh)
        return Session(chat.session, chat.name, rooms, view.room, drafts, said)

    def _with_session(self, now: Session, kept: Saved) -> Saved:
        # Another terminal of this person may have written meanwhile, in other rooms.
        former = saved.session_for(kept, self.address, now.name) or self._former
        return saved.with_session(kept, self.address, saved.grown(former, now))

    def _was_kept(self, then: Session) -> None:
        composer, now = self.chat_screen.composer, self._session_now()
        # What is being written here is kept with every change: another terminal of this person
        # may have sent what it wrote in the same room.
        self._drafted = {
            room for room, draft in now.drafts.items() if draft or draft != then.drafts.get(room)
        }
        composer.fresh = composer.fresh[len(then.recall) :]

    def keep_draft_soon(self, room: str) -> None:
        """What is being written outlives also a client that is killed."""
        self._drafted.add(room)
        self._written.set()

    async def _keep_drafts(self) -> None:
        while self.options.token is None:
            await self._written.wait()
            await asyncio.sleep(DRAFTS_S)
            self._written.clear()
            if self._signed_out:
                return
            # It is told by the last time, if it is so then.
            with contextlib.suppress(ConfigError):
                now = self._session_now()
                await asyncio.to_thread(saved.change, partial(self._with_session, now))
                self._was_kept(now)

    def _keep(self, how: Callable[[Saved], Saved]) -> bool:
        try:
            self.kept = saved.change(how)
        except ConfigError as error:
            # One talks on without; it is only not remembered.
            self.chat_screen.put_status(str(error), "warning")
            return False
        return True

    def toggle_mouse(self) -> None:
        """Uses the mouse or not, from the next start."""
        mouse = not self.preferences.mouse
        self._prefer(replace(self.preferences, mouse=mouse))
        what = "is used" if mouse else "is the terminal's"
        self.chat_screen.put_status(f"From the next start the mouse {what}.")

    def prefer_people(self, *, shown: bool) -> None:
        """Shows the people at every width, or at none."""
        self._prefer(replace(self.preferences, people=shown))

    def toggle_bell(self) -> None:
        """Rings for mentions and whispers, or not."""
        bell = not self.preferences.bell
        self._prefer(replace(self.preferences, bell=bell))
        self.chat_screen.put_status(
            "The bell rings for mentions and whispers." if bell else "The bell is silent."
        )

    def _prefer(self, preferences: saved.Preferences) -> None:
        self.preferences = preferences
        self._keep(lambda kept: replace(kept, preferences=preferences))

    @property
    def theme_names(self) -> list[str]:
        """Every theme, ours first; a terminal without colours has but its own."""
        if self.no_color:
            return [TERMINAL.name]
        ours = [theme.name for theme in THEMES]
        others = sorted(set(self.available_themes) - set(ours))
        return ours + [name for name in others if not name.startswith("textual-ansi")]

    def choose_theme(self, name: str | None) -> None:
        """Takes other colours, and keeps them."""
        if name is not None:
            self.theme = name
            self._prefer(replace(self.preferences, theme=name))

    def _theme_changed(self, _: object) -> None:
        self.chat_screen.restyle(styles_of(self.current_theme))


def _collect_garbage() -> None:
    # What is loaded by now stays; it need not be looked through again and again.
    gc.freeze()
    gc.enable()
