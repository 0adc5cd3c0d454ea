# leakstream. `make demo` and `make test` set up all they need; PYTHON picks the interpreter (3.11 to 3.13).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WHEEL_VENV := .venv-wheel
WHEEL_BIN := $(WHEEL_VENV)/bin
# test processes
JOBS ?= 2
PIP := -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test check lint format bench bars clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/.ready: requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) --require-hashes -r requirements-dev.txt
	$(BIN)/python $(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(WHEEL_VENV)/.ready: requirements-dev.txt
	$(PYTHON) -m venv $(WHEEL_VENV)
	$(WHEEL_BIN)/python $(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.ready ## the whole service against a simulated internet; KAFKA=1: on a real broker; Ctrl-C ends it
	@$(if $(KAFKA),$(BIN)/python deploy/kafka/localkafka.py -- )$(BIN)/leakstream demo

wheel: $(WHEEL_VENV)/.ready
	rm -rf dist build
	$(WHEEL_BIN)/python -m build --quiet --wheel --no-isolation
	$(WHEEL_BIN)/python $(PIP) --no-deps --force-reinstall dist/leakstream-*.whl
.PHONY: wheel

test: wheel ## checks the code, builds the wheel and runs all tests on it
	$(WHEEL_BIN)/ruff check .
	$(WHEEL_BIN)/ruff format --check .
	$(WHEEL_BIN)/mypy
	$(WHEEL_BIN)/lint-imports
	$(WHEEL_BIN)/pytest -n $(JOBS) --dist loadfile

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint ## linters, types, import rules and tests on the working tree
	$(BIN)/pytest -n $(JOBS) --dist loadfile

format: $(VENV)/.ready ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: wheel ## the engine against raw Hyperscan and two peers; what is reported in clean trees; each stage's speed, on both buses
	$(WHEEL_BIN)/python -m benchmarks.engine
	$(WHEEL_BIN)/python -m benchmarks.noise
	$(WHEEL_BIN)/python -m benchmarks.pipeline
	$(WHEEL_BIN)/python -m benchmarks.ownership

bars: bar-histories bar-pipeline bar-startup bar-bus bar-kafka-chaos bar-kafka-retention bar-kafka-latency bar-kafka-tenfold bar-public-stream bar-collector bar-fuzz bar-own-secrets bar-contexts bar-paging bar-paging-latency bar-store-scale bar-console bench ## the long proofs, one target each; results under docs/evidence/

bar-contexts: wheel
	$(WHEEL_BIN)/python -m benchmarks.contexts
.PHONY: bar-contexts

bar-%: wheel
	$(WHEEL_BIN)/python -m benchmarks.bars.$(subst -,_,$*)

clean: ## remove what the other targets made
	rm -rf $(VENV) $(WHEEL_VENV) dist build .bars .mypy_cache .ruff_cache .pytest_cache .hypothesis
