"""The HTML report in headless Chromium: it works, asks nobody for anything, and can be read."""

import base64
import json
import re
import shutil
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

from bounds import claims
from verification import verify
from verification.fitting.fit import fit
from verification.report import own_pairs, templating
from verification.report.outputs import Outputs
from verification.setting import Setting
from verification.studies import pairs

webdriver = pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys

Markup = pytest.importorskip("markupsafe").Markup
CSS = Path(templating.__file__).parent / "templates" / "report.css"

CHOSEN = ("eq-10", "eq-10-corrected", "lemma-8", "lemma-8-log-concavity", "corollary-1-explicit")
BY_SECTION = ("corollary-1-explicit", "eq-10", "eq-10-corrected", "lemma-8", "lemma-8-log-concavity")
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
WIDTHS = (1280, 390, 320)

FOUND = find_spec("axe_core_python")  # a package that is a file of JavaScript with its licence
AXE = Path(FOUND.origin).parent / "axe.min.js" if FOUND is not None and FOUND.origin else None

HELPERS = """
const opaque = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
const luminance = ([r, g, b]) => {
  const f = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
};
const ratio = (a, b) => {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
};
const behind = (e) => {
  for (let at = e; at; at = at.parentElement) {
    const c = opaque(getComputedStyle(at).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
"""

CONTRASTS = (
    HELPERS
    + """
const low = [];
for (const e of document.querySelectorAll("body *:not(svg *):not(script)")) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  if (!own || !e.getClientRects().length) continue;
  const c = ratio(opaque(getComputedStyle(e).color), behind(e));
  if (c < 4.5) low.push([e.tagName, e.textContent.trim().slice(0, 40), c]);
}
for (const node of document.querySelectorAll("svg.claim-graph a")) {
  const fill = opaque(getComputedStyle(node.querySelector("rect")).fill);
  for (const t of node.querySelectorAll("text")) {
    const c = ratio(opaque(getComputedStyle(t).fill), fill);
    if (c < 4.5) low.push(["text", t.textContent, c]);
  }
}
return low;
"""
)

NAMELESS = """
return [...document.querySelectorAll("svg, img")].filter((e) => {
  const by = (e.getAttribute("aria-labelledby") || "").split(" ").map((i) => document.getElementById(i));
  const words = [e.getAttribute("aria-label"), e.getAttribute("alt"), ...by.map((b) => b && b.textContent)];
  return e.getAttribute("aria-hidden") !== "true" && !words.some((w) => w && w.trim());
}).map((e) => e.outerHTML.slice(0, 80));
"""

JUMPS = """
const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((h) => Number(h.tagName[1]));
return levels.filter((level, i) => level > (i ? levels[i - 1] : 0) + 1);
"""

LOST = """
return [...document.querySelectorAll('a[href^="#"]')].map((a) => a.getAttribute("href"))
  .filter((h) => !document.getElementById(decodeURIComponent(h.slice(1))));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A report on five claims: proved, certified, supported with a plot and mutants, and refuted."""
    place = tmp_path_factory.mktemp("report")
    Outputs(report=place).write(verify([claims[i] for i in CHOSEN], jobs=1))
    return place


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A headless browser with a profile of its own."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("Chromium and its driver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield running
    running.quit()


def look(browser, path, width=1280, scheme="light", media=""):
    """Open a page at a width, in a colour scheme, for the screen or for paper."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [feature]})
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    browser.get("about:blank")
    browser.get(path.as_uri())
    return browser


def said(browser):
    """What the page wrote to the console."""
    return [entry["message"] for entry in browser.get_log("browser")]


def asked(browser):
    """Every address that was asked for since the page was opened."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return [url for url in sent if url != "about:blank"]


def too_wide(browser):
    """By how many pixels the page is wider than its window."""
    root = "document.documentElement"
    return browser.execute_script(f"return {root}.scrollWidth - {root}.clientWidth")


def shown(browser):
    """Ids of the rows that can be seen."""
    rows = browser.find_elements("css selector", "#claims tbody tr")
    return [row.get_attribute("data-claim") for row in rows if row.is_displayed() and row.get_attribute("id")]


def every_page(folder):
    """The report, its claims, and its notes."""
    return [
        *sorted(folder.glob("*.html")),
        *sorted(folder.glob("claims/*.html")),
        *sorted(folder.glob("notes/*.html")),
    ]


