#!/usr/bin/env python3
"""Open a report in headless Chromium: no error in the console, tables sort, search and filter, loci zoom, hostile
names stay text, a page of many sites opens in time. Pictures of the page go to --pictures.

Needs chromium (Debian's package, or Chrome, or what playwright has installed) and python3.
"""

import argparse
import glob
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

# Run in a copy of the page, after the page's own script; what it finds becomes the page's text.
PROBE = r"""
const found = { errors: [] };
const check = (what, holds) => { if (!holds) found.errors.push(what); };
const cells = (box, at) => [...box.querySelectorAll("tbody tr")].map((row) => row.children[at].textContent);
const numbers = (texts) => texts.map((text) => Number(text.replace("\u2212", "-").replaceAll(",", "")));
const settle = () => new Promise((done) => setTimeout(done, 200));
async function probe() {
  const data = JSON.parse(document.getElementById("data").textContent);
  found.seconds = performance.now() / 1000;
  found.rows = document.querySelectorAll("tbody tr").length;
  check("a heading", document.querySelector("h1").textContent === data.title);
  check("no element of a hostile name", !document.querySelector("img, iframe, object") && !window.pwned);
  for (const spec of data.sections.flatMap((section) => section.tables)) {
    const box = document.getElementById(spec.id);
    const number = spec.columns.findIndex((column) => column.kind === "number");
    const header = box.querySelectorAll("th button")[number];
    for (const [order, sign] of [["descending", -1], ["ascending", 1]]) {
      header.click();
      const values = numbers(cells(box, number)).filter((value) => !Number.isNaN(value));
      check(`${spec.id} sorts ${order}`, values.every((value, at) => !at || sign * (value - values[at - 1]) >= 0));
      check(`${spec.id} says so`, header.parentElement.getAttribute("aria-sort") === order);
    }
    const search = box.querySelector("input[type=search]");
    const wanted = spec.columns[0].cells[0];
    search.value = wanted;
    search.dispatchEvent(new Event("input"));
    await settle();
    const left = cells(box, 0);
    check(`${spec.id} finds ${wanted}`, left.length >= 1 && left.every((text) => text.toLowerCase().includes(wanted.toLowerCase())));
    search.value = "no such thing anywhere";
    search.dispatchEvent(new Event("input"));
    await settle();
    check(`${spec.id} finds nothing`, box.querySelector("tbody").textContent === "No row matches.");
    search.value = "";
    search.dispatchEvent(new Event("input"));
    await settle();
    const category = spec.columns.find((column) => column.kind === "category" && column.cells.levels.length > 1 && column.cells.levels.length <= 60);
    if (category) {
      const select = box.querySelector("select");
      select.selectedIndex = 1;
      select.dispatchEvent(new Event("change"));
      const level = category.cells.levels[0].replaceAll("_", " ");
      const at = spec.columns.indexOf(category);
      check(`${spec.id} filters ${category.name}`, cells(box, at).every((text) => text === level));
      select.selectedIndex = 0;
      select.dispatchEvent(new Event("change"));
    }
    check(`${spec.id} says what is cut`, (spec.shown < spec.total) === box.textContent.includes("The best "));
  }
  for (const svg of document.querySelectorAll(".locus svg")) {
    const state = () => svg.closest(".locus").querySelector(".mono").textContent;
    const before = state();
    svg.dispatchEvent(new KeyboardEvent("keydown", { key: "+" }));
    check("a locus zooms in", state() !== before);
    svg.dispatchEvent(new KeyboardEvent("keydown", { key: "0" }));
    check("and shows all again", state() === before);
    check("a locus has marks", svg.querySelectorAll("path").length > 0);
  }
  found.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  check("nothing is wider than the page", found.wide <= 0);
  found.loci = data.loci.length;
}
probe().catch((error) => found.errors.push(String(error))).finally(() => {
  document.body.textContent = "FOUND" + JSON.stringify(found) + "FOUND";
});
"""

# Names that would do harm as HTML.
HOSTILE = "<img src=x onerror=pwned=1>"


def chromium():
    """Returns a browser, or None."""
    named = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome", "chrome"]
    found = [path for path in map(shutil.which, filter(None, named)) if path]
    cache = os.path.expanduser("~/.cache/ms-playwright")
    return (found + sorted(glob.glob(f"{cache}/chromium*/chrome-linux*/*chrom*")) + [None])[0]


def browse(browser, page, *options):
    """Opens a page; returns what the browser prints."""
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   "--hide-scrollbars", "--enable-logging=stderr", f"--user-data-dir={profile}",
                   "--no-first-run", "--disable-extensions", "--disable-background-networking", *options,
                   "file://" + os.path.abspath(page)]
        return subprocess.run(command, capture_output=True, text=True, timeout=180)


def console(printed):
    """Returns what the page said on the console."""
    return re.findall(r"CONSOLE[:(].*", printed)


