"""What can be done with a person: by a key, by a click on a name, from a message."""

from collections.abc import Callable
from functools import partial

from hubbub.client.tui import menus
from hubbub.client.tui.actions import acts
from hubbub.client.tui.filled_in import duration_problem, read_duration, reason_problem
from hubbub.client.tui.items import Field, Item, narrowed
from hubbub.client.tui.shown import one_line
from hubbub.client.tui.stage import Stage
from hubbub.model import Role

DURATION = Field("How long: 10m, 2h, 7d; empty until it is lifted", problem=duration_problem)
REASON = Field("Why (the person and the audit log are told)", problem=reason_problem)


class PeopleActions:
    """What is about people."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._popups = stage.popups

    def choose(self) -> None:
        """Lists the people of the room; of the one chosen, opens the menu."""
        view = self._stage.view
        if view is not None:
            people = menus.people_of(view)
            self._popups.choose(
                "Somebody in this room", partial(narrowed, people), self.about_person
            )

    def about_person(self, name: str | None) -> None:
        """Opens the menu of a person."""
        view = self._stage.view
        if name is not None and view is not None:
            items = menus.about_person(view, name)
            # What the menu offers is for this room, whichever is in view when it is chosen.
            then = partial(self._with_person, view.room, name)
            self._popups.choose(one_line(name), partial(narrowed, items), then)

    def toggle_list(self) -> None:
        """Shows or hides the people."""
        self._stage.toggle_people()

    def _with_person(self, room: str | None, name: str, chosen: str | None) -> None:
        """Does what was chosen in the menu, after asking for what it needs."""
        stage = self._stage
        match chosen:
            case "whisper":
                stage.composer.fill(f"/whisper {one_line(name)} ")
                stage.composer.focus()
            case "mention":
                stage.composer.fill(f"{stage.composer.text}@{one_line(name)} ")
                stage.composer.focus()
            case "whois":
                acts.look_up_person(stage, name)
            case "ignore":
                acts.ignore(stage, name)
            case "unignore":
                acts.unignore(stage, name)
            case "mute_everywhere":
                mute = partial(acts.mute_everywhere, stage, name)
                self._ask_duration(f"Mute {name} in all rooms", "Mute", mute)
            case "unmute_everywhere":
                acts.unmute_everywhere(stage, name)
            case "ban":
                ban = partial(acts.ban, stage, name)
                self._ask_duration(f"Ban {name} from the server", "Ban", ban)
            case "role":
                give = partial(acts.set_role, stage, name)
                self._ask_role(f"{one_line(name)} on the server", menus.SERVER_ROLES, give)
            case str() if room is not None:
                self._with_member(room, name, chosen)
            case _:
                assert chosen is None, f"{chosen} is in the menu"

    def _with_member(self, room: str, name: str, chosen: str) -> None:
        """Does what was chosen and is about a room."""
        stage = self._stage
        match chosen:
            case "mute":
                mute = partial(acts.mute, stage, room, name)
                self._ask_duration(f"Mute {name} in this room", "Mute", mute)
            case "unmute":
                acts.unmute(stage, room, name)
            case "kick":
                kick = partial(acts.kick, stage, room, name)
                question = f"Remove {name} from this room"
                self._popups.ask(question, "Remove", lambda lines: kick(*lines), REASON)
            case _:
                assert chosen == "role_here", f"{chosen} is in the menu"
                give = partial(acts.set_room_role, stage, room, name)
                self._ask_role(f"{one_line(name)} in this room", menus.ROOM_ROLES, give)

    def _ask_duration(self, title: str, does: str, then: Callable[[int | None, str], None]) -> None:
        def filled_in(lines: tuple[str, ...]) -> None:
            duration, reason = lines
            then(read_duration(duration), reason)

        self._popups.ask(title, does, filled_in, DURATION, REASON)

    def _ask_role(self, whose: str, roles: tuple[Role, ...], give: Callable[[Role], None]) -> None:
        items = [Item(role, role) for role in roles]

        def chosen(role: str | None) -> None:
            if role is not None:
                give(Role(role))

        self._popups.choose(f"Role of {whose}", partial(narrowed, items), chosen)
