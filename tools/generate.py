"""Writes the generated blocks of docs and sources: `python -m tools.generate [--check]`.

A block stands between `<!-- generated: NAME -->` and `<!-- end generated -->`, in a source as a
comment after `//`.
"""

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from hubbub import config, errors

ROOT = Path(__file__).resolve().parent.parent

_BLOCK = re.compile(
    r"(<!-- generated: (?P<name>\S+) -->\n)"
    r"(?:(?!<!-- generated: ).)*?"
    r"((?:// )?<!-- end generated -->)",
    re.DOTALL,
)
_START = re.compile(r"<!-- generated: (\S+) -->")

Registry = Mapping[tuple[str, str], Callable[[], str]]


def _commands() -> str:
    from hubbub.hub import commands

    return commands.reference()


def _types() -> str:
    from tools import typescript

    return typescript.protocol()


def _permissions() -> str:
    from hubbub.hub.state import permissions

    return permissions.reference()


def _keys() -> str:
    from hubbub.client.tui import keys

    return keys.reference()


REGISTRY: Registry = {
    ("docs/accounts.md", "permissions"): _permissions,
    ("docs/clients.md", "keys"): _keys,
    ("docs/configuration.md", "settings"): config.reference,
    ("docs/protocol.md", "commands"): _commands,
    ("docs/protocol.md", "codes"): errors.reference,
    ("web/src/protocol.ts", "types"): _types,
}
"""What writes each block, by the file's path from the root and the block's name."""


def generate(root: Path, registry: Registry, *, check: bool) -> list[str]:
    """Rewrites the blocks, or only compares them; the answer is what is wrong, a line each."""
    problems = []
    for file in dict.fromkeys(file for file, _ in registry):
        blocks = {name: write for (owner, name), write in registry.items() if owner == file}
        problems += _generate_file(root / file, file, blocks, check=check)
    return problems


def _generate_file(
    path: Path, file: str, blocks: Mapping[str, Callable[[], str]], *, check: bool
) -> list[str]:
    if not path.is_file():
        return [f"{file}: there is no such file; tools/generate.py has blocks for it"]
    before = path.read_text(encoding="utf-8")
    whole = [found["name"] for found in _BLOCK.finditer(before)]
    problems = [
        f"{file}: tools/generate.py has a block `{name}` for it that stands there "
        f"{whole.count(name)} times; write `<!-- generated: {name} -->` and "
        "`<!-- end generated -->` on lines of their own, once"
        for name in blocks
        if whole.count(name) != 1
    ]
    problems += [
        f"{file}: nothing writes its block `{name}`; register it in tools/generate.py"
        for name in _START.findall(before)
        if name not in blocks
    ]
    if problems:
        return problems
    texts = {name: write().strip() for name, write in blocks.items()}
    after = _BLOCK.sub(lambda found: f"{found[1]}\n{texts[found['name']]}\n\n{found[3]}", before)
    if check and after != before:
        return [f"{file}: its generated part is out of date; run `make format`"]
    if after != before:
        path.write_text(after, encoding="utf-8")
    return []


def main(arguments: list[str], root: Path = ROOT, registry: Registry = REGISTRY) -> int:
    """The exit status: 1 if a block has drifted (with --check) or cannot be written."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 on a drift")
    problems = generate(root, registry, check=parser.parse_args(arguments).check)
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
