"""The slash commands. Each module here adds its own to the table, in the order of /help."""

from hubbub.hub.commands import talk, rooms, membership, moderation  # isort: skip
from hubbub.hub.commands.table import COMMANDS, catalogue, reference, run_line

__all__ = [
    "COMMANDS",
    "catalogue",
    "membership",
    "moderation",
    "reference",
    "rooms",
    "run_line",
    "talk",
]
