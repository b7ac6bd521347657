# The few verbs of this project. A fresh machine needs Python 3.11 and make, nothing else.
PYTHON ?= python3.11
UV := .venv/bin/uv
UV_VERSION := 0.13.9
PORT ?= 8501

.PHONY: app test test-slow lint format bench trust docs lock clean

app: .venv/app.done
	@.venv/bin/python -m fetal_model.settings
	.venv/bin/streamlit run app.py --server.port $(PORT)

test: .venv/dev.done
	.venv/bin/python -m pytest -m "not slow" -n 2 --dist loadfile

test-slow: .venv/dev.done
	.venv/bin/python -m pytest -m slow -n 2 --dist loadfile

lint: .venv/dev.done
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

format: .venv/dev.done
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# Measures again what the docs report; some of it needs the real scans (FETAL_SHARED).
bench: .venv/dev.done
	.venv/bin/python -m benchmarks

# Figures of doubt, calibration, sets and rejection from what each method answered; part of docs.
trust: .venv/dev.done
	.venv/bin/python -m fetal_model.evaluation.docs_trust

# Writes cards and tables from committed results; a test fails when they differ.
docs: .venv/dev.done
	.venv/bin/python -m fetal_model.evaluation.docs

# One command reproduces the pins.
lock: $(UV)
	$(UV) pip compile -q --universal --python-version 3.11 --no-header --no-emit-index-url requirements.in -o requirements.txt
	$(UV) pip compile -q --universal --python-version 3.11 --no-header --no-emit-index-url requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache

$(UV):
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)

# Compiled bytecode: without it TensorFlow takes three times as long to import at every start.
.venv/app.done: $(UV) requirements.txt
	$(UV) pip install -q --compile-bytecode -r requirements.txt
	touch $@

.venv/dev.done: .venv/app.done requirements-dev.txt
	$(UV) pip install -q --compile-bytecode -r requirements-dev.txt
	touch $@
