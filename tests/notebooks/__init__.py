"""The notebooks: run, compared with what they show, and renewed by ``python -m tests.notebooks.execute``."""
