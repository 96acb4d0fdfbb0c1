"""Source files as trees, for tests that read the code; each file is parsed once."""

import ast
from functools import cache
from pathlib import Path


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a Python file, the module first."""
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"))))
