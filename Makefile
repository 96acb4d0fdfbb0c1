# Everything that a fresh clone needs: `make serve`, `make test`, `make check`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MODULES := web/node_modules/.ready
PAGE := src/hubbub/web/index.html
PAGE_SOURCES := $(shell find web/src web/public -type f) $(wildcard web/*.ts web/*.json web/*.html)
BENCH_READY := $(VENV)/.bench-ready

.PHONY: serve test unit torture page check format picture screenshots figures bench bench-quick clean

serve: $(READY) $(PAGE)
	$(BIN)/hubbub serve

test: $(READY) $(PAGE)
	$(BIN)/python -m tools.debian tmux strace chromium
	cd web && npm run --silent test
	$(BIN)/pytest -n 3 -rs

# The browser client, built from web/; needs Node.js 20 or later.
page: $(PAGE)

# The tests that open no port and start no process: under 10 s.
unit: $(READY)
	$(BIN)/pytest -n 2 -m "not real"

# The attacks of docs/reliability.md in their long forms: up to 25 minutes, and a table of figures.
# One of them: `make torture ONLY=crash`.
torture: $(READY)
	$(BIN)/python -m tools.debian strace
	TORTURE=long $(BIN)/pytest -rs tests/torture$(if $(ONLY),/test_$(ONLY).py)

check: $(READY) $(MODULES)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tools.generate --check
	cd web && npm run --silent check

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m tools.generate

# The pictures in the README, from real sessions; needs tmux, and npx for wscat.
picture: $(READY)
	$(BIN)/python -m tools.full_screen
	$(BIN)/python -m tools.picture

# What the full-screen client costs; needs tmux, and nothing else that runs beside it.
figures: $(READY)
	$(BIN)/python -m tools.figures

# The pictures of the page in docs/, from a real server and Debian's chromium.
screenshots: $(READY) $(PAGE)
	$(BIN)/python -m tools.debian chromium
	$(BIN)/python -m tools.screenshots

$(PAGE): $(MODULES) $(PAGE_SOURCES)
	cd web && npm run --silent build
	@touch $@

$(MODULES): web/package-lock.json
	cd web && npm ci --silent
	@touch $@

# hubbub beside its peers, on two cores of its own: docs/benchmarks.md. Needs node and npm.
bench: $(BENCH_READY)
	$(BIN)/python -m benchmarks --patient --write

bench-quick: $(BENCH_READY)
	$(BIN)/python -m benchmarks --quick

$(BENCH_READY): $(READY) benchmarks/peers/package-lock.json
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[bench]'
	cd benchmarks/peers && npm ci --silent --no-audit --no-fund
	touch $@

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist web/node_modules src/hubbub/web .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
