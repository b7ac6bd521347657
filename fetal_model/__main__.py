"""`python -m fetal_model`."""

from fetal_model.cli import app

app(prog_name="python -m fetal_model")
