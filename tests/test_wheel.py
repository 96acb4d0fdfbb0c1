"""The package that is installed carries the page."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.parts import need

pytestmark = pytest.mark.real
ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.timeout(240)
def test_a_wheel_that_is_built_from_the_sdist_has_the_page(tmp_path: Path) -> None:
    need("npm")
    source = tmp_path / "source"
    left_out = shutil.ignore_patterns(
        ".git", ".venv", "node_modules", ".*_cache", ".hypothesis", "dist"
    )
    shutil.copytree(ROOT, source, ignore=left_out)
    shutil.rmtree(source / "src" / "hubbub" / "web", ignore_errors=True)
    out = tmp_path / "out"
    build = [sys.executable, "-m", "build", "--outdir", str(out), str(source)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    with zipfile.ZipFile(next(out.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        index = wheel.read("hubbub/web/index.html").decode()

    scripts = re.findall(r'"/(assets/[\w.-]+\.(?:js|css))"', index)
    assert scripts
    for script in scripts:
        assert {f"hubbub/web/{script}", f"hubbub/web/{script}.gz"} <= names
    assert {"hubbub/web/sw.js", "hubbub/transports/join.html"} <= names
    assert not any("node_modules" in name for name in names)
