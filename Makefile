# make run    the main job: the workflow card `monophoton` into out/
# make test   all tests
# make quick  a broad sample of the tests, a minute or two of one core
# make other  the same on another supported Python, in .venv-other, if one is found
# make lint   linter and type checker
# make bench  benchmarks
# make oldest quick tests with the oldest libraries that pyproject.toml allows, in .venv-oldest
# Each creates the environment .venv first; PYTHON names another interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
CHECKED := $(VENV)/checked
OLDEST := .venv-oldest

# tests of kernels, cards and files, and of xsec, generate, simulate and analyse: what another environment may break
QUICK := tests/test_architecture.py tests/data/test_quantities.py tests/data/test_cards.py tests/data/test_event_file.py \
    tests/data/test_provenance.py tests/generators/test_processes.py tests/generators/test_process_card.py \
    tests/generators/test_sampling.py tests/detectors/test_simulate.py tests/analysis/test_analyse.py \
    tests/workflows/test_cli.py

unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test quick other lint bench oldest clean

run: $(STAMP)
	$(BIN)/alphoton run summary --workers 2 -o out

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile -p no:benchmark

quick: $(STAMP)
	$(BIN)/python -m pytest -q -p no:xdist -p no:benchmark $(QUICK)

other:
	@python=$$(.ci/other-python $(PYTHON)) && \
	if [ -n "$$python" ]; then \
	    echo "quick tests on $$python" && $(MAKE) --no-print-directory VENV=.venv-other PYTHON="$$python" quick; \
	else \
	    echo "no other supported Python found on PATH or among pyenv's versions: quick tests not repeated"; \
	fi

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

# cards, kernels without each of numba's private names, xsec, generate, simulate, analyse; the oldest uproot leaves a file
# open that it refuses. Of Python it must be 3.11 or 3.12: the oldest numpy is not for later ones
OLDEST_TESTS := tests/data/test_cards.py tests/generators/test_jit.py tests/generators/test_other_numba.py tests/generators/test_generate.py \
	tests/detectors/test_simulate.py tests/analysis/test_analyse.py

oldest: $(OLDEST)/installed
	$(OLDEST)/bin/python -m pytest -q -p no:benchmark -W ignore::pytest.PytestUnraisableExceptionWarning $(OLDEST_TESTS)

$(OLDEST)/installed: pyproject.toml
	$(PYTHON) -m venv $(OLDEST)
	sed -n 's/^    "\([a-z0-9.-]*\)>=\(.*\)",$$/\1==\2/p' pyproject.toml > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/python -m pip install -qq --constraint $(OLDEST)/constraints.txt --editable . pytest hypothesis mpmath
	touch $(OLDEST)/installed

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --editable .[dev]
	touch $(STAMP)

clean:
	rm -rf $(VENV) .venv-other $(OLDEST) build out .pytest_cache .mypy_cache .ruff_cache
