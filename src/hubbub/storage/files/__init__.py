"""Logs as files: exported, imported, copied, backed up, checked."""
