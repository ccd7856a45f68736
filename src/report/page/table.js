// Tables: sorted by any column, searched, filtered, a page at a time.

const PAGE = 25;
/** Categories of more values are only searched. */
const CHOICES = 60;

function place(text) {
  const found = /^(.*):(\d+):[^:]*$/.exec(text || "");
  return found && { contig: found[1], position: Number(found[2]) - 1 };
}

class DataTable {
  constructor(spec, loci) {
    this.spec = spec;
    this.loci = loci;
    this.columns = spec.columns;
    this.rows = spec.shown;
    this.order = null;
    this.page = 0;
    this.query = "";
    this.chosen = new Map();
    this.limit = null;
    this.all = Uint32Array.from({ length: this.rows }, (_, row) => row);
    this.box = this.build();
    this.update();
  }

  cell(column, row) {
    const { kind, cells } = column;
    if (kind !== "category") return cells[row];
    const code = cells.codes[row];
    return code === null ? null : cells.levels[code];
  }

  /** Cells as text, what is searched; made when it is first needed. */
  haystack() {
    const texts = this.columns.filter((column) => column.kind !== "number");
    this.hay ||= Array.from(this.all, (row) => texts.map((column) => this.cell(column, row) ?? "").join("\n").toLowerCase());
    return this.hay;
  }

