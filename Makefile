# make demo   the main job: trace, derivative, gradient check, the fit on real data with a picture
# make test   all tests
# make check  lint, types, import contract, and whether generated/ is current

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test check bench generate clean

demo: $(VENV)/.installed
	$(RUN) -m examples.demo

test: $(VENV)/.installed
	$(RUN) -m pytest -n 2 --dist worksteal

check: $(VENV)/.installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m s2sad generate --check

bench: $(VENV)/.installed
	$(RUN) -m pip install --quiet -e .[bench]
	$(RUN) -m benchmarks
	$(RUN) -m benchmarks.kernels

generate: $(VENV)/.installed
	$(RUN) -m s2sad generate

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -e .[dev]
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .hypothesis output
