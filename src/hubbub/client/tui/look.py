"""Themes, and the styles of the rows for each; one table of names for all of them."""

from dataclasses import replace

from rich.style import Style
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="hubbub",
    primary="#82aaff",
    secondary="#7fb4ca",
    accent="#e6b566",
    foreground="#d5d8de",
    background="#15171c",
    surface="#1b1e25",
    panel="#22262e",
    success="#93c27f",
    warning="#e6b566",
    error="#f0808f",
    dark=True,
    variables={"border": "#2c313b", "scrollbar": "#2c313b"},
)
LIGHT = Theme(
    name="hubbub-light",
    primary="#2d5fb3",
    secondary="#2b7489",
    accent="#9a5b00",
    foreground="#2a2c31",
    background="#fbfaf7",
    surface="#f1efe9",
    panel="#e6e3da",
    success="#3b7a2e",
    warning="#9a5b00",
    error="#b3283f",
    dark=False,
    variables={"border": "#d3cfc4", "scrollbar": "#d3cfc4"},
)
TERMINAL = replace(
    BUILTIN_THEMES["ansi-dark"],
    name="terminal",
    primary="ansi_cyan",
    accent="ansi_yellow",
    variables={
        **BUILTIN_THEMES["ansi-dark"].variables,
        "block-cursor-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-text-style": "reverse",
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-text-style": "reverse",
    },
)
THEMES = (DARK, LIGHT, TERMINAL)

_NICKS_DARK = (
    "#82aaff", "#93c27f", "#e6b566", "#c49bf0", "#6fc7d6",
    "#f0808f", "#5fc9a8", "#f0a070", "#b8b16a", "#e092c8",
)  # fmt: skip
_NICKS_LIGHT = (
    "#2d5fb3", "#3b7a2e", "#8a5a00", "#7440b0", "#11727f",
    "#b3283f", "#0c7a5c", "#a8490f", "#6b6400", "#99337c",
)  # fmt: skip
_NICKS_TERMINAL = (
    "blue", "green", "yellow", "magenta", "cyan",
    "red", "bright_green", "bright_yellow", "bright_blue", "bright_magenta",
)  # fmt: skip


def fitting_theme(colours: str | None, *, no_color: bool) -> str:
    """The theme for a terminal with as many colours (rich's names); few of them are its own."""
    return TERMINAL.name if no_color or colours in {None, "standard", "windows"} else DARK.name


def styles_of(theme: Theme) -> dict[str, Style]:
    """The style of each name that a `Span` or a `Row` may have."""
    return _of_terminal() if theme.ansi else _of_colours(theme)


def _of_colours(theme: Theme) -> dict[str, Style]:
    variables = theme.to_color_system().generate()

    def parsed(name: str) -> Color:
        return Color.parse(variables[name])

    fore, back = parsed("foreground"), parsed("background")
    accent, primary, error = parsed("accent"), parsed("primary"), parsed("error")

    def between(colour: Color, share: float) -> str:
        return back.blend(colour, share, 1.0).hex

    def style(colour: str | None = None, on: str | None = None, **how: bool) -> Style:
        return Style(color=colour, bgcolor=on, **how)  # type: ignore[arg-type]

    quiet, faint = between(fore, 0.55), between(fore, 0.38)
    nicks = _NICKS_DARK if theme.dark else _NICKS_LIGHT
    return {
        "text": style(fore.hex),
        "me": style(fore.hex, italic=True),
        "own": style(primary.hex, bold=True),
        "time": style(faint),
        "dim": style(quiet),
        "note": style(quiet),
        "typed": style(faint, italic=True),
        "refusal": style(error.hex),
        "pending": style(quiet, italic=True),
        "gutter": style(accent.hex),
        "link": style(between(primary, 0.95), underline=True),
        "code": style(fore.hex, between(fore, 0.1)),
        "to-me": style(accent.hex, bold=True),
        "found": style(back.hex, accent.hex),
        "day": style(quiet),
        "day-line": style(between(fore, 0.18)),
        "new": style(accent.hex, bold=True),
        "new-line": style(between(accent, 0.5)),
        "mention-row": style(None, between(accent, 0.1)),
        "cursor-row": style(None, between(fore, 0.14)),
        "warning": style(accent.hex),
        "bar": style(quiet),
        "key": style(between(fore, 0.75)),
        "room": style(between(fore, 0.72)),
        "room-unread": style(fore.hex, bold=True),
        "room-in-view": style(fore.hex, between(fore, 0.14), bold=True),
        "number": style(faint),
        "count": style(between(fore, 0.72)),
        "mentions": style(back.hex, accent.hex, bold=True),
        "title": style(fore.hex, bold=True),
        **{f"nick-{index}": style(colour) for index, colour in enumerate(nicks)},
    }


def _of_terminal() -> dict[str, Style]:
    plain, quiet = Style(), Style(dim=True)
    return {
        "text": plain,
        "me": Style(italic=True),
        "own": Style(bold=True),
        "time": quiet,
        "dim": quiet,
        "note": quiet,
        "typed": Style(dim=True, italic=True),
        "refusal": Style(color="red"),
        "pending": Style(dim=True, italic=True),
        "gutter": Style(color="yellow", bold=True),
        "link": Style(underline=True),
        "code": Style(color="cyan"),
        "to-me": Style(color="yellow", bold=True),
        "found": Style(reverse=True),
        "day": quiet,
        "day-line": quiet,
        "new": Style(color="yellow", bold=True),
        "new-line": Style(color="yellow", dim=True),
        "mention-row": plain,
        "cursor-row": Style(reverse=True),
        "warning": Style(color="yellow"),
        "bar": quiet,
        "key": plain,
        "room": plain,
        "room-unread": Style(bold=True),
        "room-in-view": Style(reverse=True),
        "number": quiet,
        "count": plain,
        "mentions": Style(color="yellow", bold=True, reverse=True),
        "title": Style(bold=True),
        **{f"nick-{n}": Style(color=colour) for n, colour in enumerate(_NICKS_TERMINAL)},
    }
