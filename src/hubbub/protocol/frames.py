"""What all frames of a server have in common."""

from msgspec import Struct


class Frame(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """A JSON object whose `type` says what it is; fields that have their default are left out."""
