"""What each request comes to. Each module here adds its own to the table."""

from hubbub.hub.handlers import order, people, push, rooms, talk
from hubbub.hub.handlers.table import HANDLERS, carry_out

__all__ = ["HANDLERS", "carry_out", "order", "people", "push", "rooms", "talk"]
