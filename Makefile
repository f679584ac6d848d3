# Everything a person does with this repository. Each command sets up what it needs the first time, and after a change
# of the pinned packages; that is all the set-up there is.
.DEFAULT_GOAL := help
.PHONY: help demo test test-peers test-peers-kubernetes test-peers-terragrunt test-peers-opentofu test-peers-terraform test-peers-providers test-peers-opensearch faults check lint bench down peers peers-go peers-kubernetes peers-terragrunt peers-opentofu peers-providers peers-sops peers-opensearch

PYTHON := .venv/bin/python
READY := .venv/.installed
# Two workers a core of the smallest machine: half of what the tests do is wait for tools and servers.
SIDE_BY_SIDE := --numprocesses 4 --dist loadfile --no-loadscope-reorder
# What Python compiles is kept, where nothing copies it into a release: tests and the demo run hundreds of commands,
# each of which would compile the product anew where PYTHONDONTWRITEBYTECODE is set.
COMPILED := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$(CURDIR)/.venv/pycache"
# A terraform that the set-up provided is found as the user's own would be.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## start the sandbox and promote a good and a bad release through it
	@$(COMPILED) $(PYTHON) -m deployments.demo

test: $(READY) ## run all tests, with real terraform against a sandbox of their own
	@$(COMPILED) $(PYTHON) -m pytest $(SIDE_BY_SIDE) --durations=20

test-peers: test-peers-kubernetes test-peers-terragrunt test-peers-opentofu test-peers-terraform test-peers-providers test-peers-opensearch ## run the tests that real counterparts judge, once make peers has built them

test-peers-kubernetes: $(READY) ## run the tests of Kubernetes engines on a real control plane
	@$(PYTHON) -m deployments.peers.kubernetes run $(PYTHON) -m pytest -m 'any_cluster or control_plane'

test-peers-terragrunt: $(READY) ## run the tests of Terragrunt's units with the real Terragrunt
	@$(PYTHON) -m pytest tests/contract/test_terragrunt_*.py

test-peers-opentofu: $(READY) ## run the tests of Terraform's engine with the real OpenTofu
	@FLOWMART_TEST_TERRAFORM=tofu $(PYTHON) -m pytest --numprocesses 2 -m any_terraform tests/contract

test-peers-terraform: $(READY) ## run the tests of Terraform's engine with the newest Terraform, which the set-up installs
	@FLOWMART_TEST_TERRAFORM=$$($(PYTHON) -m deployments.peers.terraform) $(PYTHON) -m pytest --numprocesses 2 -m any_terraform tests/contract

test-peers-providers: $(READY) ## run the tests of real Terraform providers beside the sandbox's
	@$(PYTHON) -m pytest tests/contract/aws_provider/test_real_providers.py tests/contract/test_example_provider.py

test-peers-opensearch: $(READY) ## run the tests that need a real OpenSearch
	@$(PYTHON) -m pytest --numprocesses 2 --dist loadfile tests/contract/test_opensearch_*.py

faults: $(READY) ## promote through a network that loses requests and answers; takes minutes, so not a part of test
	@$(PYTHON) -m pytest -m faults tests/faults tests/contract/test_work_pools.py tests/contract/test_work_pool_helm.py

check: lint ## what to run before a commit: lint, format, types, import rules, fast tests
	@$(COMPILED) $(PYTHON) -m pytest --collect-only tests >.venv/collected.log 2>&1 || { cat .venv/collected.log; exit 1; }
	@$(COMPILED) $(PYTHON) -m pytest --numprocesses 2 tests/unit tests/golden

lint: $(READY) ## lint, format, types, import rules and workflows, without a test
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@.venv/bin/zizmor --offline --quiet --no-progress .github >.venv/zizmor.log 2>&1 || { cat .venv/zizmor.log; exit 1; }
	@.venv/bin/actionlint

bench: $(READY) ## measure what the product adds to bare terraform
	@$(PYTHON) -m tests.bench

peers: peers-go peers-opensearch ## build the real counterparts that make test-peers needs

peers-go: peers-kubernetes peers-terragrunt peers-opentofu peers-providers peers-sops ## build those that are built with Go

peers-kubernetes: $(READY) ## build a real Kubernetes control plane with Go, for the tests that can run against one
	@$(PYTHON) -m deployments.peers.kubernetes build

peers-terragrunt: $(READY) ## build the real Terragrunt with Go, for units of a Terragrunt repository
	@$(PYTHON) -m deployments.peers.terragrunt build

peers-opentofu: $(READY) ## build the real OpenTofu with Go, for the tests that need it
	@$(PYTHON) -m deployments.peers.opentofu build

peers-providers: $(READY) ## build real Terraform providers with Go, for the tests that need some
	@$(PYTHON) -m deployments.peers.providers build

peers-opensearch: $(READY) ## put a real OpenSearch together with Maven, for the tests that need one
	@$(PYTHON) -m deployments.peers.opensearch build

peers-sops: $(READY) ## build the real sops with Go, for the tests of encrypted files of variables
	@$(PYTHON) -m deployments.peers.sops build

down: $(READY) ## stop the sandbox that the demo left running
	@.venv/bin/flowmart sandbox down

$(READY): requirements/dev.txt pyproject.toml deployments/setup/install.sh deployments/setup/requirements.txt deployments/setup/kubernetes_tools.json
	@sh deployments/setup/install.sh
