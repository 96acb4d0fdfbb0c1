"""How large a piece of the code may be: beyond that it has more than one idea."""

import ast
from pathlib import Path

import hubbub
from tests.sources import nodes

SRC = Path(hubbub.__file__).parent
TOP = SRC.parent.parent
MODULE_LINES, FUNCTION_LINES, CONSTRUCTOR_ARGUMENTS = 400, 60, 8
SOURCES = [
    path
    for folder in (SRC, TOP / "benchmarks", TOP / "tools")
    for path in sorted(folder.rglob("*.py"))
]


def test_no_module_is_too_long() -> None:
    lines = {path: path.read_text("utf-8").count("\n") for path in SOURCES}
    assert [path for path, count in lines.items() if count > MODULE_LINES] == []


def test_no_function_is_too_long() -> None:
    found = []
    for path in SOURCES:
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                if node.end_lineno - node.lineno + 1 > FUNCTION_LINES:
                    found.append(f"{path}: {node.name}")
    assert found == []


def test_no_constructor_takes_too_much() -> None:
    found = []
    for path in SOURCES:
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                if len(given) - 1 > CONSTRUCTOR_ARGUMENTS:
                    found.append(str(path))
    assert found == []


def test_nothing_is_left_to_those_who_inherit() -> None:
    found = [
        path
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.Name) and node.id == "NotImplementedError"
    ]
    assert found == []
