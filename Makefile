# What one types. Everything runs in .venv, which the first target that needs it makes.
PYTHON ?= python3
BIN := .venv/bin
SIZE ?= 100k
TEXT ?= ../shared/data/text

.PHONY: help demo test check bench serve docs models format clean
.DEFAULT_GOAL := help

help:  ## Say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "guanxi needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: .venv/ready  ## Load the demo world, show some answers, serve the API
	$(BIN)/guanxi demo

test: .venv/ready  ## Run every test, on both graph databases
	$(BIN)/python -m pytest -n 2

check: .venv/ready  ## Lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready  ## Measure against the peers: make bench SIZE=1m for the full run
	$(BIN)/python benchmarks/run.py --size $(SIZE)

serve: .venv/ready  ## Serve the API over the store as it is
	$(BIN)/guanxi serve

models: .venv/ready  ## Train the models of nlp/ from TEXT, the shared text; hours on a processor
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train]'
	OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive $(BIN)/python -m nlp.training --data $(TEXT)

docs: .venv/ready  ## Write the pages of docs/ that are made from the code
	$(BIN)/python -m api.describe > docs/api.md
	$(BIN)/python -m api.settings > docs/configuration.md
	$(BIN)/python -m ingest.templates

format: .venv/ready  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Remove the environment and what was built
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/service/neo4j/target
