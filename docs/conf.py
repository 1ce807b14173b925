"""Sphinx configuration: `make docs` builds the pages into docs/_build."""

from importlib.metadata import version as installed

project = "qml-offload"
author = "The qml-offload developers"
version = release = installed("qml-offload")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
html_theme = "pydata_sphinx_theme"
html_title = "qml-offload"
html_show_sourcelink = False
exclude_patterns = ["_build"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "description"
# Fields of a NamedTuple carry no docstring of their own: its class says what they are.
autodoc_default_options = {"members": True, "exclude-members": "count,index,set_score_request"}
# The README links to files of the repository; fields of several types share a name.
suppress_warnings = ["myst.xref_missing", "ref.python"]


def setup(app):
    """Read `single backticks` as code and |bars| as bars, before sections are split at colons."""
    import re

    def plain(line):
        if line.lstrip().startswith(">>>"):
            return line
        line = re.sub(r"(?<![`:])`([^`]+)`(?!`)", r"``\1``", line)
        parts = line.split("``")  # every second one is code
        parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
        return "``".join(parts)

    def as_code(app, what, name, obj, options, lines):
        lines[:] = [plain(line) for line in lines]

    app.connect("autodoc-process-docstring", as_code, priority=100)
