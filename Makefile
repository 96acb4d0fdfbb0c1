# Everything that a fresh clone needs: `make serve`, `make test`, `make check`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MODULES := web/node_modules/.ready
PAGE := src/hubbub/web/index.html
PAGE_SOURCES := $(shell find web/src web/public -type f) $(wildcard web/*.ts web/*.json web/*.html)
BENCH_READY := $(VENV)/.bench-ready
# The servers that the tests of a file share are started once. In their order: the browser's driver,
# which comes last, has its worker's event loop to itself.
PYTEST := $(BIN)/pytest -n 3 -rs --dist loadfile --no-loadscope-reorder
# Of what one server does, what is tested on three nodes: all of it, and its part in `make test`.
BEHAVIOUR := tests/transports tests/client tests/test_community.py tests/test_fuzz.py \
	tests/test_restart.py tests/test_story.py
SPREAD := tests/transports/test_order.py tests/transports/test_tutorial.py

.PHONY: serve cluster test test-cluster unit unit-lower unit-upper unit-storage torture page check \
	format picture screenshots figures bench bench-quick bench-cluster bench-cluster-quick clean

serve: $(READY) $(PAGE)
	$(BIN)/hubbub serve

# Two nodes with PostgreSQL and NATS of their own, behind one port: docs/deploy.md.
cluster: $(READY) $(PAGE)
	$(BIN)/hubbub cluster up

test: $(READY) $(PAGE)
	$(BIN)/python -m tools.debian tmux strace chromium chromium-headless-shell
	cd web && npm run --silent test
	$(PYTEST)
	NODES=3 $(PYTEST) $(SPREAD)

# What one server does, done by three behind one port that gives each connection to the next.
test-cluster: $(READY) $(PAGE)
	$(BIN)/python -m tools.debian tmux chromium chromium-headless-shell
	NODES=3 $(PYTEST) $(BEHAVIOUR)
	NODES=3 $(PYTEST) tests/web

# The browser client, built from web/; needs Node.js 20 or later.
page: $(PAGE)

# The tests that open no port, start no process and take no half second: about 10 s. In three parts
# at once, of which each loads its own files alone; the lower floors have theirs without the libraries
# above them.
QUICK := -q -m "not real and not long" -p no:xdist -p no:playwright -p no:base_url
LOWER := tests/hub tests/protocol tests/test_floors.py tests/test_sizes.py
unit: $(READY)
	@$(MAKE) --no-print-directory -j 3 unit-lower unit-upper unit-storage

unit-lower:
	$(BIN)/python -m pytest $(QUICK) -p tests.alone $(LOWER)

unit-upper:
	$(BIN)/pytest $(QUICK) $(LOWER:%=--ignore=%) --ignore=tests/storage

unit-storage:
	$(BIN)/pytest $(QUICK) tests/storage

# The attacks of docs/reliability.md in their long forms: up to 35 minutes, and a table of figures.
# One of them: `make torture ONLY=crash`; those on a cluster: `make torture ONLY=cluster`; much at once
# through the clients: `make torture ONLY=volume`; claims about any input, with far more of it:
# `make torture ONLY=properties`.
CLUSTER_ATTACKS := tests/cluster/test_torture.py tests/cluster/test_faults.py
VOLUMES := tests/client/line/test_volume.py tests/web/test_long_room.py
PROPERTIES := $(shell grep -rl --include='test_*.py' '^from hypothesis import given' tests)
ATTACKS := $(if $(filter cluster,$(ONLY)),$(CLUSTER_ATTACKS),$(if $(filter volume,$(ONLY)),$(VOLUMES),\
	$(if $(filter properties,$(ONLY)),$(PROPERTIES),\
	$(if $(ONLY),tests/torture/test_$(ONLY).py,tests/torture $(CLUSTER_ATTACKS) $(VOLUMES) $(PROPERTIES)))))
torture: $(READY) $(PAGE)
	$(BIN)/python -m tools.debian strace chromium-headless-shell
	TORTURE=long $(BIN)/pytest -rs $(ATTACKS)

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

# Several nodes on one PostgreSQL and one NATS, and what the model says beyond: docs/scale.md.
bench-cluster: $(BENCH_READY)
	$(BIN)/python -m benchmarks.cluster --patient --write
	$(BIN)/python -m benchmarks.simulation --write

bench-cluster-quick: $(BENCH_READY)
	$(BIN)/python -m benchmarks.cluster --quick

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
