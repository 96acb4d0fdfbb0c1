"""Keys about what rooms are, and about the house: sessions, invitations, bans, the audit log."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hubbub.client.tui import menus, reports
from hubbub.client.tui.actions.rooms import RoomActs
from hubbub.client.tui.items import Item, narrowed
from hubbub.client.tui.shown import one_line
from hubbub.client.typed import Run, read_typed
from hubbub.errors import HubbubError

if TYPE_CHECKING:
    from hubbub.client.tui.forms import Field

AUDIT_PAGES = 10
"""Pages of 100 acts; who needs more reads them by `chat.audit`."""
NEW_ROOMS = (
    ("", "Public", "everybody finds and enters it"),
    (" private", "Private", "by invitation"),
    (" read-only", "Public, read-only", "moderators write"),
    (" private read-only", "Private, read-only", "by invitation"),
)


class HouseActs(RoomActs):
    """The part of the chat screen that is about settings and the house."""

    def put_status(self, text: str, style: str = "bar") -> None:
        """Says something below the messages."""
        raise NotImplementedError

    def read_text(self, text: str, *, at_end: bool) -> None:
        """Shows a text on the whole screen."""
        from hubbub.client.tui.dialogs import Reader

        self.app.push_screen(Reader(text, at_end=at_end))

    def ask(
        self,
        title: str,
        does: str,
        then: Callable[[tuple[str, ...]], None],
        *fields: "Field",
    ) -> None:
        """Opens a form; `then` gets what was filled in, unless it was left."""
        from hubbub.client.tui.forms import Form

        def answered(lines: tuple[str, ...] | None) -> None:
            if lines is not None:
                then(lines)

        self.app.push_screen(Form(title, does, *fields), answered)

    def run_line(self, line: str, room: str | None = None) -> None:
        """Runs a command as if it had been typed, in that room or in the one in view."""
        conversation, typed = self.conversation, read_typed(line)
        if conversation is None or typed is None:
            return
        try:
            conversation.do(typed, room or conversation.view.room)
        except HubbubError as error:
            conversation.note(str(error), "refusal")

    # --- this room

    def action_room_settings(self) -> None:
        """Shows what this room is, and what of it may be changed."""
        room = self.view.in_view if self.view is not None else None
        if room is None or room.kind == "direct":
            self.put_status("There is nothing to set in a direct conversation, or in no room.")
            return
        items = menus.about_room(room)
        what = reports.room_line(room)
        self.choose(what, partial(narrowed, items), partial(self._with_room, room.name))

    def _with_room(self, room: str, act: str | None) -> None:
        from hubbub.client.tui.forms import Field

        title = self.view.chat.rooms[room].title if self.view is not None else room
        match act:
            case "rename":
                then = self._with_words("/room rename", room)
                self.ask(f"Rename {title}", "Rename", then, Field("Its new name", needed=True))
            case "invite_here":
                then = self._with_words("/invite", room)
                self.ask(f"Invite into {title}", "Invite", then, Field("A name", needed=True))
            case "topic":
                then = self._with_words("/topic", room)
                topic = one_line(self.view.chat.rooms[room].topic) if self.view is not None else ""
                self.ask(f"Topic of {title}", "Set it", then, Field("The topic", topic))
            case "archive":
                question = f"Archive {title}? It can be read then, and nothing is added to it."
                self.ask(question, "Archive", lambda _: self.run_line("/room archive", room))
            case "roles":
                self._choose_role()
            case "audit":
                self._start_audit(room)
            case "bans":
                self._start_bans(room)
            case "leave":
                self.run_line(f"/leave {room}", room)
            case str():
                self.run_line(f"/room {act}", room)
            case None:
                pass

    def _with_words(self, line: str, room: str) -> Callable[[tuple[str, ...]], None]:
        return lambda words: self.run_line(" ".join((line, *words)).rstrip(), room)

    def _choose_role(self) -> None:
        view = self.view
        if view is not None:
            people = menus.people_of(view)
            self.choose("Whose role in this room", partial(narrowed, people), self._role_of)

    def _role_of(self, name: str | None) -> None:
        items = [Item(role, role) for role in menus.ROOM_ROLES]

        def give(role: str | None) -> None:
            if role is not None:
                self.run_line(f"/role {name} {role} here")

        if name is not None:
            self.choose(f"{one_line(name)} in this room", partial(narrowed, items), give)

    def action_new_room(self) -> None:
        """Makes a room."""
        from hubbub.client.tui.forms import Field

        private = menus.has_right(self.view, "create_private")
        items = [
            Item(words, label, hint)
            for words, label, hint in NEW_ROOMS
            if private or "private" not in words
        ]

        def named(lines: tuple[str, ...]) -> None:
            def make(words: str | None) -> None:
                if words is not None:
                    self.run_line(f"/room new {lines[0]}{words}")

            self.choose(f"What {lines[0]} is", partial(narrowed, items), make)

        self.ask("Make a room", "Go on", named, Field("Its name", needed=True))

    # --- the house

    def action_sessions(self) -> None:
        """Lists where one is signed in; Enter ends one."""
        if self.conversation is not None:
            self.conversation.look_up(self._show_sessions)

    async def _show_sessions(self) -> None:
        assert self.conversation is not None, "somebody asked in a conversation"
        answer = await self.conversation.chat.sessions()
        items = [reports.session_item(session) for session in answer.sessions]

        def chosen(session: str | None) -> None:
            label = next((item.label for item in items if item.value == session), "")
            if session is not None:
                question = f"End this session?\n{label}"
                line = f"/sessions end {session}"
                self.ask(question, "End it", lambda _: self.run_line(line))

        self.choose("Where you are signed in", partial(narrowed, items), chosen)

    def action_invitations(self) -> None:
        """Makes, lists and revokes invitations to the server."""
        items = [
            Item("link", "Make an invitation…"),
            Item("list", "List those that can be used", "Enter revokes one"),
        ]
        self.choose("Invitations", partial(narrowed, items), self._with_invitations)

    def _with_invitations(self, act: str | None) -> None:
        from hubbub.client.tui.forms import Field

        if act == "link":
            uses, days = Field("For how many people", "1"), Field("For how many days", "7")
            then = self._with_invitation
            self.ask("An invitation to this server", "Make it", then, uses, days)
        elif act == "list" and self.conversation is not None:
            self.conversation.look_up(self._list_invitations)

    def _with_invitation(self, words: tuple[str, ...]) -> None:
        self.run_line(" ".join(("/invite link", words[0] or "1", words[1] or "7")))

    async def _list_invitations(self) -> None:
        assert self.conversation is not None, "somebody asked in a conversation"
        text = await self.conversation.chat.command("/invite list")
        items = reports.invitation_items(text)
        if not items:
            self.put_status(text)
            return

        def chosen(invitation: str | None) -> None:
            if invitation is not None:
                line = f"/invite revoke {invitation}"
                question = "Revoke this invitation? Nobody comes in by it any more."
                self.ask(question, "Revoke", lambda _: self.run_line(line))

        self.choose("Invitations; Enter revokes one", partial(narrowed, items), chosen)

    def action_audit(self) -> None:
        """Shows what moderators did."""
        self._start_audit(self._scope())

    def action_bans(self) -> None:
        """Lists the bans and mutes; Enter lifts one."""
        self._start_bans(self._scope())

    def _scope(self) -> str | None:
        # The whole server, for those who may read of it.
        view = self.view
        return None if view is None or "audit" in view.chat.may else view.room

    def _start_audit(self, room: str | None) -> None:
        if self.conversation is not None:
            self.conversation.look_up(partial(self._show_audit, room))

    async def _show_audit(self, room: str | None) -> None:
        assert self.conversation is not None, "somebody asked in a conversation"
        chat, lines, before = self.conversation.chat, [], None
        for _ in range(AUDIT_PAGES):
            page = await chat.audit(room, before=before, limit=100)
            lines += [reports.act_line(entry) for entry in page.entries]
            if not page.more or not page.entries:
                break
            before = page.entries[-1].id
        text = "\n".join(reversed(lines)) or "Nothing was done yet."
        self.read_text(text, at_end=True)

    def _start_bans(self, room: str | None) -> None:
        if self.conversation is not None:
            self.conversation.look_up(partial(self._show_bans, room))

    async def _show_bans(self, room: str | None) -> None:
        assert self.conversation is not None, "somebody asked in a conversation"
        answer = await self.conversation.chat.bans(room)
        if not answer.bans:
            self.put_status("Nobody is banned or muted.")
            return
        items = [reports.ban_item(ban) for ban in answer.bans]

        def chosen(line: str | None) -> None:
            if line is not None:
                where = next(b.room for b in answer.bans if reports.lifting(b) == line)
                self.ask(f"{line}?", "Lift it", lambda _: self.run_line(line, where))

        self.choose("Bans and mutes; Enter lifts one", partial(narrowed, items), chosen)

    def of_server(self, line: str) -> bool:
        """Whether a typed line is one that this client has a list for, which opens then."""
        word, _, rest = line.removeprefix("/").partition(" ")
        if word.lower() == "search" and rest.strip():
            self.find(rest.strip())
            return True
        return False

    def find(self, text: str = "") -> None:
        """Searches the whole room."""
        raise NotImplementedError

    def is_list(self, typed: object) -> bool:
        """Whether what was typed opened a list instead of being run."""
        return isinstance(typed, Run) and self.of_server(typed.line)
