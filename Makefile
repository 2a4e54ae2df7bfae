# `make run` and `make test` need Python 3.11 or newer and nothing else; what they install goes to .venv.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
PY := .venv/bin/python
# Two test processes: on two cores the suite takes little more than half the time. Each takes one stretch of the tests, and then
# a part of what the other has left: what a file has started is seldom started twice.
PYTEST_ARGS ?= -n 2 --dist worksteal

help: ## What can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

run: .venv/run.installed ## Start Handout here (PORT, HANDOUT_DATA, DATABASE_URL, DEMO=0, ...)
	@exec $(PY) manage.py run

test: .venv/dev.installed check ## Everything that must hold: `make check` and the whole test suite
	@tests/browser/get_chromium
	$(PY) -m pytest $(PYTEST_ARGS)

check: .venv/dev.installed ## Linters, types, imports, migrations and production settings (.pre-commit-config.yaml has the same)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m djlint templates --lint --quiet
	$(PY) -m mypy
	.venv/bin/lint-imports
	@$(MAKE) --no-print-directory check-django

# With a data folder of its own: it neither touches nor minds a running `make run`.
check-django: export HANDOUT_DATA = $(CURDIR)/.venv/check-data
check-django: export DATABASE_URL =
check-django: .venv/dev.installed
	$(PY) manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))') \
		ALLOWED_HOSTS=handout.example.com HTTPS=1 $(PY) manage.py check --deploy --fail-level WARNING

format: .venv/dev.installed ## Let ruff lay out the Python code
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

N ?= 10
torture: .venv/dev.installed ## The exactly-once tests, N times over (10) and bigger, killed first starts, a restored backup, a failover
	$(PY) -m tests.torture.hand_outs --runs $(N)
	$(PY) -m tests.torture.distributions --runs $(N)
	$(PY) -m tests.torture.starts
	$(PY) -m tests.torture.restore
	$(PY) -m tests.torture.failover
	$(PY) -m pytest -m long

bench: .venv/dev.installed ## The benchmarks (all, or BENCH="publish pages"), each against the machine's own limit; writes docs/benchmarks.md
	$(PY) -m bench $(BENCH)

FUZZ_EXAMPLES ?= 200
fuzz: .venv/dev.installed ## Made-up calls to the API, FUZZ_EXAMPLES (200) of each operation and more
	$(PY) -m tests.support.fuzzing --examples $(FUZZ_EXAMPLES)

AUDIT = .venv/audit/bin/pip-audit
audit: .venv/dev.installed ## Known vulnerabilities of the pinned dependencies (asks the package index; fails where it cannot)
	@test -x $(AUDIT) || { $(PY) -m venv .venv/audit && .venv/audit/bin/pip install -q pip-audit; } || \
		{ rm -rf .venv/audit; echo "pip-audit could not be installed, so nothing was audited."; exit 2; }
	@$(PY) requirements/audit.py $(AUDIT)

clients: .venv/dev.installed .venv/clients.installed ## Official clients of several generations (npm, Python) against Handout; needs node and npm
	CLIENTS=all $(PY) -m pytest tests/config/api/clients/test_clients.py tests/config/api/clients/test_npm_sdk.py tests/config/api/clients/test_api_sdk.py

.venv/clients.installed: tests/clients/package-lock.json tests/clients/python-2.txt | .venv/dev.installed
	@command -v npm >/dev/null || { echo "make clients needs node and npm"; exit 1; }
	rm -rf .venv/clients && mkdir -p .venv/clients/npm && cp tests/clients/package*.json .venv/clients/npm
	cd .venv/clients/npm && npm ci --ignore-scripts --no-audit --no-fund
	$(PY) -m pip install -q --disable-pip-version-check --no-deps --require-hashes --target .venv/clients/python-2 -r tests/clients/python-2.txt
	@touch $@

lock: ## Compile pyproject.toml's dependencies into requirements/*.txt, pinned and hashed
	rm -rf .venv/lock && $(PYTHON) -m venv .venv/lock && .venv/lock/bin/pip install -q uv
	$(LOCK) -o requirements/run.txt pyproject.toml
	$(LOCK) -o requirements/dev.txt --group dev -c requirements/run.txt pyproject.toml
	rm -rf .venv/lock

LOCK = .venv/lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

.venv/%.installed: requirements/%.txt | .venv/bin/pip
	@echo "Installing $<"
	@$(PY) -m pip install -q --disable-pip-version-check -r $<
	@touch $@

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Handout needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv --clear .venv || \
		{ echo "Python's venv module is not complete; on Debian: apt-get install python3-venv"; exit 1; }

.PHONY: help run test check check-django format torture bench fuzz clients audit lock
