# The two commands are `make run` and `make test`; the others are their parts, and those of an operator.
PYTHON ?= python3
STAGE ?= dev
VENV := .venv/bin
export PYTHONDONTWRITEBYTECODE =

.PHONY: run stop reset token demo test unit check prove package deploy destroy redrive audit openapi data-model bench clean

run: .venv/ready .venv-ministack/ready  ## Start the marketplace on this machine, and say how to use it
	@$(VENV)/python -m infra.local.run

demo: .venv/ready  ## Play three acts against it: from sign-up to payout, money that goes back, and work that buyers post
	@$(VENV)/python -m infra.local.demo

token: .venv/ready  ## Print an access token: make token EMAIL=seller@example.com
	@$(VENV)/python -m infra.local.token $(or $(EMAIL),buyer@example.com)

stop: .venv/ready  ## Stop it; its data stays
	@$(VENV)/python -c 'from infra.local.run import HOME, Stack; Stack(HOME).stop()'

reset: .venv/ready  ## Stop it and clear its data
	@$(VENV)/python -c 'from infra.local.run import HOME, Stack; Stack(HOME).reset()'

unit: .venv/ready  ## The fast half of the tests
	$(VENV)/pytest -q -n 2 tests -m 'not proof' --ignore tests/e2e --ignore tests/clients

test: .venv/ready .venv-ministack/ready .venv-lint/ready .venv/tools  ## Run everything that is checked
	$(MAKE) check
	$(VENV)/pytest -q -n 2 tests --ignore tests/e2e
	$(MAKE) package STAGE=dev
	$(VENV)/pytest -q tests/e2e

prove: .venv/ready  ## The long form of the proof about money, written into docs/money.md
	$(VENV)/python -W ignore -m tests.prove

check: .venv/ready  ## Style, types and architecture
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports

package: .venv/ready .venv-lint/ready  ## Build template and archive of a stage in out/STAGE, and lint the template
	$(VENV)/python -m infra.build.package $(STAGE)
	.venv-lint/bin/cfn-lint out/$(STAGE)/template.json

deploy: package  ## Deploy a stage: make deploy STAGE=prod PARAMETERS="AlarmEmail=ops@example.org"
	$(VENV)/python -m infra.build.deploy $(STAGE) $(PARAMETERS)

destroy: .venv/ready  ## Delete a stage; tables, files and accounts stay, unless DATA=delete
	$(VENV)/python -m infra.build.destroy $(STAGE) $(DATA)

redrive: .venv/ready  ## Send what a stage's queues gave up on back to them
	$(VENV)/python -m infra.build.redrive $(STAGE)

audit: .venv/ready  ## Look at all books of a stage: make audit STAGE=prod, or with TABLES="journal balances" at restored ones
	@$(VENV)/python -m infra.build.audit $(STAGE) $(TABLES)

openapi: .venv/ready  ## Write docs/openapi.json
	$(VENV)/python -m infra.build.openapi

data-model: .venv/ready  ## Write the costs of all operations into docs/data-model.md
	$(VENV)/python -W ignore -m tests.support.write_data_model

bench: .venv/ready  ## Measure, and write docs/performance.md
	$(VENV)/python -m tests.bench

clean: reset  ## Remove all that was made
	rm -rf .venv .venv-ministack .venv-lint out .local

.venv/ready: requirements.txt requirements-dev.txt
	@echo 'Setting up .venv'
	@$(PYTHON) -m venv .venv
	@$(VENV)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# The emulator has an environment of its own: its packages can be imported inside the functions, and would hide what is missing.
.venv-ministack/ready: infra/local/requirements.txt
	@echo 'Setting up the emulator'
	@$(PYTHON) -m venv .venv-ministack
	@.venv-ministack/bin/pip install --quiet --disable-pip-version-check -r infra/local/requirements.txt
	@touch $@

# The linter of templates holds pydantic back.
.venv-lint/ready: infra/build/requirements.txt
	@echo 'Setting up the template linter'
	@$(PYTHON) -m venv .venv-lint
	@.venv-lint/bin/pip install --quiet --disable-pip-version-check -r infra/build/requirements.txt
	@touch $@

# Chromium and Node.js, for the tests of the documentation page and of the generated clients.
.venv/tools: tests/tools.sh
	@sh tests/tools.sh
	@touch $@
