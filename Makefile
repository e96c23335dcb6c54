# make verify   environment, then every claim gets its verdict
# make test     environment, then the whole test suite
# make bench    environment, then the benchmarks
# make check    environment, then Ruff and mypy
# make seeds    environment, then 300 seeds of the quick profile on the sampled claims; goes on where it stopped
# make docs     environment, then the table of verdicts and the pictures of the pages
# make site     the documentation as a site with a search: out/site/html/index.html, in an environment of its own
# make floors   the oldest versions that pyproject.toml admits, in an environment of their own; make newest: the newest
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
endif
ARGS ?=
TESTS ?= tests

.PHONY: verify test bench check seeds docs site floors newest lock clean environment

verify: environment
	@$(BIN)/filtergain verify $(ARGS)

test: environment
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile $(TESTS) $(ARGS)

check: environment
	@$(BIN)/ruff check .
	@$(BIN)/mypy

# Processor time, so that a busy machine matters less; the table of docs/benchmarks.md comes from it.
bench: environment
	@mkdir -p out
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest benchmarks -o python_files='bench_*.py' -q --benchmark-only \
		--benchmark-timer=time.process_time --benchmark-json=out/benchmarks.json
	@$(BIN)/python benchmarks/render.py out/benchmarks.json

seeds: environment
	@mkdir -p out
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/seeds.py --record out/seeds.jsonl $(ARGS)

docs: environment
	@$(BIN)/python docs/build.py
	@$(BIN)/python docs/fits.py
	@$(BIN)/python docs/reference.py

# What pip may choose for others: the command starts, and every claim has its verdict at the versions chosen.
floors: RESOLUTION := lowest-direct
newest: RESOLUTION := highest
floors newest: environment
	@rm -rf .venv-$@
	@$(BIN)/uv venv --quiet --python $(PYTHON) .venv-$@
	@$(BIN)/uv pip install --quiet --python .venv-$@/bin/python --resolution $(RESOLUTION) '.[all]'
	@.venv-$@/bin/filtergain --version
	@.venv-$@/bin/filtergain verify $(ARGS)

site: environment
	@test -x .venv-site/bin/sphinx-build || { $(BIN)/uv venv --quiet --python $(PYTHON) .venv-site && \
		$(BIN)/uv pip install --quiet --python .venv-site/bin/python --editable '.[report,site]'; }
	@.venv-site/bin/python docs/make_site.py

# The stamp holds what the environment was made from and is written last; with another stamp, or none, the
# environment is made afresh. The lock names every dependency, so nothing is left to resolve: pip's resolver
# would look at the newest release of a package that is also asked for with an extra, and stop because that
# release has no hash here.
environment:
	@test -n "$(PYTHON)" || { echo "filtergain needs Python 3.11 or newer with venv" >&2; exit 2; }
	@want="$$({ cat requirements.lock; sed "/^\[tool/,\$$d" pyproject.toml; } | cksum) $(CURDIR) $$($(PYTHON) -V 2>&1)"; \
	if [ "$$(cat $(VENV)/.complete 2>/dev/null)" != "$$want" ] || ! $(BIN)/python -c '' 2>/dev/null; then \
		echo "making $(VENV) (once; a minute or two)" >&2; \
		rm -rf $(VENV) && \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock >&2 && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . >&2 && \
		printf '%s' "$$want" > $(VENV)/.complete; \
	fi

# Needs uv; names no index, so that any mirror serves.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-package filtergain --upgrade -o requirements.lock

clean:
	rm -rf $(VENV) .venv-floors .venv-newest .venv-site .pytest_cache .mypy_cache .ruff_cache .hypothesis out
