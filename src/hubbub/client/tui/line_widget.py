"""What the widgets that draw line by line have in common."""

from rich.style import Style
from textual.widget import Widget


class LineWidget(Widget):
    """A widget with the looks of the theme; `base` is what every line of it stands on."""

    ALLOW_SELECT = False

    def __init__(self, looks: dict[str, Style], name: str) -> None:
        super().__init__(id=name)
        self.looks = looks
        self._base: Style | None = None

    @property
    def base(self) -> Style:
        """The widget's own colours; Textual works them out anew at every question."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    def notify_style_update(self) -> None:
        """The theme or something above this widget changed."""
        self._base = None
        super().notify_style_update()

    def dress(self, looks: dict[str, Style]) -> None:
        """Takes the looks of another theme."""
        self.looks, self._base = looks, None
        self.refresh()
