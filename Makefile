# make study   the whole job on a made-up company, from nothing: environment, data, notebooks, report
# make test    all tests
# make prove   the study judged in thousands of made-up companies: docs/validation.md; hours, goes on where it stopped
# Needs Python 3.11 or newer and a package index. Uses uv where it is installed, pip otherwise.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
BIN := .venv/bin
READY := .venv/.ready
JOBS ?= 2
WORLDS ?= 1000

.PHONY: study test prove check env lab format lint types floors lock clean

study: env
	@$(BIN)/touchstone demo

test: env
	@echo "== tests, doctests and notebooks"
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -q

prove: env
	@$(BIN)/touchstone prove --worlds $(WORLDS) --through-files 20 --jobs $(JOBS) --page docs

check: lint types floors test

lint: env
	@echo "== format"; $(BIN)/ruff format --check .
	@echo "== lint";   $(BIN)/ruff check .

types: env
	@echo "== types";  $(BIN)/mypy

floors: env
	@echo "== floors"; $(BIN)/lint-imports

format: env
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

lab: env
	@$(BIN)/touchstone demo --data-only
	@$(BIN)/jupyter lab notebooks/start_here.ipynb

env: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Touchstone needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3.11")'
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python "$(PYTHON)" .venv && \
		uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock && \
		uv pip install --quiet --python $(BIN)/python --no-deps -e . ; \
	else \
		"$(PYTHON)" -m venv .venv && \
		$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock && \
		$(BIN)/python -m pip install --quiet --no-deps -e . ; \
	fi
	@$(BIN)/python -m compileall -q analysis
	@touch $(READY)

# Names, versions and hashes only; needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra dev --extra pdf \
		pyproject.toml -o requirements.lock
	$(PYTHON) tools/environment.py

clean:
	rm -rf .venv data reports/.runs reports/.cache reports/.scratch reports/.computed reports/.logs
