# Two targets do everything on a fresh machine: `make run` and `make test`.

PYTHON ?= python3
VENV := .venv
TEST_VENV := .venv-test
BIN := $(VENV)/bin
TEST_BIN := $(TEST_VENV)/bin
JOBS ?= 2
SOURCES := $(shell find src -type f -not -name "*.pyc")

# The tests start Python hundreds of times: each start would compile the whole package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check unit truth thorough dist torture peers screenshots gallery lock clean browser-tools

help: ## Say what each target does
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# ---- running -------------------------------------------------------------------------------

$(VENV)/.ready: requirements.txt requirements-build.txt
	@./tools/make-venv $(PYTHON) $(VENV) requirements.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.ready pyproject.toml $(SOURCES)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --force-reinstall .
	@touch $@

run: $(VENV)/.installed ## Make an environment, install the package, serve the dashboard
	@$(BIN)/eqpp-dash serve $(ARGS)

# ---- testing -------------------------------------------------------------------------------

$(TEST_VENV)/.ready: requirements-test.txt requirements-build.txt pyproject.toml
	@./tools/make-venv $(PYTHON) $(TEST_VENV) requirements-test.txt --no-compile
	@$(TEST_BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

browser-tools:
	@./tools/install-browser

check: $(TEST_VENV)/.ready ## Lint, types, architecture
	$(TEST_BIN)/ruff check .
	$(TEST_BIN)/ruff format --check .
	$(TEST_BIN)/mypy
	$(TEST_BIN)/lint-imports --no-cache

unit: $(TEST_VENV)/.ready ## The quick tests alone
	$(TEST_BIN)/pytest -q -n $(JOBS) tests/unit tests/truth src docs

test: ## Install what the tests need, browser included, and pass them all
	@$(MAKE) --no-print-directory -j 2 check browser-tools
	$(TEST_BIN)/pytest -q -n $(JOBS) tests/unit tests/truth src docs
	$(TEST_BIN)/pytest -q -n $(JOBS) --dist loadfile tests/integration tests/browser

truth: $(TEST_VENV)/.ready ## Portraits of all known planar systems against the facts: a table
	$(TEST_BIN)/python tests/truth/table.py

thorough: $(TEST_VENV)/.ready ## What takes minutes: 10,000 random expressions, 2,400 systems
	$(TEST_BIN)/pytest -q --hypothesis-profile=thorough \
		tests/unit/engine/expression/test_error_bounds.py tests/unit/engine/machine/test_build.py \
		tests/unit/engine/machine/test_integrate.py tests/truth/test_basins.py
	CYCLE_SYSTEMS=200 CYCLE_BRUTE_FORCE=200 $(TEST_BIN)/pytest -q tests/unit/engine/cycles
	AUDIT_SYSTEMS=2000 $(TEST_BIN)/pytest -q tests/unit/engine/test_audit.py
	$(TEST_BIN)/python tests/truth/random_systems.py
	$(TEST_BIN)/python tests/truth/narratives.py --count 100

torture: $(TEST_VENV)/.ready ## Kill workers, executor, server and jobs at random, 50 times
	$(TEST_BIN)/python tests/torture.py --kills 50

# ---- measuring -----------------------------------------------------------------------------

peers: ## Compare the package with its peers, installed into an environment of their own
	@./tools/make-peers $(PYTHON) .venv-peers
	.venv-peers/bin/python benchmarks $(ARGS)

# ---- releasing -----------------------------------------------------------------------------

dist: $(TEST_VENV)/.ready ## Build the wheel and prove it in a fresh environment
	@rm -rf dist
	$(TEST_BIN)/python -m build --no-isolation
	@./tools/prove-wheel $(PYTHON)

screenshots: $(TEST_VENV)/.ready browser-tools ## Take the screenshots of the README anew
	$(TEST_BIN)/python tools/take_screenshots.py

gallery: $(TEST_VENV)/.ready ## Draw the gallery's thumbnails anew
	$(TEST_BIN)/python tools/draw_gallery.py

lock: $(TEST_VENV)/.ready ## Lock the requirements anew from pyproject.toml
	@./tools/lock-requirements $(TEST_BIN)

clean: ## Remove environments and build products
	rm -rf $(VENV) $(TEST_VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
