"""Two things that terminals send for Alt and that Textual reads as something else.

Alt with a digit is read as the letter that one terminal's keyboard has there, and Alt+Enter as
Enter, which would send what should only get another line. Both are entries of Textual's table of
sequences, which has no public way to change it.
"""

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import Keys

ALT_DIGITS = tuple(f"\x1b{digit}" for digit in range(10))
ALT_ENTER = "\x1b\r"


def mend_alt() -> None:
    """Lets Alt+1 be Alt+1, and Alt+Enter a new line."""
    for sequence in ALT_DIGITS:
        ANSI_SEQUENCES_KEYS.pop(sequence, None)  # type: ignore[attr-defined]
    ANSI_SEQUENCES_KEYS[ALT_ENTER] = (Keys.ControlJ,)  # type: ignore[index]