  matching() {
    let rows = this.all;
    const words = this.query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) {
      const hay = this.haystack();
      rows = rows.filter((row) => words.every((word) => hay[row].includes(word)));
    }
    for (const [column, level] of this.chosen) rows = rows.filter((row) => this.cell(column, row) === level);
    if (this.limit) {
      const { column, least, value } = this.limit;
      rows = rows.filter((row) => {
        const number = column.cells[row];
        return number !== null && (least ? number >= value : number <= value);
      });
    }
    return rows;
  }

  sorted(rows) {
    if (!this.order) return rows;
    const { column, down } = this.order;
    const sign = down ? -1 : 1;
    const compare = column.kind === "number" ? (a, b) => a - b : (a, b) => natural.compare(a, b);
    return Uint32Array.from(rows).sort((a, b) => {
      const [x, y] = [this.cell(column, a), this.cell(column, b)];
      // What is absent comes last, whatever the direction.
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return sign * compare(x, y) || a - b;
    });
  }

  build() {
    const { spec } = this;
    const refresh = () => {
      this.page = 0;
      this.update();
    };
    let waiting = 0;
    const search = el("input", {
      type: "search", placeholder: "Search names, places, classes", "aria-label": `Search ${spec.title}`, class: "grow",
      oninput: (event) => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          this.query = event.target.value;
          refresh();
        }, 120);
      },
    });
    const choices = this.columns.filter((column) => column.kind === "category" && column.cells.levels.length > 1 && column.cells.levels.length <= CHOICES);
    const selects = choices.map((column) => el("select", {
      "aria-label": `${column.name}, choose`,
      onchange: (event) => {
        const level = column.cells.levels[event.target.selectedIndex - 1];
        if (level === undefined) this.chosen.delete(column);
        else this.chosen.set(column, level);
        refresh();
      },
    }, el("option", {}, `any ${column.name}`), column.cells.levels.map((level) => el("option", {}, level.replaceAll("_", " ")))));
    const tools = el("div", { class: "tools" }, search, selects, this.numbers(refresh), this.saver());
    this.head = this.columns.map((column) => el("th", { scope: "col", title: column.help, class: column.kind === "number" ? "r" : null },
      el("button", { type: "button", onclick: () => this.sortBy(column) }, column.name)));
    this.body = el("tbody");
    this.state = el("span", { "aria-live": "polite" });
    const turn = (by) => () => {
      this.page += by;
      this.update();
    };
    this.back = el("button", { type: "button", onclick: turn(-1) }, "\u2190 Previous");
    this.next = el("button", { type: "button", onclick: turn(1) }, "Next \u2192");
    const cut = spec.shown < spec.total
      ? el("p", { class: "remark" }, `The best ${shown(spec.shown)} of ${shown(spec.total)} are here, by ${spec.best}; all are in the file. (report --rows N takes more.)`)
      : null;
    return el("div", { class: "block", id: spec.id },
      cut,
      tools,
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": spec.title },
        el("table", { class: "data" }, el("thead", {}, el("tr", {}, this.head)), this.body)),
      el("div", { class: "tools pager" }, this.state, this.back, this.next));
  }

  /** A limit on one of the numbers. */
  numbers(refresh) {
    const numbers = this.columns.filter((column) => column.kind === "number");
    if (!numbers.length) return null;
    const which = el("select", { "aria-label": "Number to limit" }, numbers.map((column) => el("option", {}, column.name)));
    const side = el("select", { "aria-label": "At least or at most" }, el("option", {}, "\u2265"), el("option", {}, "\u2264"));
    const value = el("input", { type: "number", step: "any", "aria-label": "Limit" });
    const change = () => {
      const number = value.valueAsNumber;
      this.limit = Number.isNaN(number) ? null : { column: numbers[which.selectedIndex], least: side.selectedIndex === 0, value: number };
      refresh();
    };
    for (const input of [which, side, value]) input.addEventListener("input", change);
    return el("span", { class: "tools", role: "group", "aria-label": "Limit a number" }, which, side, value);
  }

  /** Saves the rows that match, as a table. */
  saver() {
    return el("button", {
      type: "button",
      onclick: () => {
        const rows = this.sorted(this.matching());
        const line = (row) => this.columns.map((column) => this.cell(column, row) ?? ".").join("\t");
        const text = [this.columns.map((column) => column.name.replaceAll(" ", "_")).join("\t"), ...Array.from(rows, line)].join("\n") + "\n";
        const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: "text/tab-separated-values" })), download: `${this.spec.id}.tsv` });
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      },
    }, "Save as TSV");
  }

  sortBy(column) {
    const same = this.order && this.order.column === column;
    // Numbers are wanted from the greatest, names from the first.
    const down = same ? !this.order.down : column.kind === "number";
    this.order = { column, down };
    this.page = 0;
    this.update();
  }

  update() {
    const rows = this.sorted(this.matching());
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    this.page = Math.min(Math.max(this.page, 0), pages - 1);
    const from = this.page * PAGE;
    const here = rows.slice(from, from + PAGE);
    this.head.forEach((cell, at) => {
      const { order } = this;
      if (order && order.column === this.columns[at]) cell.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
    const none = el("tr", {}, el("td", { class: "none", colspan: this.columns.length }, "No row matches."));
    this.body.replaceChildren(...(here.length ? Array.from(here, (row) => this.row(row)) : [none]));
    this.state.textContent = rows.length ? `${shown(from + 1)} to ${shown(from + here.length)} of ${shown(rows.length)}` : "0 rows";
    this.back.disabled = this.page === 0;
    this.next.disabled = this.page >= pages - 1;
  }

  row(row) {
    return el("tr", {}, this.columns.map((column) => {
      const value = this.cell(column, row);
      if (value === null) return el("td", { class: column.kind === "number" ? "r absent" : "absent" }, "\u00b7");
      if (column.kind === "number") return el("td", { class: "r" }, shown(value, column.digits));
      if (column.kind === "place") return el("td", { class: "mono" }, this.linked(value));
      const text = column.kind === "category" ? value.replaceAll("_", " ") : value;
      return el("td", { class: column.kind === "text" && text.length > 18 ? "wide" : null }, text);
    }));
  }

  /** A place that lies in a locus leads there. */
  linked(text) {
    const at = place(text);
    const locus = at && this.loci.find((one) => one.holds(at));
    if (!locus) return text;
    return el("a", { href: "#" + locus.id, onclick: () => locus.goTo(at.position) }, text);
  }
}

const natural = new Intl.Collator("en", { numeric: true });
