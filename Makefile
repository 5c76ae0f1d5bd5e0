# Two commands for a fresh machine with Python 3.11: `make demo`, `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock
DEMO_PORT ?= 8765
CORES := $(shell nproc 2>/dev/null || echo 2)

.PHONY: help demo test lint docs models bench experiments lock clean

help:  ## What there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# What an installation holds is noted in a stamp, so that a second `make` does not ask pip again.
$(VENV)/.installed-serve: $(VENV)/bin/python pyproject.toml requirements.lock
	$(PIP) --editable '.[serve]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/bin/python pyproject.toml requirements.lock
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.installed-serve

$(VENV)/.installed-bench: $(VENV)/.installed-dev
	$(PIP) --editable '.[bench]'
	@touch $@

demo: $(VENV)/.installed-serve  ## Install, simulate a night of alerts and streaks, score it, write reports, serve it for scanning
	@if [ -d demo/service ]; then $(BIN)/skysieve serve --home demo/service --stop; fi
	@rm -rf demo
	@$(BIN)/skysieve simulate night demo/night --alerts 600 --seed 2026 --bad-packets
	@$(BIN)/skysieve score braai-weak demo/night/packets --output demo/scores.parquet \
		--report demo/report.html --truth demo/night/truth.csv --truth-origin simulated --workers $(CORES)
	@echo
	@$(BIN)/skysieve simulate streak-night demo/streaks --streaks 600 --seed 2026 --date 20240213 \
		--real-fraction 0.05 --bad-files
	@$(BIN)/skysieve score streaks demo/streaks/night --output demo/streak-scores.parquet \
		--report demo/streak-report.html --truth demo/streaks/truth.csv --truth-origin simulated --workers $(CORES)
	@echo
	@$(BIN)/skysieve ingest demo/night/packets --home demo/service
	@$(BIN)/skysieve ingest demo/streaks/night --home demo/service
	@$(BIN)/skysieve worker --home demo/service --until-quiet 1
	@echo
	@echo "Reports to open in a browser: demo/report.html (alerts), demo/streak-report.html (streaks)."
	@echo "The same night to scan, by keys:"
	@$(BIN)/skysieve serve --home demo/service --first-admin demo --port $(DEMO_PORT) --detach

test: $(VENV)/.installed-dev  ## Install what the tests need, check style and types, build the docs, run every test
	@$(BIN)/python tests/system_packages.py
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory docs
	$(BIN)/python -m pytest --numprocesses $(CORES) --dist loadgroup

lint: $(VENV)/.installed-dev  ## Style, types and the walls between the folders
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed-dev  ## Build the documentation; a warning is an error
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build/html

# What needs no data comes first: make stops at the first script whose data are not there.
models: $(VENV)/.installed-dev  ## Train what is shipped: the sieve, then the models (these need alerts, see docs/models.md)
	$(BIN)/python experiments/train_shipped_sieve.py
	$(BIN)/python experiments/train_shipped_models.py

bench: $(VENV)/.installed-bench  ## Measure speed, memory and start-up against references, in one run
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/alert_path.py
	$(BIN)/python benchmarks/training_step.py
	$(BIN)/python benchmarks/scoring_memory.py
	$(BIN)/python benchmarks/streak_simulator.py
	$(BIN)/python benchmarks/streak_sieve.py
	$(BIN)/python benchmarks/light_curves.py
	$(BIN)/python benchmarks/dmdt.py
	$(BIN)/python benchmarks/curve_features.py
	$(BIN)/python benchmarks/ragged_training.py
	$(BIN)/python benchmarks/candidate_pages.py
	$(BIN)/python benchmarks/service_load.py --database sqlite
	$(BIN)/python benchmarks/service_load.py --database postgresql

# Those from real_streaks on need data.
experiments: $(VENV)/.installed-dev  ## Repeat the slow experiments whose results the documentation reads
	$(BIN)/python experiments/streak_sieve.py
	$(BIN)/python experiments/streak_detector.py
	$(BIN)/python experiments/streak_detector.py --judge sieve
	$(BIN)/python experiments/streak_detector.py --judge network
	$(BIN)/python experiments/killed_fetch.py
	$(BIN)/python experiments/killed_frames.py
	$(BIN)/python experiments/service_chaos.py
	$(BIN)/python experiments/frame_vae.py
	$(BIN)/python experiments/lsbg_artefacts.py
	$(BIN)/python experiments/lsbg_transfer.py
	$(BIN)/python experiments/rare_class.py
	$(BIN)/python experiments/explanation_masks.py
	$(BIN)/python experiments/real_streaks.py
	$(BIN)/python experiments/hsc_table.py
	$(BIN)/python experiments/efigi.py
	$(BIN)/python experiments/galaxy_zoo_votes.py
	$(BIN)/python experiments/snad_published.py
	$(BIN)/python experiments/snad_sequence.py
	$(BIN)/python experiments/snad_fusion.py
	$(BIN)/python experiments/snad_subtypes.py
	$(BIN)/python experiments/crts_features.py
	$(BIN)/python experiments/crts_networks.py
	$(BIN)/python experiments/crts_combination.py
	$(BIN)/python experiments/minimal_feature_sets.py
	$(BIN)/python experiments/debosscher.py
	$(BIN)/python experiments/braai_real_alerts.py

lock:  ## Write requirements.lock anew, from a clean environment
	rm -rf .lock-venv && $(PYTHON) -m venv .lock-venv
	.lock-venv/bin/python -m pip install --quiet 'torch==2.13.0'
	.lock-venv/bin/python -m pip install --quiet '.[bench]'
	.lock-venv/bin/python -m pip freeze --exclude skysieve | sed -E 's/\+cpu$$//; / @ /d' > requirements.lock
	rm -rf .lock-venv

clean:  ## Remove what was built
	rm -rf demo docs/_build build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
