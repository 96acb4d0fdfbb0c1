"""A plugin of pytest's: `python -m pytest -p tests.alone tests/hub tests/protocol`.

What the lower floors must not know is not there: whoever imports it fails.
"""

import sys

for library in ("aiohttp", "uvloop", "sqlalchemy", "alembic", "psycopg", "nats"):
    sys.modules[library] = None  # type: ignore[assignment]
