"""The report page: self-contained, complete, the same twice."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from matplotlib.figure import Figure

from experiments.knowledge import shipped_specs
from experiments.reporting.formats import HEADS, table_cells
from experiments.reporting.report import costs_sheet, figures, results_sheet, write_report
from experiments.reporting.tables import make_table
from qml.metrics import Interval


class Page(HTMLParser):
    """Collects the tags, links, ids and table cells of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.ids, self.cells = [], [], [], {}
        self.table, self.inside = "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href", "action") and v]
        self.ids += [given["id"]] if "id" in given else []
        if tag == "table":
            self.table = given["id"]
        if tag in ("td", "th"):
            self.cells.setdefault(self.table, []).append("")
        self.inside = self.inside or tag in ("td", "th")

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.cells[self.table][-1] += data


@pytest.fixture(scope="module")
def table(finished):
    return make_table(*finished, resamples=50)


@pytest.fixture
def write(table, finished, tmp_path):
    """Write the page, with changes to the table or with options, and give its text."""

    def written(changed=table, **options):
        file = write_report(changed, finished[1], tmp_path / "r.html", "qml run small", **options)
        return file.read_text()

    return written


@pytest.fixture(scope="module")
def page(table, finished, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "r.html"
    return write_report(table, finished[1], file, "qml run small").read_text()


def test_the_page_loads_nothing_from_anywhere(page):
    parsed = Page(page)
    assert all(link.startswith("#") for link in parsed.links)
    assert not {"link", "iframe", "object", "img", "base"} & set(parsed.tags)
    assert parsed.tags.count("script") == page.count("<script>") == 1  # inline, without src
    assert "default-src 'none'" in page
    assert "@import" not in page
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))


