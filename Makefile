# make demo     the main job: trace, derivative, gradient check, the fit on real data with pictures
# make test     all tests
# make check    lint, types, import contract, and whether generated/ is current
# make interop  the adaptors, with the libraries themselves, in an environment of their own
# make docs     the site, in build/site
# make gallery  the pictures of the examples anew
# make package  the wheel and the source archive, checked

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check

.PHONY: demo test interop adaptors check docs gallery bench generate package clean

demo: $(VENV)/.demo
	$(RUN) -m examples.demo

test: $(VENV)/.dev
	$(RUN) -m pytest -n 2 --dist worksteal

interop:
	$(MAKE) VENV=build/interop adaptors

PAGES := from-autograd from-jax from-pytorch jax numba pymc scale-out torch

adaptors: $(VENV)/.interop
	S2SAD_PROFILE=deep $(RUN) -m pytest -n 2 --dist worksteal tests/interop tests/frontend/test_held_data.py s2sad/interop \
		$(PAGES:%=tests/test_documentation.py::test_blocks_print_what_the_page_says[%])

check: $(VENV)/.dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m s2sad generate --check

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict

gallery: $(VENV)/.examples
	$(RUN) -m examples.gallery docs/pictures/gallery

bench: $(VENV)/.bench
	$(RUN) -m benchmarks
	$(RUN) -m benchmarks.kernels

generate: $(VENV)/.dev
	$(RUN) -m s2sad generate

package: $(VENV)/.package
	rm -rf dist
	$(RUN) -m build --outdir dist
	$(RUN) -m twine check --strict dist/*
	$(VENV)/bin/check-wheel-contents dist/*.whl

# one stamp for each extra of pyproject.toml
$(VENV)/.%: pyproject.toml
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .[$*]
	touch $@

.PRECIOUS: $(VENV)/.%

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .hypothesis output
