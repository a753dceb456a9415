# What a person types. Everything is installed into .venv, once, and again only when the pins change.
#   make demo | make test | make check | make bench | make soak | make weights DATA=folder | make screenshots | make clean
.POSIX:
.PHONY: help demo test test-quick test-all check bench soak weights screenshots clean
.DELETE_ON_ERROR:

VENV = .venv
PY = $(VENV)/bin/python
PIP = $(PY) -m pip --disable-pip-version-check
WORK = .weights
PYTHONS = python3.11 python3.12 python3.13 python3 python

help:
	@echo 'make demo         install what is needed, serve the app'
	@echo 'make test         install what is needed, run the tests: what continuous integration runs'
	@echo 'make test-quick   those that need neither a browser nor TensorFlow, within a minute'
	@echo 'make test-all     the long ones too: processes that are ended midway, every length of padding'
	@echo 'make check        formatting, lint, types, the direction of imports'
	@echo 'make bench        the table of speeds in the README, peers side by side'
	@echo 'make soak         the app under load, beside a bare Gradio app; HOURS=1 for an hour of everything at once'
	@echo 'make weights      all of weights/ again, from pairs and texts in DATA=folder; ENCODER=folder-or-Hub-id, WORK=folder'
	@echo 'make screenshots  the pictures in the README'
	@echo 'make clean        remove .venv and every cache'

demo: $(VENV)/.installed
	$(PY) app.py

# Two workers, a file of tests at a time: what a file makes for its tests is made once.
PYTEST = $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder
test: $(VENV)/.installed-tests
	$(PY) -m tests.chromium
	$(PYTEST)

test-quick: $(VENV)/.installed-tests
	$(PYTEST) -m 'not browser and not tensorflow and not slow and not long and not network'

test-all: $(VENV)/.installed-tests $(VENV)/.installed-ray
	$(PY) -m tests.chromium
	$(PYTEST) -m 'not network'

check: $(VENV)/.installed-tests
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest -q tests/test_house.py

bench: $(VENV)/.installed-tests $(VENV)/.installed-ray
	$(PY) -m tests.chromium
	$(PY) -m tests.bench

HOURS = 0.05
soak: $(VENV)/.installed
	$(PY) -m tests.bench.soak --hours $(HOURS)

# All of weights/ again; stopped by Ctrl-C, the same command goes on.
ENCODER = sentence-transformers/all-MiniLM-L6-v2@1110a243fdf4706b3f48f1d95db1a4f5529b4d41
weights: $(VENV)/.installed
	@test -n '$(DATA)' || { echo 'make weights DATA=folder of the labelled pairs and texts that weights/recipe.toml names' >&2; exit 2; }
	$(PY) -m bertsim train --recipe weights/recipe.toml --data-root '$(DATA)' --encoder '$(ENCODER)' --output '$(WORK)' $$(test ! -d '$(WORK)/.run' || echo --resume)
	rm -rf weights && cp -R '$(WORK)' weights && rm -rf '$(WORK)'

screenshots: $(VENV)/.installed-tests
	$(PY) -m tests.chromium
	$(PY) -m tests.browser.screenshots
	$(PY) -m tests.browser.moving

clean:
	rm -rf $(VENV) .bench .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
	find app.py bertsim tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment: the first Python of PYTHONS from 3.11 to 3.13 (TensorFlow 2.21 has no wheel for 3.14)
# that can make one. A sound .venv that is already there is kept.
$(VENV)/.made:
	@if $(PY) -c 'import pip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
	  touch $@; exit 0; \
	fi; \
	without_venv=''; \
	for python in $(PYTHONS); do \
	  $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || continue; \
	  if $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "making $(VENV) with $$($$python --version)"; \
	    rm -rf $(VENV) && $$python -m venv $(VENV) && touch $@ && exit 0; \
	    echo "$$python -m venv $(VENV) failed; see above." >&2; exit 1; \
	  fi; \
	  without_venv=$$($$python -c 'import sys; print("python%d.%d" % sys.version_info[:2])'); \
	done; \
	if [ -n "$$without_venv" ]; then \
	  echo "$$without_venv lacks its venv module; on Debian and Ubuntu: sudo apt-get install $$without_venv-venv" >&2; \
	else \
	  echo "bertsim needs Python 3.11, 3.12 or 3.13, and none of these is one: $(PYTHONS)." >&2; \
	  echo "Install one (https://www.python.org/downloads/), or name it: make PYTHONS=/path/to/python3.11 demo" >&2; \
	fi; \
	exit 1

$(VENV)/.installed: $(VENV)/.made requirements.txt
	@echo 'installing requirements.txt (about 3 GB on disk the first time, a few minutes)'
	$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/.installed-tests: $(VENV)/.installed tests/requirements.txt
	$(PIP) install --quiet -r tests/requirements.txt
	@touch $@

# What the extra `ray` of pyproject.toml names, without bertsim itself.
$(VENV)/.installed-ray: $(VENV)/.installed pyproject.toml
	$(PIP) install --quiet $$($(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["ray"])')
	@touch $@
