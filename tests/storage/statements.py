"""Every statement of the log in a database, by its name, whichever module it stands in."""

import importlib
import pkgutil

from sqlalchemy import Delete, Insert, Select, Update

from hubbub.storage import sql

Statement = Select | Insert | Update | Delete


def _found() -> dict[str, Statement]:
    found: dict[str, Statement] = {}
    for each in pkgutil.iter_modules(sql.__path__, f"{sql.__name__}."):
        for name, value in vars(importlib.import_module(each.name)).items():
            if isinstance(value, Statement) and not name.startswith("_"):
                # By one name there is one, also where another module imports it.
                assert found.setdefault(name, value) is value, name
    return found


STATEMENTS = _found()
