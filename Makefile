# make run    the main job: the workflow card `monophoton` into out/
# make test   all tests
# make lint   linter and type checker
# make bench  benchmarks
# Each creates the environment .venv first; PYTHON names another interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
CHECKED := $(VENV)/checked

unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test lint bench clean

run: $(STAMP)
	$(BIN)/alphoton run summary --workers 2 -o out

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile -p no:benchmark

bench: $(STAMP)
	$(BIN)/python -m pytest -q -p no:xdist tests/benchmarks/bench_*.py

# the type checker does not follow an editable install: it sees a regular one
lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf $(CHECKED) build
	$(BIN)/python -m pip install -qq --no-deps --target $(CHECKED) .
	rm -rf build
	MYPYPATH=$(CHECKED) $(BIN)/mypy -p alphoton.data -p alphoton.generators -p alphoton.detectors -p alphoton.analysis -p alphoton.workflows

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --editable .[dev]
	touch $(STAMP)

clean:
	rm -rf $(VENV) build out .pytest_cache .mypy_cache .ruff_cache
