"""How the documentation is built: ``python -m sphinx -W -n docs docs/_build``."""

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE / "_ext"))
sys.path.insert(0, str(_HERE.parent))  # the docstrings of this checkout, whatever is installed

from importlib.metadata import version as installed_version  # noqa: E402

project = "rxpolygon"
author = "The rxpolygon developers"
copyright = author
version = release = installed_version("rxpolygon")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "public_rooms",
]
exclude_patterns = ["_build", "_ext"]
nitpicky = True

html_theme = "furo"
html_title = f"rxpolygon {release}"
html_show_copyright = False
html_theme_options = {"source_repository": "", "navigation_with_keys": True}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3  # headings can be linked to, as on a code host

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autosummary_generate = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

# What is told by its name only: types of other packages, whose documentation is not here, type variables, and
# what operators ask of events, which their texts say in words.
nitpick_ignore_regex = [
    (
        r"py:.*",
        r"(reactivex|collections|datetime|typing|os|pathlib|threading|types|asyncio|contextlib|enum"
        r"|prometheus_client|opentelemetry|polars|pandas|pyarrow|plotly|ipywidgets|anywidget|abc)(\..*)?",
    ),
    (r"py:class", r"(.*\.)?([A-Z]|T[A-Z]\w*|_\w+)"),
    (r"py:class", r"rxpolygon\..*\._\w+\.\w+"),
    (r"py:class", r"rxpolygon\.(\w+\.(?!conditions|faults)\w+|delivery)\.[A-Z]\w+"),
    # Names that are imported for type checkers only.
    (r"py:class", r"(checked|pl|pd|pa)\.\w+|SecondConnection|Observable|Timed|timedelta"),
]
nitpick_ignore = [
    ("py:exc", "SequenceContainsNoElementsError"),  # of reactivex
]

linkcheck_ignore = [r"https?://(localhost|127\.0\.0\.1)"]
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_anchors_ignore_for_url = [r"https://github\.com/.*"]  # its pages make their anchors late
