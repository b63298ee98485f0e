# Needs Python 3.11 or newer, and make. Everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

.PHONY: demo test lint format fuzz soak bench bench-quick clean

demo: $(READY)
	$(VENV)/bin/bulksender demo --yes

test: $(READY)
	$(VENV)/bin/python -m pytest -n auto --cov --cov-report=term-missing:skip-covered

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: $(READY)
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

# Random bytes and mutated real files, for ten minutes or as many SECONDS as are given.
fuzz: $(READY)
	$(VENV)/bin/python tests/fuzz/fuzz.py --seconds $(or $(SECONDS),600)

# Runs over bigger sheets, killed at random a thousand times, or as many KILLS as are given.
soak: $(READY)
	$(VENV)/bin/python tests/crash/soak.py --kills $(or $(KILLS),1000)

# How fast it is: writes benchmarks/RESULTS.md and its plot; bench-quick looks at smaller sheets.
bench: $(READY)
	$(VENV)/bin/python benchmarks/bench.py

bench-quick: $(READY)
	$(VENV)/bin/python benchmarks/bench.py --quick

clean:
	rm -rf $(VENV) demo build *.egg-info

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "bulksender needs Python 3.11 or newer; name one with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)
