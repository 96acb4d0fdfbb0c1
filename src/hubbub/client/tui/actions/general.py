"""Help, the command palette, preferences, and the end."""

from functools import partial

from hubbub.client.tui import keys, menus
from hubbub.client.tui.items import Item, narrowed
from hubbub.client.tui.stage import Stage


class GeneralActions:
    """What is about the program itself."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._popups = stage.popups
        self._warned = False
        """Whether quitting was asked for and once more does it."""

    def help(self) -> None:
        """Shows the keys and the commands."""
        commands: list[tuple[str, str]] = []
        if self._stage.conversation is not None:
            infos = self._stage.conversation.chat.welcome.commands
            commands = [(info.usage, info.summary) for info in infos]
        self._popups.help(commands)

    def palette(self) -> None:
        """Opens the list of everything that can be done."""
        items = [
            Item(key.action, key.does, key.shown if key.keys else "")
            for key in keys.PALETTE
            if menus.has_right(self._stage.view, key.right)
        ]
        self._popups.choose("Do something", partial(narrowed, items), self._run)

    def _run(self, action: str | None) -> None:
        if action is not None:
            self._stage.run(action)

    def themes(self) -> None:
        """Lets somebody choose the colours."""
        program = self._stage.program
        items = [Item(name, name) for name in program.theme_names]
        self._popups.choose("Colours", partial(narrowed, items), program.choose_theme)

    def redraw(self) -> None:
        """Draws everything anew, for a terminal that something else wrote to."""
        self._stage.redraw()

    def toggle_bell(self) -> None:
        """Rings for mentions and whispers, or not."""
        self._stage.program.toggle_bell()

    def toggle_mouse(self) -> None:
        """Uses the mouse, or not."""
        self._stage.program.toggle_mouse()

    def quit(self) -> None:
        """Quits; asks once more where something was not sent."""
        unsent = self._stage.view.unsent if self._stage.view is not None else 0
        if unsent and not self._warned:
            self._warned = True
            what = "1 message is" if unsent == 1 else f"{unsent} messages are"
            text = f"{what} not sent yet; Ctrl+Q again quits without."
            self._stage.put_status(text, "warning")
            return
        self._stage.program.leave()

    def interrupt(self, *, end: bool) -> None:
        """Somebody wants to end it; the first time they are told how, unless `end` is meant."""
        if end or self._warned:
            self.quit()
        else:
            self._warned = True
            self._stage.put_status("Ctrl+C once more, or Ctrl+Q, quits.")

    def stay(self) -> None:
        """Somebody writes on: quitting is asked for anew."""
        self._warned = False
