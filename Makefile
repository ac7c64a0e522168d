# Playing Age: two commands set everything up. `make demo` runs the main job, `make test` passes the tests.
#
# Both make a virtual environment in .venv. `make test` also wants Debian's `chromium` (browser tests) and Mesa's software
# OpenGL (`libegl1 libgl1-mesa-dri`, training tests); they are installed when this user may, and named when not.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SYSTEM := chromium libegl1 libgl1-mesa-dri libgles2

.PHONY: demo test check lint types contracts docs bench clean system

demo: $(VENV)/.run-time
	$(BIN)/playingage demo

# Three files at a time on two cores: much of what the tests do is waiting for other programs.
test: $(VENV)/.tests system
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

check: lint types contracts test

lint: $(VENV)/.tests
	$(BIN)/ruff check .

types: $(VENV)/.tests
	$(BIN)/mypy

contracts: $(VENV)/.tests
	$(BIN)/lint-imports

docs: $(VENV)/.tests
	$(BIN)/mkdocs build --strict

bench: $(VENV)/.tests
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) site build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (set PYTHON=...)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -qy python3-venv; \
	  elif sudo -n true 2>/dev/null; then sudo apt-get update -q && sudo apt-get install -qy python3-venv; \
	  else echo "Install the package python3-venv first: sudo apt-get install python3-venv"; exit 1; fi; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.run-time: $(BIN)/python pyproject.toml hatch_build.py
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.tests: $(BIN)/python pyproject.toml hatch_build.py
	$(BIN)/python -m pip install --quiet --editable '.[dev,train]'
	@touch $@ $(VENV)/.run-time

# Debian and Ubuntu packages that the tests use; nothing is asked for when they are there.
system:
	@missing=""; for p in $(SYSTEM); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; \
	then missing="$$(echo "$$missing" | sed 's/ chromium//')"; fi; \
	if [ -n "$$missing" ]; then echo "Installing:$$missing"; \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $$missing; \
	  elif sudo -n true 2>/dev/null; then sudo apt-get update -q && sudo apt-get install -qy --no-install-recommends $$missing; \
	  else echo "Install them first: sudo apt-get install$$missing"; exit 1; fi; fi
