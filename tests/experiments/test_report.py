"""The report page: self-contained, complete, the same twice."""

from html.parser import HTMLParser

import pytest

from experiments.report import figures, write_report
from experiments.tables import make_table


class Page(HTMLParser):
    """Collects the tags, links and table cells of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.cells, self.inside = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]
        if tag == "td":
            self.cells.append("")
        self.inside = tag == "td"

    def handle_data(self, data):
        if self.inside:
            self.cells[-1] += data


@pytest.fixture(scope="module")
def page(finished, tmp_path_factory):
    spec, folder = finished
    table = make_table(spec, folder, resamples=50)
    file = write_report(table, folder, tmp_path_factory.mktemp("page") / "r.html", "qml run small")
    return table, file.read_text()


def test_the_page_loads_nothing_from_anywhere(page):
    parsed = Page(page[1])
    assert all(link.startswith("#") for link in parsed.links)
    assert "script" not in parsed.tags
    assert parsed.tags.count("svg") == len(page[1].split("<figure>")) - 1 > 3


def test_the_page_holds_the_table_the_provenance_and_the_command(page):
    table, text = page
    parsed = Page(text)
    assert f"{table.lines[0].auc.value:.3f}" in " ".join(parsed.cells)
    for word in ("qml run small", "commit", "version of jax", "data SHA-256", "[models.circuit]"):
        assert word in text


def test_titles_with_markup_are_escaped(finished, tmp_path):
    from dataclasses import replace

    spec = replace(finished[0], title="<script>alert(1)</script>")
    table = make_table(spec, finished[1], resamples=20)
    text = write_report(table, finished[1], tmp_path / "r.html", "").read_text()
    assert "<script>" not in text


def test_the_same_records_give_the_same_page(finished, tmp_path):
    table = make_table(*finished, resamples=50)
    pages = [write_report(table, finished[1], tmp_path / n, "c").read_bytes() for n in "ab"]
    assert pages[0] == pages[1]


def test_every_figure_has_axes_with_names(finished):
    made = figures(make_table(*finished, resamples=20), finished[1])
    assert len(made) >= 5
    for caption, figure in made:
        assert caption.endswith(".")
        assert all(axes.get_xlabel() for axes in figure.axes)
