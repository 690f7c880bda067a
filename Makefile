# What a person types. Each target sets up what it needs in .venv and starts again where it was left.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
# The system's certificates count, so that a company's own package index works as it does for pip.
UV := UV_SYSTEM_CERTS=1 $(RUN)/uv pip install --quiet --python $(RUN)/python --compile-bytecode --constraints constraints.txt
PROJECTS := pyproject.toml constraints.txt core/pyproject.toml admission/pyproject.toml $(wildcard plugins/*/pyproject.toml)
PACKAGES := --editable core --editable plugins/local-file
PROVIDERS := $(addprefix --editable ,$(filter-out plugins/local-file,$(patsubst %/,%,$(dir $(wildcard plugins/*/pyproject.toml)))))

.PHONY: help demo test check bench format clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

demo: $(VENV)/.packages ## sign, list, inspect and verify a small artifact, then tamper with it
	@$(RUN)/python demo/demo.py

test: $(VENV)/.development ## run the tests that this machine can run; ALL=1 includes those that take long
	@NOTARYKIT_ALL="$(ALL)" $(RUN)/python -m pytest --numprocesses 2 $(ARGS)

check: $(VENV)/.development ## lint, check types and the direction of imports
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check .
	@$(RUN)/mypy
	@$(RUN)/lint-imports --no-cache
	@if command -v gofmt > /dev/null; then files=$$(gofmt -l tests); test -z "$$files" || { echo "gofmt: $$files"; exit 1; }; fi

bench: $(VENV)/.development ## measure start-up and throughput, as ratios
	@$(RUN)/python tests/bench/bench.py

format: $(VENV)/.development ## bring the code into its form
	@$(RUN)/ruff check --fix .
	@$(RUN)/ruff format .

clean: ## remove what the other targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis

$(VENV)/.tools: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "notarykit needs Python 3.11 or later: set PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || { echo "Python's venv is missing: install the package python3-venv"; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@touch $@

$(VENV)/.packages: $(VENV)/.tools $(PROJECTS)
	@$(UV) $(PACKAGES)
	@touch $@

$(VENV)/.development: $(VENV)/.tools $(PROJECTS)
	@echo "Installing what the tests and checks need into $(VENV)"
	@$(UV) $(PACKAGES) $(PROVIDERS) --editable admission --group dev
	@touch $@ $(VENV)/.packages
