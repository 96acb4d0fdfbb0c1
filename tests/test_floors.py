"""The floors of docs/architecture.md: a file imports its own floor and lower ones."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import hubbub
from tests.sources import nodes

ROOT = Path(hubbub.__file__).parent

FLOORS = {
    "hubbub": 0,
    "hubbub.version": 0,
    "hubbub.errors": 0,
    "hubbub.model": 0,
    "hubbub.protocol": 0,
    "hubbub.storage": 1,
    "hubbub.bus": 1,
    "hubbub.hub": 2,
    "hubbub.transports": 3,
    "hubbub.config": 4,
    "hubbub.settings": 4,
    "hubbub.logs": 4,
    "hubbub.server": 4,
    "hubbub.cli": 4,
    "hubbub.care": 4,
    "hubbub.people": 4,
    "hubbub.trial": 4,
    "hubbub.__main__": 4,
    "hubbub.client": 0,
}
DATABASE = {"sqlalchemy", "alembic", "sqlite3", "psycopg"}
# The lower floors know no web library and no database; the hub knows what the storage promises.
BARRED = {
    "hubbub.protocol": {"aiohttp", "asyncio", "sqlalchemy", "alembic", "sqlite3", "time"},
    "hubbub.model": {"aiohttp", "asyncio", "sqlalchemy", "alembic", "sqlite3", "time"},
    "hubbub.errors": {"aiohttp", "asyncio", "sqlalchemy", "alembic", "sqlite3", "time"},
    "hubbub.storage": {"aiohttp", "asyncio", "nats"},
    "hubbub.bus": {"aiohttp", *DATABASE},
    "hubbub.hub": {"aiohttp", "uvloop", "socket", "nats", *DATABASE},
    "hubbub.client": {"sqlalchemy", "alembic", "sqlite3", "uvloop"},
}
HUB_MAY_KNOW = {
    "hubbub.bus.interface",
    *(
        f"hubbub.storage.{name}"
        for name in ("changes", "concerns", "interface", "records", "shared")
    ),
}
BELOW_THE_HUB = ("hubbub.bus", "hubbub.storage")
SOURCES = sorted(ROOT.rglob("*.py"))


def module_of(path: Path) -> str:
    parts = ["hubbub", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts).removesuffix(".__init__")


def place_of(module: str) -> str:
    """The row of FLOORS that a module belongs to."""
    found = [name for name in FLOORS if module == name or module.startswith(name + ".")]
    return max(found, key=len)


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, wherever in the file, for types alone too."""
    found: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {n if is_module(n) else node.module for n in names}
    return found


def is_module(name: str) -> bool:
    path = ROOT.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_a_file_imports_its_own_floor_and_lower_ones(path: Path) -> None:
    module = module_of(path)
    own = place_of(module)
    for name in imports_of(path):
        if not name.startswith("hubbub"):
            barred = BARRED.get(own, set())
            assert name.split(".")[0] not in barred, f"{module} must not import {name}"
        elif module == "hubbub":
            # The SDK's names are exported lazily; see the next test.
            assert place_of(name) in {
                "hubbub.client",
                "hubbub.errors",
                "hubbub.protocol",
                "hubbub.version",
            }
        elif place_of(name) != own:
            assert FLOORS[place_of(name)] <= FLOORS[own], f"{module} must not import {name}"
            if own != "hubbub.client":
                assert place_of(name) != "hubbub.client" or FLOORS[own] == 4
            if own == "hubbub.hub" and name.startswith(BELOW_THE_HUB):
                assert name in HUB_MAY_KNOW, f"{module} must not import {name}"
            assert not own.startswith(BELOW_THE_HUB) or not name.startswith(BELOW_THE_HUB), (
                f"{module} must not import {name}: the bus and the log know nothing of each other"
            )


def test_the_walk_sees_imports_inside_functions(tmp_path: Path) -> None:
    source = tmp_path / "late.py"
    source.write_text("def f():\n    import aiohttp.web\n    from hubbub.hub import hub\n")

    assert imports_of(source) == {"aiohttp.web", "hubbub.hub.hub"}


def test_no_files_import_each_other_in_a_circle() -> None:
    """Those of hubbub, of the benchmarks and of the tools, also for types alone."""
    top = ROOT.parent.parent
    paths = {module_of(path): path for path in SOURCES}
    for folder in ("benchmarks", "tools"):
        for path in sorted((top / folder).rglob("*.py")):
            paths[".".join(path.relative_to(top).with_suffix("").parts)] = path
    graph: dict[str, set[str]] = {}
    for module, path in paths.items():
        # Importing a module runs the packages that it is in, whether it names them or not.
        graph[module] = {n for n in imports_of(path) if not module.startswith(f"{n}.")}

    # It raises CycleError, which names the files.
    assert set(TopologicalSorter(graph).static_order()) >= graph.keys()


def test_nothing_in_the_hub_imports_the_hub() -> None:
    importers = {m for m in map(module_of, SOURCES) if m.startswith("hubbub.hub.")}
    for path in SOURCES:
        if module_of(path) in importers:
            assert "hubbub.hub.hub" not in imports_of(path), path


HUB_FLOORS = (
    # What may be known from each room of the hub, beside itself and the rooms before it.
    {"ports", "signs", "clock", "faults", "rules"},
    {"state"},
    {"flow"},
    {"peers"},
    {"core"},
    {"names", "directory", "welcome"},
    {"rooms"},
    {"talk", "push"},
    {"people"},
    {"order"},
    {"settlement"},
    {"parts"},
    {"reports", "upkeep"},
    {"handlers", "cluster"},
    {"commands"},
    {"dispatcher"},
    {"hub"},
)
"""The floors inside the hub; docs/architecture.md draws them."""


def floor_in_the_hub(module: str) -> int:
    room = module.split(".")[2]
    return next(number for number, floor in enumerate(HUB_FLOORS) if room in floor)


def test_a_room_of_the_hub_imports_its_own_floor_and_lower_ones() -> None:
    wrong = []
    for path in SOURCES:
        module = module_of(path)
        if (
            module == "hubbub.hub"
            or not module.startswith("hubbub.hub.")
            or path.name == "__init__.py"
        ):
            continue
        known = [n for n in imports_of(path) if n.startswith("hubbub.hub.") and is_module(n)]
        own = floor_in_the_hub(module)
        wrong += [f"{module} -> {n}" for n in known if floor_in_the_hub(n) > own]
    assert wrong == []
