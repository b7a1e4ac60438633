# make run    everything on this machine: database, broker, cloud, a small town, the pages
#             FRESH=1 starts over, TOWN=0 starts empty, STATIONS=54 VANS=3 the town's size, HOST=0.0.0.0 serves the LAN, PORT=8080
# make test   all tests (test-unit, test-pages, test-slow, test-e2e are its parts); make check: style, types, layers, licences, pages
# make pages  the pages alone, into dashboards/dist (a station's agent serves them)
# make smoke  one order's way and a restart of each part, against a running `make run`; ARGS=--compose: against docker compose; ARGS=--help
# make bench NAME=ingest|latency|fanout|outbox|barcodes|station|positions|routing|plan|eta (SECONDS=300: how long a station scans);  make faults SEEDS=50 [MUTANT=…]

SHELL := /bin/sh
PY := .venv/bin/python
PYTEST := $(PY) -m pytest
# How many workers: tests/conftest.py. What a slow file has left is taken over by who is done. SIDE= runs one after another.
SIDE ?= -n logical --dist worksteal
# A file's browser tests share a town; they wait more than they work. In their order: what takes longest comes early.
E2E_SIDE ?= -n 4 --dist loadfile --no-loadscope-reorder
NAME ?=
ARGS ?=
SEEDS ?= 50
# Node of the environment where the system has none.
NPM := PATH="$(CURDIR)/.venv/bin:$$PATH" npm --prefix dashboards
unexport MAKEFLAGS
# What Python has compiled it keeps, also where the machine says otherwise: else each of the many processes compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run setup setup-dev pages test test-unit test-slow test-e2e test-pages check smoke bench faults lock clean

help:
	@sed -n 's/^# \{0,1\}//p; /^$$/q' Makefile

setup:
	@sh deploy/setup.sh run

setup-dev:
	@sh deploy/setup.sh dev

pages:
	@sh deploy/setup.sh pages

run: setup
	@exec $(PY) -m cloud run

# Properties are tried on a few examples here, and on all of them in test-slow.
test-unit: setup-dev
	$(PYTEST) -q $(SIDE) --hypothesis-profile=quick -m "not slow and not e2e and not faults"

test-slow: setup-dev
	$(PYTEST) -q $(SIDE) -m "(slow or faults or hypothesis) and not e2e"

# Exit code 5 of pytest: nothing carries this mark.
test-e2e: setup-dev
	$(PYTEST) -q $(E2E_SIDE) -m e2e tests/e2e || [ $$? -eq 5 ]

test-pages: setup-dev
	@if [ -f dashboards/package.json ]; then $(NPM) test; else echo "dashboards/ has no pages yet: skipped"; fi

test:
	$(MAKE) test-unit
	$(MAKE) test-pages
	$(MAKE) test-slow
	$(MAKE) test-e2e

check: setup-dev
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) deploy/tree.py
	$(PY) deploy/lock.py --check
	$(PY) deploy/licences.py
	@if [ -f dashboards/package.json ]; then $(NPM) run check; else echo "dashboards/ has no pages yet: skipped"; fi

smoke: setup-dev
	@exec $(PY) -m tests.smoke $(ARGS)

bench: setup-dev
	@[ -n "$(NAME)" ] || { echo "which? make bench NAME=ingest|latency|fanout|outbox|barcodes|station|positions|routing|plan|eta" >&2; exit 2; }
	@exec $(PY) -m tests.bench.$(NAME)

faults: setup-dev
	@SEEDS=$(SEEDS) exec $(PY) -m tests.faults

lock:
	$(PY) deploy/lock.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage dashboards/node_modules dashboards/dist
