# Everything that a fresh clone needs: `make serve`, `make test`, `make check`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: serve test unit torture check format picture clean

serve: $(READY)
	$(BIN)/hubbub serve

test: $(READY)
	$(BIN)/python -m tools.debian tmux strace
	$(BIN)/pytest -n 2 -rs

# The tests that open no port and start no process: under 10 s.
unit: $(READY)
	$(BIN)/pytest -n 2 -m "not real"

# The attacks of docs/reliability.md in their long forms: up to 25 minutes, and a table of figures.
# One of them: `make torture ONLY=crash`.
torture: $(READY)
	$(BIN)/python -m tools.debian strace
	TORTURE=long $(BIN)/pytest -rs tests/torture$(if $(ONLY),/test_$(ONLY).py)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tools.generate --check

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m tools.generate

# The picture in the README, from a real session; needs tmux, and npx for wscat.
picture: $(READY)
	$(BIN)/python -m tools.picture

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