def test_ids_are_unique_and_links_have_their_target(page):
    parsed = Page(page)
    targets = set(re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', page))
    assert len(parsed.ids) == len(set(parsed.ids)) > 50
    assert {a or b for a, b in targets} <= set(parsed.ids)


def test_a_svg_stands_for_every_figure_with_its_caption_as_label(page, table, finished):
    captions = [caption for caption, _ in figures(table, finished[1])]
    assert Page(page).tags.count("svg") == len(captions) > 5
    assert all(f'role="img" aria-label="{caption}"' in page for caption in captions)


def test_the_page_holds_the_table_and_the_provenance(page, table):
    cells = [cell for line in table_cells(table) for cell in line]
    assert Page(page).cells["results"] == [*HEADS, *cells]
    for word in ("commit", "version of jax", "data SHA-256", "[models.circuit]"):
        assert word in page


def test_findings_come_before_the_table_and_the_summary_before_both(page):
    order = ["6 rows × 2 seeds, 12 of 12 cells finished; 100 test events; highest AUC among rows"]
    order += ["What the numbers say", "The audit", "The table", "Figures", "Make it again"]
    places = [page.index(text) for text in order]
    assert places == sorted(places)


def test_rows_that_a_device_answered_are_not_called_simulated(page, table, write):
    assert "; all quantum rows simulated." in page
    row = next(line.row.id for line in table.lines if line.simulated)
    records = [
        r._replace(info=r.info | {"backend": {"simulated": False}}) if r.row == row else r
        for r in table.records
    ]
    text = write(table._replace(records=records))
    assert "; 1 row answered by a device, all other quantum rows simulated." in text


def test_the_command_names_the_commit(table, write):
    records = [
        r._replace(provenance=r.provenance | {"commit": "abc", "dirty": True})
        for r in table.records
    ]
    text = write(table._replace(records=records))
    assert "git checkout abc  # with changes that are in no commit\nqml run small</pre>" in text
    records = [r._replace(provenance=r.provenance | {"commit": ""}) for r in table.records]
    assert "# the commit is not known\nqml run small</pre>" in write(
        table._replace(records=records)
    )


def test_the_audit_has_its_place(page, write):
    assert "Nobody has audited these records." in page
    text = write(audit="1 problem:\n<row 3> test equals train")
    assert '<pre class="verdict">1 problem:\n&lt;row 3&gt; test equals train</pre>' in text


def test_further_figures_can_be_given(page, write):
    figure = Figure()
    figure.text(0.5, 0.5, "a further figure")
    text = write(extra=[("Ranks.", figure)])
    assert text.count("<svg") == page.count("<svg") + 1
    assert "a further figure" in text


def test_titles_with_markup_are_escaped(table, write):
    text = write(table._replace(spec=replace(table.spec, title="<script>alert(1)</script>")))
    assert "<script>alert" not in text


def test_labels_with_markup_stay_text_in_figures(table, write):
    row = replace(table.lines[0].row, label='<b id="x">&')
    text = write(table._replace(lines=[table.lines[0]._replace(row=row), *table.lines[1:]]))
    assert '<b id="x">' not in text
    assert "&lt;b id=" in text


def test_the_same_records_give_the_same_page(page, write):
    assert write() == page


def test_intervals_may_go_on_a_second_line_and_the_best_are_marked(table):
    sheet = results_sheet(table._replace(best=frozenset({table.lines[0].row.id})))
    auc = sheet.heads.index("AUC [95 %]")
    assert [line[auc].best for line in sheet.body] == [True] + [False] * 5
    assert re.fullmatch(r"0\.\d{3}", sheet.body[0][auc].text)
    assert re.fullmatch(r"\[0\.\d{3}, [01]\.\d{3}\]", sheet.body[0][auc].bracket)
    assert (sheet.words[0], sheet.words[auc]) == (True, False)


def test_costs_are_shown_where_they_were_measured(table):
    lines = [line._replace(resources={}) for line in table.lines]
    assert costs_sheet(table._replace(lines=lines)) is None
    lines[0] = lines[0]._replace(resources={"cpu_s": 1.234, "energy_j": 1234.5, "co2_g": 0.083})
    sheet = costs_sheet(table._replace(lines=lines))
    assert sheet.heads == ["row", "CPU s", "energy J", "CO₂e mg"]
    assert [cell.text for cell in sheet.body[0]] == ["logistic", "1.2", "1234", "83.0"]
    assert [cell.text for cell in sheet.body[1]] == ["sum", "-", "-", "-"]


def test_every_figure_has_axes_with_names(table, finished):
    for caption, figure in figures(table, finished[1]):
        assert caption.endswith(".")
        shown = [axes for axes in figure.axes if axes.axison]  # a drawing of a circuit has none
        assert not shown or any(axes.get_xlabel() for axes in shown)


def test_rows_alike_but_for_one_number_make_a_sweep(table, finished):
    counts = (10, 100, 1000)
    backends = {f"shots {n}": {"kind": "shots", "shots": n} for n in counts}
    spec = replace(table.spec, backends=table.spec.backends | backends)
    shots = next(line for line in table.lines if line.row.id == "shots")
    lines = [_variant(shots, n, Interval(0.7, 0.6, 0.8)) for n in reversed(counts)]
    changed = table._replace(spec=spec, lines=[*table.lines, *lines])
    swept = [f for c, f in figures(changed, finished[1]) if c.startswith("AUC against shots,")]
    axes = swept[0].axes[0]
    assert axes.get_legend_handles_labels()[1] == ["noisy"]
    assert axes.lines[0].get_xdata().tolist() == list(counts)
    assert axes.get_xscale() == "log"


def _variant(line, n, auc):
    row = replace(line.row, backend=f"shots {n}", label=f"noisy, shots={n}")
    return line._replace(row=row, scores={"auc": auc})


def test_all_shipped_benchmarks_are_listed_where_they_are_given(page, write):
    from experiments.specs import shipped_names

    assert "knowledge" not in Page(page).cells
    cells = Page(write(shipped=shipped_specs())).cells["knowledge"]
    assert cells[0] == "spec"
    assert [cells[i] for i in range(8, len(cells), 8)] == shipped_names()


def test_a_queue_is_kept_apart_and_left_out_where_there_is_none(table):
    assert "queue s" not in costs_sheet(table).heads
    waited = table.lines[0]._replace(seconds=table.lines[0].seconds | {"queue": 90.0})
    sheet = costs_sheet(table._replace(lines=[waited, *table.lines[1:]]))
    assert sheet.heads[:2] == ["row", "queue s"]
    assert [line[1].text for line in sheet.body[:2]] == ["90.0", "-"]
    assert "90" not in "".join(table_cells(table._replace(lines=[waited]))[0][-4:])


def test_reliability_is_drawn_of_log_odds_only(table, finished):
    (found,) = [f for c, f in figures(table, finished[1]) if c.startswith("Reliability")]
    labels = found.axes[0].get_legend_handles_labels()[1]
    assert [label.partition(" (")[0] for label in labels] == ["logistic", "circuit, exact"]
