# Everything here sets itself up: Python 3.11+, make and a package registry are all it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench bench-large faults lock format transcripts clean

demo: $(VENV)/ready  ## the whole conversation in your browser, no account needed
	$(BIN)/turnabout demo

test: $(VENV)/ready  ## the whole suite
	$(BIN)/python -m tests $(TESTS)

check: $(VENV)/ready  ## style, types, import law
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/ready  ## what a turn costs, as ratios
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench_teams
	$(BIN)/python -m tests.bench_start

bench-large: $(VENV)/ready  ## the clock's part among a million pairs; takes a while
	$(BIN)/python -m tests.bench_due large

faults: $(VENV)/ready  ## plant each named fault, and fail if the tests let one live
	$(BIN)/python -m tests.faults

transcripts: $(VENV)/ready  ## rewrite the golden files, to be read before they are committed
	GOLDEN=rewrite $(BIN)/python -m tests -k "transcript or map or golden"

format: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/ready  ## dependencies with their hashes; the file names no index
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate --group dev pyproject.toml -o requirements.lock

$(VENV): $(VENV)/ready

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis build *.egg-info
