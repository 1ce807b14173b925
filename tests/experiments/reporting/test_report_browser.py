"""The report page in a real browser: it fits, it sorts, it asks for nothing.

The page stands in an inner frame of the width under test, since a headless window cannot be as
narrow as a phone. A probe in the page measures, clicks, and sends what it saw to the outer page,
whose DOM the browser prints.
"""

import json
import re
import shutil
import subprocess
from html import unescape

import matplotlib.image
import pytest

from experiments.reporting.formats import HEADS, table_cells
from experiments.reporting.report import write_report
from experiments.reporting.tables import make_table

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTHS = (1400, 420)
HEIGHT = 3000

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
]

PROBE = """
<script>
addEventListener("load", () => {
  const root = document.documentElement, table = document.getElementById("results");
  const texts = (cells) => [...cells].map((cell) => cell.textContent.trim());
  const column = (i) => [...table.tBodies[0].rows].map((row) => row.cells[i].textContent.trim());
  const heads = [...table.tHead.rows[0].cells];
  const click = (i) => {
    heads[i].querySelector("button").click();
    return { order: heads[i].getAttribute("aria-sort"), column: column(i) };
  };
  const box = table.parentElement, first = table.tBodies[0].rows[0].cells[0];
  const saw = {
    overflow: root.scrollWidth - root.clientWidth,
    width: innerWidth,
    heads: texts(heads),
    body: [...table.tBodies[0].rows].map((row) => texts(row.cells)),
    focusable: heads.every((head) => head.querySelector("button").tabIndex === 0),
    hidden: box.scrollWidth - box.clientWidth,
    figures: [...document.querySelectorAll("figure")].map((f) => f.getBoundingClientRect().right),
    smallest_text: Math.min(...[...document.querySelectorAll("figure svg text")]
      .map((text) => text.getBoundingClientRect().height).filter((height) => height > 0)),
  };
  box.scrollLeft = 1e6;
  saw.first_stays = first.getBoundingClientRect().left - box.getBoundingClientRect().left;
  box.scrollLeft = 0;
  saw.clicks = [4, 4, 4, 0].map(click);
  click(0), click(0);
  saw.requests = performance.getEntriesByType("resource").map((entry) => entry.name);
  parent.postMessage(JSON.stringify(saw), "*");
});
</script>
"""

OUTER = """<!doctype html><meta charset="utf-8"><style>body {{ margin: 0 }}</style>
<iframe src="{page}" width="{width}" height="{height}" style="border: 0"></iframe>
<script>
addEventListener("message", (event) => {{
  const saw = document.createElement("pre");
  saw.id = "saw";
  saw.hidden = true;
  saw.textContent = event.data;
  document.body.append(saw);
}});
</script>
"""


@pytest.fixture(scope="module")
def table(finished):
    return make_table(*finished, resamples=50)


@pytest.fixture(scope="module")
def browse(tmp_path_factory):
    """Show a page's text at a width; what the probe saw, the console's lines, the picture."""
    if CHROMIUM is None:
        pytest.skip("needs the browser chromium on PATH")

    def show(text, width):
        folder = tmp_path_factory.mktemp("browser")
        page, outer, shot = folder / "page.html", folder / "outer.html", folder / f"{width}.png"
        page.write_text(text.replace("</body>", PROBE + "</body>"))
        outer.write_text(OUTER.format(page=page.name, width=width, height=HEIGHT))
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}"]
        command += [f"--window-size={max(width, 500)},{HEIGHT}", f"--screenshot={shot}"]
        done = subprocess.run(
            [*command, "--dump-dom", outer.as_uri()],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        saw = re.search(r'<pre id="saw"[^>]*>(.*?)</pre>', done.stdout, re.S)
        console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        return json.loads(unescape(saw[1])) if saw else {}, console, shot

    return show


@pytest.fixture(scope="module")
def text(table, finished, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "report.html"
    return write_report(table, finished[1], file, "qml run small").read_text()


@pytest.fixture(scope="module", params=WIDTHS)
def seen(request, browse, text):
    return request.param, *browse(text, request.param)


def test_nothing_sticks_out_of_the_page(seen):
    width, saw, _, _ = seen
    assert saw["width"] == width
    assert saw["overflow"] <= 0
    assert max(saw["figures"]) <= width


def test_the_table_read_back_is_the_table(seen, table):
    _, saw, _, _ = seen
    assert saw["heads"] == list(HEADS)
    assert saw["body"] == table_cells(table)


def test_the_row_names_stay_while_the_table_scrolls(seen):
    width, saw, _, _ = seen
    assert saw["hidden"] > 0 or width > 1000
    assert abs(saw["first_stays"]) <= 2


def test_clicks_sort_up_down_and_back(seen, table):
    _, saw, _, _ = seen
    up, down, back, names = saw["clicks"]
    scores = [float(cell.split()[0]) for cell in up["column"]]
    assert (up["order"], down["order"], back["order"]) == ("ascending", "descending", None)
    assert scores == sorted(scores)
    assert [float(cell.split()[0]) for cell in down["column"]] == scores[::-1]
    assert back["column"] == [line[4] for line in table_cells(table)]
    assert names["column"] == sorted((line[0] for line in table_cells(table)), key=str.lower)
    assert saw["focusable"]


def test_no_request_and_no_word_in_the_console(seen):
    _, saw, console, _ = seen
    assert saw["requests"] == []
    assert console == []


def test_the_picture_shows_a_page(seen):
    width, _, _, shot = seen
    picture = matplotlib.image.imread(shot)
    assert picture.shape[:2] == (HEIGHT, max(width, 500))
    dark = (picture[..., :3].mean(axis=-1) < 0.5).mean()
    assert 0.005 < dark < 0.3


def test_text_in_figures_is_large_enough_to_read(seen):
    _, saw, _, _ = seen
    assert saw["smallest_text"] >= 8


def test_the_probe_notices_requests_and_errors(browse, text):
    bad = '<img src="http://127.0.0.1:9/x.png"><script>nonsense()</script></body>'
    saw, console, _ = browse(text.replace("</body>", bad), 1400)
    assert saw["requests"] == ["http://127.0.0.1:9/x.png"]
    assert any("Content Security Policy" in line for line in console)
    assert any("nonsense is not defined" in line for line in console)
