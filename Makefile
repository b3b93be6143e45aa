# Plain pip and venv; every target makes what it needs.
#   make demo [PROMPTS=file]   the main job, without key, network or torch
#   make test                  everything installed, all tests; then the LangChain tests beside LangChain alone
#   make check                 style, types, import directions
#   make attack [TIMES=20]     texts, checkpoints and answers made to break it, many times what the tests try
#   make bench                 speed, as ratios within one run
#   make results               docs/results.md: every router by training set, and transfer (about half an hour)
#   make other-routers         its section on keyless routers of other packages, in an environment of their own
#   make train-default         the shipped router, trained again (three minutes)
#   make check-default         the shipped router on everyday prompts held out from all training

PYTHON ?= python3
VENV := .venv
VENV_LANGCHAIN := .venv-langchain
VENV_TRAIN := .venv-train
VENV_OTHERS := .venv-others
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check -c constraints.txt
INPUTS := pyproject.toml constraints.txt

# Real data, where it lies beside the checkout; tests that need it skip by name without it.
DATA := $(wildcard ../shared/data)
ifneq ($(DATA),)
export ROUTELLM_DATA ?= $(abspath $(DATA))
endif

TIMES ?= 20
OTHERS := litellm==1.110.2 langchain-model-router==0.1.0 cascadeflow==1.2.0
OUT ?= core/routellm_core/default_router

.PHONY: demo test test-langchain check format attack bench results other-routers train-default check-default clean

demo: $(VENV)/.demo
	$(BIN)/python -m examples.demo $(if $(PROMPTS),--prompts "$(PROMPTS)") $(DEMO_ARGS)

test: $(VENV)/.dev test-langchain
	$(BIN)/python -m pytest

# LangChain alone resolves a newer openai package than LangChain beside LlamaIndex.
test-langchain: $(VENV_LANGCHAIN)/.installed
	$(VENV_LANGCHAIN)/bin/python -m pytest tests/langchain tests/core/routing/test_policy.py

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

attack: $(VENV)/.dev
	ROUTELLM_ATTACK=$(TIMES) $(BIN)/python -m pytest tests/attack

bench: $(VENV)/.dev
	$(BIN)/python -m pytest tests/benchmarks --benchmark-enable --benchmark-disable-gc -s

results: $(VENV)/.dev
	$(BIN)/python -m routellm_core.paper_tables --data "$(ROUTELLM_DATA)" --out docs/results.md

other-routers: $(VENV_OTHERS)/.installed
	$(VENV_OTHERS)/bin/python -m routellm_core.paper_tables.other_routers --data "$(ROUTELLM_DATA)" --out docs/results.md

train-default: $(VENV_TRAIN)/.installed
	$(VENV_TRAIN)/bin/python -m routellm_core.training.default.default_router --data "$(ROUTELLM_DATA)" --out $(OUT)

check-default: $(VENV)/.dev
	$(BIN)/python -m routellm_core.training.default.everyday_check

$(VENV)/bin/python $(VENV_LANGCHAIN)/bin/python $(VENV_TRAIN)/bin/python $(VENV_OTHERS)/bin/python:
	$(PYTHON) -m venv $(@D)/..

$(VENV)/.demo: $(INPUTS) | $(VENV)/bin/python
	$(BIN)/python $(PIP_INSTALL) -e ".[demo]"
	touch $@

$(VENV)/.dev: $(INPUTS) | $(VENV)/bin/python
	$(BIN)/python $(PIP_INSTALL) -e ".[dev]"
	touch $@ $(VENV)/.demo

$(VENV_LANGCHAIN)/.installed: $(INPUTS) | $(VENV_LANGCHAIN)/bin/python
	$(VENV_LANGCHAIN)/bin/python $(PIP_INSTALL) -e ".[test-langchain]"
	touch $@

$(VENV_TRAIN)/.installed: $(INPUTS) | $(VENV_TRAIN)/bin/python
	$(VENV_TRAIN)/bin/python $(PIP_INSTALL) -e ".[encoder]"
	touch $@

# Theirs, as measured; without our constraints, which are for our own environments.
$(VENV_OTHERS)/.installed: $(INPUTS) | $(VENV_OTHERS)/bin/python
	$(VENV_OTHERS)/bin/python -m pip install --quiet --disable-pip-version-check -e . $(OTHERS)
	touch $@

clean:
	rm -rf $(VENV) $(VENV_LANGCHAIN) $(VENV_TRAIN) $(VENV_OTHERS) build dist
