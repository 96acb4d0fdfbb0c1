"""Installs Debian's packages that some tests need: `python -m tools.debian tmux`.

Where it may not, it says so and goes on: those tests are then left out, and say so too.
"""

import os
import shutil
import subprocess
import sys


def main(packages: list[str]) -> None:
    """Installs the packages whose program, of the same name, is missing."""
    missing = [package for package in packages if shutil.which(package) is None]
    if not missing:
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        sys.stderr.write(
            f"Tests that need {', '.join(missing)} will be left out: {' '.join(install)}\n"
        )
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], install):
        subprocess.run(command, check=False, stdout=sys.stderr, env=environment)  # noqa: S603


if __name__ == "__main__":
    main(sys.argv[1:])
