"""A file that is there whole or not at all, also after a power cut."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hubbub.errors import StorageError


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A file beside `path`, empty and for its owner alone, that becomes `path` after the block.

    Where the block raises, nothing is left of it. Raises StorageError where `path` is there or
    its folder cannot be written.
    """
    if os.path.lexists(path):
        raise _existing(path)
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name[:200]}.", dir=path.absolute().parent)
    except OSError as error:
        raise StorageError(
            f"No file can be made in {path.absolute().parent}: {error.strerror}. "
            "Name a file in a folder that is there and that you may write."
        ) from error
    temporary = Path(name)
    try:
        os.close(number)
        yield temporary
        _sync(temporary)
        # Copying took its time: somebody may have made one meanwhile, which a link leaves alone.
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            raise _existing(path) from None
        _sync(path.absolute().parent)
    except OSError as error:
        raise StorageError(f"{path} was not written: {error.strerror}.") from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _existing(path: Path) -> StorageError:
    return StorageError(f"{path} is there already and was left alone; name a new file.")


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