def probe(browser, page, folder):
    """Probes a page; returns what was found."""
    printed = browse(browser, page, "--timeout=8000", "--dump-dom")
    assert not console(printed.stderr), console(printed.stderr)
    text = open(page, encoding="utf-8").read()
    # The policy would refuse a script that is not the page's.
    copy, n = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert n == 1, "the page has no policy"
    copied = os.path.join(folder, "probe.html")
    with open(copied, "w", encoding="utf-8") as file:
        file.write(copy.replace("</body>", f"<script>{PROBE}</script></body>"))
    printed = browse(browser, copied, "--virtual-time-budget=60000", "--dump-dom")
    assert not console(printed.stderr), console(printed.stderr)
    found = re.search(r"FOUND(\{.*\})FOUND", printed.stdout, re.DOTALL)
    assert found, printed.stdout[-500:] + printed.stderr[-2000:]
    return json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def many(folder, number):
    """Writes what a scan with so many sites would leave, with hostile names; returns its prefix."""
    draw = random.Random(1)
    prefix = os.path.join(folder, "many")
    columns = ("#chrom start end name score strand probability posterior cleavage cluster_start cluster_end entropy "
               "windows signal signal_offset gene feature strength usage expressed known known_distance called").split()
    features = ["terminal_exon", "extended_terminal_exon", "intron_composite", "upstream_exon"]
    with open(f"{prefix}.sites.bed", "w", encoding="utf-8") as file:
        file.write("\t".join(columns) + "\n")
        for at in range(number):
            start, strand = 1000 + 300 * at, "+-"[at % 2]
            gene = HOSTILE if at % 1000 == 0 else f"GENE{at // 8}"
            posterior = round(0.008 + 0.9 * draw.random() ** 6, 6)
            row = ["chr1", start, start + 1, f"chr1:{start + 1}:{strand}", int(1000 * posterior), strand, 0.9,
                   posterior, 0.1, start - 3, start + 4, 1.5, 9, draw.choice(["AATAAA", "ATTAAA", "."]), 20, gene,
                   draw.choice(features), round(draw.gauss(-3, 3), 3), round(draw.random(), 4),
                   round(draw.random() ** 3, 4), ".", ".", "yes"]
            if row[13] == ".":
                row[14] = "."
            file.write("\t".join(map(str, row)) + "\n")
    summary = {"program": "polyascan", "version": "0", "command_line": f"scan {HOSTILE} </script>", "settings": {},
               "model": {"name": HOSTILE, "sha256": "0", "architecture": "x"}, "notes": [HOSTILE],
               "fasta": {"path": HOSTILE, "sha256": "0", "contigs": 1, "bases": 1}, "device": "cpu", "threads": 1,
               "windows": {"requested": 9, "scored": 9, "skipped": {"n": 0}},
               "sites": {"total": number, "left_out": {"below_posterior": 0, "merged": 0},
                         "by_strand": {"+": number // 2, "-": number // 2}, "by_contig": {"chr1": number}}}
    with open(f"{prefix}.summary.json", "w", encoding="utf-8") as file:
        json.dump(summary, file)
    return prefix


def photograph(browser, page, folder):
    """Takes pictures of a page: light and dark, wide and narrow."""
    os.makedirs(folder, exist_ok=True)
    for theme, options in [("light", []), ("dark", ["--force-dark-mode"])]:
        for name, size in [("wide", "1280,4200"), ("narrow", "420,6000")]:
            path = os.path.join(folder, f"{theme}-{name}.png")
            browse(browser, page, f"--window-size={size}", f"--screenshot={path}", "--timeout=5000", *options)
            assert os.path.getsize(path) > 20_000, path
            print("picture:", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/polyascan")
    parser.add_argument("--report", help="test this page, too")
    parser.add_argument("--sites", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=2.0, help="a page must be there in this time")
    parser.add_argument("--pictures", help="folder for pictures of the page")
    args = parser.parse_args()
    browser = chromium()
    if browser is None:
        print("SKIPPED: no Chromium here (apt-get install chromium); no report was opened", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        prefix = many(folder, args.sites)
        page = os.path.join(folder, "many.html")
        subprocess.run([args.binary, "report", prefix, "-o", page], check=True)
        size = os.path.getsize(page) / 1e6
        pages = [(page, args.seconds)] + ([(args.report, args.seconds)] if args.report else [])
        for page, seconds in pages:
            found = probe(browser, page, folder)
            size = os.path.getsize(page) / 1e6
            print(f"{page}: {size:.1f} MB, there after {found['seconds']:.2f} s, {found['loci']} loci")
            assert not found["errors"], found["errors"]
            assert size < 20 and found["seconds"] < seconds, (size, found["seconds"])
        if args.pictures and args.report:
            photograph(browser, args.report, args.pictures)
    print("report: all well")


if __name__ == "__main__":
    main()
