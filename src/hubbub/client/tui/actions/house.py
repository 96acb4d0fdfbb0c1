"""Lists about the whole server: sessions, invitations, the audit log, bans and mutes."""

from functools import partial
from typing import TYPE_CHECKING

from hubbub.client.tui import reports
from hubbub.client.tui.actions import acts
from hubbub.client.tui.filled_in import number_problem
from hubbub.client.tui.items import Field, Item, narrowed
from hubbub.client.tui.stage import Stage
from hubbub.protocol import words
from hubbub.protocol.requests import Invitations

if TYPE_CHECKING:
    from hubbub.client.tui.conversation import Conversation

AUDIT_PAGES = 10
"""Pages of 100 entries; who needs more reads them by `chat.audit`."""


class HouseActions:
    """What is about one's account and about moderation."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._popups = stage.popups

    def sessions(self) -> None:
        """Lists where one is signed in; Enter ends one."""
        conversation = self._stage.conversation
        if conversation is not None:
            conversation.look_up(partial(self._show_sessions, conversation))

    async def _show_sessions(self, conversation: "Conversation") -> None:
        answer = await conversation.chat.sessions()
        items = [reports.session_item(session) for session in answer.sessions]

        def chosen(session: str | None) -> None:
            label = next((item.label for item in items if item.value == session), "")
            if session is not None:
                question = f"End this session?\n{label}"
                end = partial(acts.end_session, self._stage, session)
                self._popups.ask(question, "End it", lambda _: end())

        self._popups.choose("Where you are signed in", partial(narrowed, items), chosen)

    def invitations(self) -> None:
        """Makes, lists and revokes invitations to the server."""
        items = [
            Item("link", "Make an invitation…"),
            Item("list", "List those that can be used", "Enter revokes one"),
        ]
        self._popups.choose("Invitations", partial(narrowed, items), self._with_invitations)

    def _with_invitations(self, chosen: str | None) -> None:
        conversation = self._stage.conversation
        if chosen == "link":
            uses = Field("For how many people", "1", problem=partial(number_problem, most=1_000))
            days = Field("For how many days", "7", problem=partial(number_problem, most=365))
            then = self._make_invitation
            self._popups.ask("An invitation to this server", "Make it", then, uses, days)
        elif chosen == "list" and conversation is not None:
            conversation.look_up(partial(self._list_invitations, conversation))

    def _make_invitation(self, lines: tuple[str, ...]) -> None:
        people, days = lines
        acts.make_invitation(self._stage, int(people or "1"), int(days or "7"))

    async def _list_invitations(self, conversation: "Conversation") -> None:
        found = await conversation.chat.moderation.invitations()
        items = [reports.invitation_item(each) for each in found.invitations]
        if not items:
            self._stage.put_status(words.answer(Invitations(), found))
            return

        def chosen(invitation: str | None) -> None:
            if invitation is not None:
                question = "Revoke this invitation? Nobody comes in by it any more."
                revoke = partial(acts.revoke_invitation, self._stage, invitation)
                self._popups.ask(question, "Revoke", lambda _: revoke())

        self._popups.choose("Invitations; Enter revokes one", partial(narrowed, items), chosen)

    def audit(self) -> None:
        """Shows what moderators did."""
        self.audit_of(self._scope())

    def bans(self) -> None:
        """Lists the bans and mutes; Enter lifts one."""
        self.bans_of(self._scope())

    def _scope(self) -> str | None:
        # The whole server, for those who may read of it.
        view = self._stage.view
        return None if view is None or "audit" in view.chat.may else view.room

    def audit_of(self, room: str | None) -> None:
        """Shows what moderators did in a room, or with None everywhere."""
        conversation = self._stage.conversation
        if conversation is not None:
            conversation.look_up(partial(self._show_audit, conversation, room))

    async def _show_audit(self, conversation: "Conversation", room: str | None) -> None:
        chat, lines, before = conversation.chat, [], None
        for _ in range(AUDIT_PAGES):
            page = await chat.audit(room, before=before, limit=100)
            lines += [reports.audit_line(entry) for entry in page.entries]
            if not page.more or not page.entries:
                break
            before = page.entries[-1].id
        text = "\n".join(reversed(lines)) or "Nothing was done yet."
        self._popups.read(text, at_end=True)

    def bans_of(self, room: str | None) -> None:
        """Lists who is muted in a room, or with None who is banned or muted anywhere."""
        conversation = self._stage.conversation
        if conversation is not None:
            conversation.look_up(partial(self._show_bans, conversation, room))

    async def _show_bans(self, conversation: "Conversation", room: str | None) -> None:
        answer = await conversation.chat.bans(room)
        if not answer.bans:
            self._stage.put_status("Nobody is banned or muted.")
            return
        items = [reports.ban_item(str(place), ban) for place, ban in enumerate(answer.bans)]

        def chosen(place: str | None) -> None:
            if place is not None:
                ban = answer.bans[int(place)]
                question = reports.lift_question(ban)
                self._popups.ask(question, "Lift it", lambda _: acts.lift(self._stage, ban))

        self._popups.choose("Bans and mutes; Enter lifts one", partial(narrowed, items), chosen)
