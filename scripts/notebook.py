"""Makes python/examples/polyascan.ipynb and docs/NOTEBOOK.md of python/examples/polyascan.py, which is run. See `make notebook`."""

import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "python/examples/polyascan.py"
NOTEBOOK = SOURCE.with_suffix(".ipynb")
PAGE = ROOT / "docs/NOTEBOOK.md"
PICTURES = "notebook"
# Pictures as SVG, with the same bytes for the same data.
FIRST = "%config InlineBackend.figure_formats = ['svg']\n"
PLAIN = {"svg.hashsalt": "polyascan", "svg.fonttype": "none"}


def cells(text: str) -> list:
    """Cells in the "percent" form that editors know: `# %%` begins code, `# %% [markdown]` text."""
    found = []
    for part in re.split(r"^# %%", text, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        if head.strip() == "[markdown]":
            body = "\n".join(line.removeprefix("#").removeprefix(" ") for line in body.strip().splitlines())
            found.append(nbformat.v4.new_markdown_cell(body, id=f"cell-{len(found)}"))
        else:
            found.append(nbformat.v4.new_code_cell(body.strip(), id=f"cell-{len(found)}"))
    return found


def run(folder: Path) -> nbformat.NotebookNode:
    """Runs the cells in an empty folder."""
    settings = f"import matplotlib\nmatplotlib.rcParams.update({PLAIN!r})\n"
    settings += "import pandas\npandas.set_option('display.width', 130, 'display.max_columns', 20)"
    setup = nbformat.v4.new_code_cell(FIRST + settings, id="setup")
    notebook = nbformat.v4.new_notebook(cells=[setup, *cells(SOURCE.read_text())])
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    del notebook.cells[0]
    for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        cell.metadata = {}
        cell.execution_count = number
        for output in cell.outputs:
            output.pop("execution_count", None) if output.output_type != "execute_result" else output.update(execution_count=number)
            for kind, text in output.get("data", {}).items():
                if kind == "image/svg+xml":
                    # When it was drawn.
                    output.data[kind] = re.sub(r"\s*<dc:date>.*?</dc:date>", "", text)
    return notebook


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    notebook = run(folder)
    nbformat.validate(notebook)
    NOTEBOOK.write_text(nbformat.writes(notebook) + "\n")
    exporter = MarkdownExporter()
    # Tables as text: the page is read in terminals, too.
    exporter.register_preprocessor(without_html, enabled=True)
    page, resources = exporter.from_notebook_node(notebook, {"output_files_dir": PICTURES, "unique_key": "notebook"})
    for name, data in resources["outputs"].items():
        path = PAGE.parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    PAGE.write_text(page.rstrip() + "\n\n" + f"*Made by `make notebook` of [{SOURCE.name}](../python/examples/{SOURCE.name}), which it runs; as a notebook: [{NOTEBOOK.name}](../python/examples/{NOTEBOOK.name}).*\n")


def without_html(notebook, resources):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text/plain" in output.get("data", {}):
                output.data.pop("text/html", None)
            if "image/svg+xml" in output.get("data", {}):
                output.data.pop("text/plain", None)
    return notebook, resources


if __name__ == "__main__":
    main()