def test_the_pages_ask_for_nothing_and_complain_of_nothing(chromium, folder):
    """Opening any page loads that file alone, and the console stays empty."""
    for page in every_page(folder):
        look(chromium, page)
        assert asked(chromium) == [page.as_uri()]
        assert said(chromium) == []


def test_links_lead_somewhere(chromium, folder):
    """Every link of every page leads to a file that is there and to an id on it."""
    links = {}
    for page in every_page(folder):
        look(chromium, page)
        for anchor in chromium.find_elements("css selector", "a[href]"):
            links[anchor.get_attribute("href")] = page.name
        assert chromium.execute_script(LOST) == [], page.name
    links |= dict.fromkeys(in_graph(chromium, folder / "graph.html").values(), "graph.html")
    assert sum("/notes/" in link for link in links) >= len(CHOSEN)
    for link, page in links.items():
        if isinstance(link, str) and link.startswith("file:"):
            parts = urlsplit(link)
            text = Path(unquote(parts.path)).read_text()
            assert not parts.fragment or f'id="{unquote(parts.fragment)}"' in text, (page, link)


def in_graph(browser, page):
    """The claims of a page's graph, each with the address that its box leads to."""
    look(browser, page)
    boxes = browser.find_elements("css selector", "svg.claim-graph a")
    found = "return arguments[0].href.baseVal"
    return {box.get_attribute("data-claim"): browser.execute_script(found, box) for box in boxes}


def test_a_click_on_the_graph_leads_to_the_claim(chromium, folder):
    """Each box of the graph leads to the claim's page, whose own graph shows its neighbours."""
    boxes = in_graph(chromium, folder / "graph.html")
    assert set(boxes) == set(CHOSEN)
    box = chromium.find_element("css selector", "svg.claim-graph a[data-claim='eq-10'] text")
    box.click()
    assert chromium.current_url == (folder / "claims" / "eq-10.html").as_uri()
    assert chromium.find_element("css selector", "h1").text
    for name in CHOSEN:
        near = in_graph(chromium, folder / "claims" / f"{name}.html")
        rests = {i for i in claims[name].depends_on if i in CHOSEN}
        used = {i for i in CHOSEN if name in claims[i].depends_on}
        assert set(near) == ({name} | rests | used if rests | used else set())


def test_the_graph_fits_the_screen_or_has_its_full_size(chromium, folder):
    """As wide as the window, or with a tick in its own size; what is far from a box steps back."""
    look(chromium, folder / "graph.html", 390)
    width = "return document.querySelector('svg.claim-graph').getBoundingClientRect().width"
    assert chromium.execute_script(width) <= 390
    tick = chromium.find_element("css selector", "#zoom input")
    tick.click()
    assert chromium.execute_script(width) > 390
    chromium.execute_script(
        "document.querySelector('svg a[data-claim=\"eq-10\"]').dispatchEvent(new Event('focus'))"
    )
    faded = chromium.find_elements("css selector", "svg.claim-graph a.faded")
    assert {box.get_attribute("data-claim") for box in faded} >= {"corollary-1-explicit"}


@pytest.mark.parametrize("claim", CHOSEN)
def test_a_claim_has_an_address_on_the_first_page(chromium, folder, claim):
    """`index.html#eq-10` shows the row of that claim."""
    look(chromium, folder / "index.html")
    chromium.get((folder / "index.html").as_uri() + f"#{claim}")
    top = "return document.getElementById(arguments[0]).getBoundingClientRect().top"
    assert -1 <= chromium.execute_script(top, claim) < 900


def test_the_first_page_is_light(chromium, folder):
    """Under a second from the file to a page that can be used, and small with every claim of the register.

    Its size grows with the table's rows: what a row takes, times all claims, leaves it below 500 kB.
    """
    page = (folder / "index.html").read_text()
    rows = page[page.index("<tbody") : page.index("</tbody>")]
    fixed = len(page) - len(rows)
    assert fixed + len(rows) / len(CHOSEN) * len(claims) < 500_000
    look(chromium, folder / "index.html")
    timing = "return performance.getEntriesByType('navigation')[0].domComplete"
    assert chromium.execute_script(timing) < 1000


