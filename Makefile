# Everything a person does with this repository. Each command sets up what it needs the first time, and after a change
# of the pinned packages; that is all the set-up there is.
.DEFAULT_GOAL := help
.PHONY: help demo test faults check bench down peers peers-kubernetes

PYTHON := .venv/bin/python
READY := .venv/.installed
# A terraform that the set-up provided is found as the user's own would be.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## start the sandbox and promote a good and a bad release through it
	@$(PYTHON) -m deployments.demo

test: $(READY) ## run all tests, with real terraform against a sandbox of their own
	@$(PYTHON) -m pytest --numprocesses 2 --dist loadfile

faults: $(READY) ## promote through a network that loses requests and answers; takes minutes, so not a part of test
	@$(PYTHON) -m pytest -m faults tests/faults

check: $(READY) ## what to run before a commit: lint, format, types, import rules, fast tests
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@.venv/bin/zizmor --offline --quiet --no-progress .github >.venv/zizmor.log 2>&1 || { cat .venv/zizmor.log; exit 1; }
	@.venv/bin/actionlint
	@$(PYTHON) -m pytest --collect-only tests >.venv/collected.log 2>&1 || { cat .venv/collected.log; exit 1; }
	@$(PYTHON) -m pytest --numprocesses 2 tests/unit tests/golden

bench: $(READY) ## measure what the product adds to bare terraform
	@$(PYTHON) -m tests.bench

peers: peers-kubernetes ## build every real counterpart that tests can run against

peers-kubernetes: $(READY) ## build a real Kubernetes control plane with Go, for the tests that can run against one
	@$(PYTHON) -m deployments.peers.kubernetes build

down: $(READY) ## stop the sandbox that the demo left running
	@.venv/bin/flowmart sandbox down

$(READY): requirements/dev.txt pyproject.toml deployments/setup/install.sh deployments/setup/requirements.txt deployments/setup/kubernetes_tools.json
	@sh deployments/setup/install.sh
