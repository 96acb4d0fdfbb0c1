"""What can be done with a person: by a key, by a click on a name, from a message's menu."""

from collections.abc import Callable
from functools import partial

from hubbub.client.tui import menus
from hubbub.client.tui.actions.house import HouseActs
from hubbub.client.tui.items import Item, narrowed
from hubbub.client.tui.shown import one_line
from hubbub.client.tui.sidebar import Sidebar

DURATION = "How long: 10m, 2h, 7d; empty until it is lifted"
REASON = "Why (the person and the audit log are told)"


class PeopleActs(HouseActs):
    """The part of the chat screen that is about people."""

    def action_choose_person(self) -> None:
        """Lets choose somebody of this room, and then what to do."""
        view = self.view
        if view is not None:
            people = menus.people_of(view)
            self.choose("Somebody in this room", partial(narrowed, people), self.about_person)

    def on_sidebar_chosen(self, event: Sidebar.Chosen) -> None:
        """A click on a room goes there, one on a person shows what can be done."""
        if event.of is self._people:
            self.about_person(event.what)
            return
        self._go_to(event.what)
        self.composer.focus()

    def about_person(self, name: str | None) -> None:
        """Lets choose what to do with somebody."""
        view = self.view
        if name is not None and view is not None:
            items = menus.about_person(view, name)
            self.choose(one_line(name), partial(narrowed, items), partial(self._with_person, name))

    def _with_person(self, name: str, act: str | None) -> None:
        """Does it, after asking for what it needs."""
        match act:
            case "whisper":
                self.composer.fill(f"/whisper {one_line(name)} ")
            case "mention":
                self.composer.fill(f"{self.composer.text}@{one_line(name)} ")
            case "mute":
                self._ask_duration(f"Mute {name} in this room", "Mute", f"/mute {name}")
            case "mute_everywhere":
                line = f"/mute {name} everywhere"
                self._ask_duration(f"Mute {name} in all rooms", "Mute", line)
            case "ban":
                self._ask_duration(f"Ban {name} from the server", "Ban", f"/ban {name}")
            case "kick":
                self._ask_reason(f"Remove {name} from this room", "Remove", f"/kick {name}")
            case "role_here":
                self._ask_role(name, menus.ROOM_ROLES, " here")
            case "role":
                self._ask_role(name, menus.SERVER_ROLES, "")
            case "unmute_everywhere":
                self.run_line(f"/unmute {name} everywhere")
            case str():
                self.run_line(f"/{act} {name}")
            case None:
                pass
        if act in {"whisper", "mention"}:
            self.composer.focus()

    def _ask_duration(self, title: str, does: str, line: str) -> None:
        from hubbub.client.tui.forms import Field

        self.ask(title, does, self._run_with(line), Field(DURATION), Field(REASON))

    def _ask_reason(self, title: str, does: str, line: str) -> None:
        from hubbub.client.tui.forms import Field

        self.ask(title, does, self._run_with(line), Field(REASON))

    def _run_with(self, line: str) -> Callable[[tuple[str, ...]], None]:
        room = self.view.room if self.view is not None else None
        return lambda words: self.run_line(" ".join((line, *filter(None, words))), room)

    def _ask_role(self, name: str, roles: tuple[str, ...], where: str) -> None:
        items = [Item(role, role) for role in roles]
        title = f"Role of {one_line(name)} {'in this room' if where else 'on the server'}"
        room = self.view.room if self.view is not None else None

        def give(role: str | None) -> None:
            if role is not None:
                self.run_line(f"/role {name} {role}{where}", room)

        self.choose(title, partial(narrowed, items), give)
