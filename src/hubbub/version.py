"""The version of this release; nothing else, so that every floor may know it."""

__version__ = "0.1.0"
