"""Builds the browser client into the wheel: `npm ci && npm run build` in web/.

Does nothing for an sdist, which carries web/ itself, and for an editable install, where `make`
builds the page.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebBuildHook(BuildHookInterface[Any]):
    """Called by hatchling before it gathers the wheel's files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds web/ into src/hubbub/web/, which `artifacts` in pyproject.toml lists."""
        if self.target_name != "wheel" or version == "editable":
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("The wheel carries the web page: install Node.js 20 or later.")
        for command in (["ci"], ["run", "build"]):
            subprocess.run([npm, *command], cwd=Path(self.root, "web"), check=True)  # noqa: S603
