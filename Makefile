# One command each: `make demo`, `make test`. Nothing but Python 3.11+ is needed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
LOCK := requirements.lock
STAMP := $(VENV)/.installed
# Bytecode is written once and then read by every process of the tests, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-all lint bench docs lock clean
help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: $(STAMP)  ## run the main job: table, report.html, records
	$(BIN)/qml demo

test: lint  ## lint, types, layers, then the whole test suite
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-all: lint  ## the same with the slow tests, and what is covered
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term

lint: $(STAMP)  ## format, lint, types and the layer contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

bench: $(STAMP)  ## time against peers, ratios printed and written to benchmarks/results
	$(BIN)/python benchmarks/circuits/inference.py
	$(BIN)/python benchmarks/circuits/peers.py
	$(BIN)/python benchmarks/circuits/sharding.py
	$(BIN)/python benchmarks/circuits/scaling.py
	$(BIN)/python benchmarks/circuits/noise.py
	$(BIN)/python benchmarks/circuits/offload.py
	$(BIN)/python benchmarks/annealing/sparse.py
	$(BIN)/python benchmarks/annealing/dense.py
	$(BIN)/python benchmarks/annealing/scaling.py
	$(BIN)/python benchmarks/annealing/build.py
	$(BIN)/python benchmarks/harness/overhead.py

docs: $(STAMP)  ## build the documentation into docs/_build
	$(BIN)/python -m sphinx -W -q docs docs/_build

lock:  ## resolve requirements.lock again, with hashes, for Python 3.11 to 3.13
	$(if $(UV),uv,$(BIN)/uv) pip compile pyproject.toml --extra dev --extra docs --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" -o $(LOCK)

clean:  ## remove the environment, caches and runs
	rm -rf $(VENV) .cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache runs docs/_build .coverage

$(STAMP): $(LOCK) pyproject.toml
ifneq ($(UV),)
	uv venv --allow-existing --python $(PYTHON) $(VENV)
	uv pip install --python $(BIN)/python --require-hashes -r $(LOCK)
	uv pip install --python $(BIN)/python --no-deps -e .
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps -e .
endif
	touch $(STAMP)
