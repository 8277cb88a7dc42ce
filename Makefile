# What a developer and CI type.  Each target sets up what it needs.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
TRIAL = $(BIN)/python -m twisted.trial --temp-directory=$(VENV)/trial-$@
UNITS = $(filter-out tests.functional tests.integration tests.servers,$(patsubst tests/%/__init__.py,tests.%,$(wildcard tests/*/__init__.py))) \
	$(patsubst tests/%.py,tests.%,$(wildcard tests/test_*.py))

TORTURE = $(patsubst tests/functional/%.py,tests.functional.%,$(wildcard tests/functional/test_torture*.py))

QUICK = $(UNITS) tests.functional.test_site tests.functional.test_daemons $(TORTURE)

.PHONY: run test units functional quick torture integration servers faults check format lint types coverage docs sample bench soak news wheel clean

run: $(VENV)/run.stamp
	@mkdir -p var
	@test -e var/glance.conf || sh etc/quickstart.sh "$(CURDIR)/var" > var/glance.conf
	@exec $(BIN)/twistd -n --pidfile= glance --welcome --config-file var/glance.conf

# With -j2 they go side by side.
test: units functional

units: $(VENV)/test.stamp
	$(TRIAL) $(UNITS)

# Those with daemons, and with clients of them.
functional: $(VENV)/test.stamp
	$(TRIAL) tests.functional

# Those that run most of the program, in little time.  Who may do what does not hang on
# the version of Python, and what is run in a process that a signal ends isn't counted.
COVERED = $(filter-out tests.api,$(QUICK)) \
	$(filter-out tests.api.matrix,$(patsubst tests/api/%/__init__.py,tests.api.%,$(wildcard tests/api/*/__init__.py))) \
	$(patsubst tests/api/%.py,tests.api.%,$(wildcard tests/api/test_*.py)) \
	$(patsubst %,tests.functional.test_%,client client_saving client_transfers client_v2 \
	command inspect manage parts ports receiving sending) \
	tests.functional.test_workers.SharedWorkTests

# Without the tests that kill, fill and starve real daemons.
quick: $(VENV)/test.stamp
	$(TRIAL) $(QUICK)

# With bodies as large as images are.
torture: $(VENV)/test.stamp
	GLANCE_TEST_MIB=1024 $(TRIAL) tests.functional.test_site $(TORTURE)

# With real servers of other projects.  With -j2 they go side by side.
integration: servers faults

FAULTS = $(patsubst tests/integration/%.py,tests.integration.%,$(wildcard tests/integration/test_*_faults.py))

servers: $(VENV)/test.stamp
	$(TRIAL) $(filter-out $(FAULTS),$(patsubst tests/integration/%.py,tests.integration.%,$(wildcard tests/integration/test_*.py)))

# Those where the network to such servers fails: they wait, most of the time.
faults: $(VENV)/test.stamp
	$(TRIAL) $(FAULTS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) coverage

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

coverage: $(VENV)/dev.stamp
	$(BIN)/coverage erase
	$(BIN)/coverage run -m twisted.trial --temp-directory=$(VENV)/trial-$@ $(COVERED)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

docs: $(VENV)/dev.stamp
	$(BIN)/sphinx-build -q -W -b html docs docs/_build/html

sample: $(VENV)/run.stamp
	$(BIN)/python -m glance.config.sample etc

bench: $(VENV)/test.stamp
	$(BIN)/python -m bench

soak: $(VENV)/test.stamp
	$(BIN)/python -m bench --soak

news: $(VENV)/dev.stamp
	$(BIN)/towncrier build --draft --version next

wheel: $(VENV)/dev.stamp
	$(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf $(VENV) build dist *.egg-info docs/_build htmlcov .coverage*

# Virtual environments.  The editable mode is the one in which Twisted finds
# the plugins.

EDITABLE = $(BIN)/pip install -q --disable-pip-version-check --config-settings editable_mode=compat

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed: make PYTHON=/path/to/it"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
		apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; } || \
		{ echo "Install the module venv first: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(BIN)/pip setup.py
	$(EDITABLE) -e .
	@touch $@

$(VENV)/test.stamp: $(BIN)/pip setup.py
	$(EDITABLE) -e '.[test]'
	@touch $@ $(VENV)/run.stamp

$(VENV)/dev.stamp: $(BIN)/pip setup.py
	$(EDITABLE) -e '.[dev]'
	@touch $@ $(VENV)/test.stamp $(VENV)/run.stamp
