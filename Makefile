# Gazette. Only Python 3.11 and make are needed: everything else is installed into .venv, pinned by hash.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
unexport PYTHONDONTWRITEBYTECODE  # images of Python set it: each of the many processes here would compile anew all that it imports

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
COVERAGE ?= 85

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: env
env: ## Make .venv from the lock files; does nothing when they are unchanged
	@$(PYTHON) tools/environment.py

.PHONY: run
run: env ## Start everything: PostgreSQL, Redis, Envoy, server, demo content (HTTP_PORT=8081 GRPC_PORT=… DEMO=0)
	@exec $(BIN)/python -m devstack run

.PHONY: test
test: env ## Run the tests against a real stack (ARGS="tests/content -k publish")
	@$(BIN)/python -m pytest -n auto $(ARGS)

.PHONY: test-unit
test-unit: env ## Run the tests that need no services
	@COVERAGE_FILE=build/coverage/unit $(BIN)/python -m pytest -n auto -m "not integration" $(ARGS)

.PHONY: test-integration
test-integration: env ## Run the tests that need PostgreSQL, Redis or Envoy
	@COVERAGE_FILE=build/coverage/integration $(BIN)/python -m pytest -n auto -m integration $(ARGS)

.PHONY: test-deploy
test-deploy: env ## Check the deployment with tools that this installs: images, manifests, charts, rules (ARGS="-m 'deploy and not heavy'")
	@$(BIN)/python -m pytest -n 2 -m deploy tests/deploy $(ARGS)

.PHONY: test-web
test-web: env ## Try web clients, in Chromium too, with Node and packages that this installs (ARGS="-k chromium"; ARGS="-m web" compiles Go and Java, too)
	@$(BIN)/python -m pytest -n 2 -m "web and not heavy" tests/web $(ARGS)

.PHONY: coverage
coverage: env ## Add up what the two covered (ARGS="--cov --cov-report="), and hold it to COVERAGE percent
	@$(BIN)/coverage combine --quiet --keep build/coverage/*
	@$(BIN)/coverage xml --quiet
	@$(BIN)/coverage report --fail-under=$(COVERAGE)

.PHONY: bench
bench: env ## Measure what calls cost, in echoes of a bare handler
	@$(BIN)/python -m bench $(ARGS)

.PHONY: lint
lint: env ## Style, types, layering, contract, generated code
	@$(BIN)/python -m tools.lint

.PHONY: format
format: env ## Rewrite the code as ruff and buf would have it
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .
	@$(BIN)/buf format --write proto

.PHONY: types
types: env ## Check types only
	@$(BIN)/python -m tools.lint types

.PHONY: proto
proto: env ## Generate Python, Envoy's descriptors, OpenAPI and the page of permissions from the contract
	@$(BIN)/python -m tools.generate

.PHONY: contract
contract: ## The contract by itself, for clients in any language: build/contract (installs a tenth of env, or nothing)
	@$(PYTHON) tools/environment.py contract
	@$(BIN)/python -m tools.standalone_contract

.PHONY: lock
lock: env ## Resolve the dependencies anew and write requirements/*.lock
	@$(BIN)/python -m tools.lock

.PHONY: clean
clean: ## Remove what was built and installed; keeps .gazette (its data)
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage htmlcov
	@find . -name __pycache__ -type d -not -path './.git/*' -not -path './node_modules/*' -prune -exec rm -rf {} +