def test_what_is_wider_than_its_place_shows_it_and_can_be_scrolled(chromium, folder):
    """It fades at the side where there is more and has the keyboard's focus; what fits has neither."""
    wide = """return [...document.querySelectorAll(".scroll, .note main > :is(p, ul, ol, table)")]
      .filter((e) => e.getClientRects().length)
      .map((e) => [e.scrollWidth - e.clientWidth > 1, e.tabIndex === 0, e.classList.contains("more")])"""
    looked = set()
    for width, name in ((390, "notes/sharp"), (390, "claims/eq-10"), (1280, "claims/eq-10")):
        look(chromium, folder / f"{name}.html", width)
        time.sleep(0.1)  # sizes are told after the next frame
        found = chromium.execute_script(wide)
        assert all(more == reached == faded for more, reached, faded in found), name
        looked |= {more for more, *_ in found}
    assert looked == {True, False}
    look(chromium, folder / "notes/sharp.html", 390)
    end = """const e = [...document.querySelectorAll(".more")][0];
      e.scrollLeft = e.scrollWidth;
      e.dispatchEvent(new Event("scroll"));
      return e.classList.contains("more")"""
    time.sleep(0.1)
    assert chromium.execute_script(end) is False


def test_formulas_can_be_read(chromium, folder):
    """No part of a formula is set smaller than eleven pixels, fractions inside fractions among them."""
    smallest = """return Math.min(...[...document.querySelectorAll("math *")]
      .filter((e) => !e.children.length && e.getClientRects().length)
      .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""
    for name in ("corollary-1-explicit", "eq-10"):
        look(chromium, folder / "claims" / f"{name}.html")
        assert chromium.execute_script(smallest) >= 11


def test_a_long_formula_breaks_in_a_narrow_window(chromium, folder):
    """On a phone the pieces of a formula stand below each other; with room it is in one piece."""
    seen = "return [...document.querySelectorAll(arguments[0])].map((e) => e.getClientRects().length > 0)"
    for width, pieces in ((390, True), (1280, False)):
        look(chromium, folder / "index.html", width)
        chromium.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
        assert set(chromium.execute_script(seen, ".result .narrow")) == {pieces}
        assert set(chromium.execute_script(seen, ".result .whole")) == {not pieces}
        cut = "return [...document.querySelectorAll('.result .formula.more')].map((e) => e.textContent)"
        assert chromium.execute_script(cut) == []


def test_a_command_breaks_between_its_arguments(chromium, tmp_path):
    """On a phone no flag is torn from its value or in two; a word wider than the page breaks."""
    long = f"filtergain verify mine --module {'x' * 99}.py && filtergain simulate --n 48000 --gamma-tilde 1.0"
    head = '<meta name="viewport" content="width=device-width"><style>{{ css }}</style>'
    made = templating.environment().from_string(head + "<pre><code>{{ c|command }}</code></pre>")
    page = tmp_path / "command.html"
    page.write_text(made.render(css=Markup(CSS.read_text(encoding="utf-8")), c=long), encoding="utf-8")
    look(chromium, page, 390)
    heights = {e.text: e.size["height"] for e in chromium.find_elements("css selector", ".word")}
    (wide,) = (text for text in heights if "xxx" in text)
    lowest = min(heights.values())
    assert {text for text, height in heights.items() if height > 1.5 * lowest} == {wide}
    assert "--gamma-tilde 1.0" in heights
    assert too_wide(chromium) <= 0


def test_filters_show_the_rows_that_fit_and_say_how_many(chromium, folder):
    """By verdict, by kind of statement and by words, together; a reset shows all again."""
    look(chromium, folder / "index.html")
    form = chromium.find_element("id", "filters")
    status = chromium.find_element("id", "shown")
    assert shown(chromium) == list(BY_SECTION)
    choose = """const [field, value] = arguments;
      field.value = value;
      field.dispatchEvent(new Event('input', {bubbles: true}))"""
    verdict = form.find_element("name", "verdict")
    chromium.execute_script(choose, verdict, "REFUTED")
    assert shown(chromium) == ["eq-10", "lemma-8-log-concavity"]
    assert status.text == "2 of 5 claims shown"
    form.find_element("name", "words").send_keys("log CONC")
    assert shown(chromium) == ["lemma-8-log-concavity"]
    form.find_element("name", "words").send_keys(" nothing-like-it")
    assert (shown(chromium), status.text) == ([], "0 of 5 claims shown")
    form.find_element("css selector", "button").click()
    time.sleep(0.1)
    assert shown(chromium) == list(BY_SECTION)
    chromium.execute_script(choose, form.find_element("name", "variant"), "corrected")
    assert shown(chromium) == ["eq-10-corrected"]


def test_rows_are_ordered_and_found_by_what_one_types(chromium, folder):
    """By name, verdict or slack, and back; words are found as typed ("gamma") and as shown ("γ")."""
    look(chromium, folder / "index.html")
    form = chromium.find_element("id", "filters")
    choose = """const [field, value] = arguments;
      field.value = value;
      field.dispatchEvent(new Event('input', {bubbles: true}))"""
    order = form.find_element("name", "order")
    chromium.execute_script(choose, order, "name")
    assert shown(chromium) == sorted(CHOSEN)
    chromium.execute_script(choose, order, "verdict")
    assert shown(chromium)[:2] == [name for name in BY_SECTION if name in ("eq-10", "lemma-8-log-concavity")]
    assert shown(chromium)[-1] == "eq-10-corrected"
    chromium.execute_script(choose, order, "slack")
    assert shown(chromium)[0] == "corollary-1-explicit"
    chromium.execute_script(choose, order, "")
    assert shown(chromium) == list(BY_SECTION)
    words = form.find_element("name", "words")
    for typed in ("theta = 0", "θ = 0"):
        words.clear()
        words.send_keys(typed)
        assert "eq-10" in shown(chromium)
        assert "corollary-1-explicit" not in shown(chromium)


def test_the_keyboard_is_enough(chromium, folder):
    """The first Tab shows the way to the table, and further ones reach the filters, visibly."""
    look(chromium, folder / "index.html")
    body = chromium.find_element("css selector", "body")
    body.send_keys(Keys.TAB)
    first = chromium.switch_to.active_element
    assert first.get_attribute("href").endswith("#table")
    assert chromium.execute_script("return arguments[0].getBoundingClientRect().left", first) >= 0
    first.send_keys(Keys.ENTER)
    for _ in range(4):
        chromium.switch_to.active_element.send_keys(Keys.TAB)
        if chromium.switch_to.active_element.get_attribute("name") == "words":
            break
    field = chromium.switch_to.active_element
    field.send_keys("corollary")
    assert shown(chromium) == ["corollary-1-explicit"]
    style = "const s = getComputedStyle(arguments[0]); return s.outlineStyle + parseFloat(s.outlineWidth)"
    assert chromium.execute_script(style, field) == "solid3"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(chromium, folder, width):
    """On a desktop and on phones the page does not scroll sideways; wide things scroll in a box."""
    for page in every_page(folder):
        look(chromium, page, width)
        chromium.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
        assert too_wide(chromium) <= 0, page.name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(chromium, folder, scheme):
    """Contrast is at least 4.5 in both colour schemes, on badges and in the graph too."""
    some = (
        "index.html",
        "graph.html",
        "claims/eq-10.html",
        "claims/corollary-1-explicit.html",
        "notes/filtered.html",
    )
    for page in (folder / name for name in some):
        look(chromium, page, scheme=scheme)
        chromium.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
        assert chromium.execute_script(CONTRASTS) == []
    paper = chromium.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


def test_colours_are_never_alone(chromium, folder):
    """Badges, checks and boxes of the graph say in words or letters what their colour says."""
    look(chromium, folder / "index.html")
    badges = {badge.text for badge in chromium.find_elements("css selector", ".badge")}
    assert badges == {"PROVED", "CERTIFIED", "SUPPORTED", "REFUTED"}
    look(chromium, folder / "graph.html")
    letters = [t.text for t in chromium.find_elements("css selector", "svg.claim-graph a .letter")]
    assert sorted(letters) == ["C", "P", "R", "R", "S"]
    for name in CHOSEN:
        look(chromium, folder / "claims" / f"{name}.html")
        for check in chromium.find_elements("css selector", ".check"):
            (outcome,) = set(check.get_attribute("class").split()) & {"holds", "fails", "undecided"}
            assert outcome in check.find_element("css selector", "strong").text


def test_pictures_have_names_and_headings_an_order(chromium, folder):
    """Every SVG has an accessible name, and no level of heading is left out."""
    for page in every_page(folder)[:8]:
        look(chromium, page)
        assert chromium.execute_script(NAMELESS) == [], page.name
        assert chromium.execute_script(JUMPS) == [], page.name


def violations(browser):
    """What axe-core finds wrong on the page that is open: rule, and the first element that breaks it."""
    browser.set_script_timeout(120)
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.execute_async_script(
        """const done = arguments[arguments.length - 1];
        const short = (v) => [v.id, v.nodes[0].html.slice(0, 100)];
        axe.run(document, {resultTypes: ["violations"]})
          .then((r) => done(r.violations.map(short)), (e) => done([[String(e), ""]]))"""
    )
    return [tuple(entry) for entry in found]


@pytest.mark.skipif(AXE is None, reason="axe-core is not installed")
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_rule_of_accessibility_is_broken(chromium, folder, width, scheme):
    """axe-core has nothing to say of any kind of page, everything unfolded."""
    some = ("index.html", "graph.html", "print.html", "notes/filtered.html", "notes/sharp.html")
    for page in (*some, *(f"claims/{name}.html" for name in CHOSEN)):
        look(chromium, folder / page, width, scheme)
        chromium.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
        assert violations(chromium) == [], page


@pytest.mark.skipif(AXE is None, reason="axe-core is not installed")
def test_the_page_of_a_fit_breaks_no_rule_of_accessibility(chromium, tmp_path):
    """Nor of the page that `fit --report` writes."""
    x, y = pairs.maker()(Setting(4000, 12, 10, 2, 0.3, 10.0, 10.0), np.random.default_rng(0))
    (tmp_path / "fit.html").write_text(own_pairs.page(fit(x, y), "A fit"))
    look(chromium, tmp_path / "fit.html", 390)
    assert violations(chromium) == []


def test_paper_gets_all_of_it(chromium, folder):
    """Printing unfolds what belongs to the claims, in black, and leaves out the filters."""
    look(chromium, folder / "index.html", scheme="dark", media="print")
    assert not chromium.find_element("id", "filters").is_displayed()
    assert chromium.execute_script("return getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    chromium.execute_cdp_cmd("Page.printToPDF", {})
    folded = "return document.querySelectorAll('main details:not([open]):not(.budget)').length"
    assert chromium.execute_script(folded) == 0


def test_the_printed_version_is_short(chromium, folder):
    """All claims of the register would take forty pages at most: so much does one take."""
    look(chromium, folder / "print.html", media="print")
    sheet = {"paperWidth": 8.27, "paperHeight": 11.69}
    printed = base64.b64decode(chromium.execute_cdp_cmd("Page.printToPDF", sheet)["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 8
    heights = "return [...document.querySelectorAll('.brief')].map((e) => e.getBoundingClientRect().height)"
    # An A4 sheet has about 1000 pixels between its margins.
    assert sum(chromium.execute_script(heights)) / len(CHOSEN) * len(claims) / 1000 < 32


def test_planted_faults_are_seen(chromium, folder, tmp_path):
    """The negative control: the same eyes find a request, a complaint, a lost link and the rest."""
    faulty = """<!DOCTYPE html><title>x</title><h1>a</h1><h3>b</h3><p style="color: #999">pale</p>
      <a href="#nowhere">a</a><div style="width: 3000px">wide</div><img src="near.png">
      <div style="overflow-x: auto; width: 9rem"><p style="width: 99rem">far</p></div>
      <script>console.error("planted")</script>"""
    page = tmp_path / "faulty.html"
    page.write_text(faulty)
    look(chromium, page)
    assert asked(chromium) == [page.as_uri(), (tmp_path / "near.png").as_uri()]
    assert any("planted" in message for message in said(chromium))
    assert too_wide(chromium) > 1000
    assert chromium.execute_script(LOST) == ["#nowhere"]
    assert [tag for tag, *_ in chromium.execute_script(CONTRASTS)] == ["P"]
    assert len(chromium.execute_script(NAMELESS)) == 1
    assert chromium.execute_script(JUMPS) == [3]
    if AXE is not None:
        rules = {rule for rule, _ in violations(chromium)}
        assert rules >= {"html-has-lang", "image-alt", "color-contrast", "scrollable-region-focusable"}
