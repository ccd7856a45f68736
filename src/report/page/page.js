// The page, from the data.

function contents(entries) {
  const links = entries.map(({ id, name }) => el("li", {}, el("a", { href: "#" + id }, name)));
  document.querySelector(".contents").append(el("ul", {}, links));
}

function account(data) {
  const row = ([name, n, meaning]) => el("tr", {},
    el("th", { scope: "row" }, name, meaning ? [el("br"), el("small", {}, meaning)] : null), el("td", { class: "n" }, shown(n)));
  return el("table", { class: "account" }, el("caption", {}, data.title), el("tbody", {},
    data.parts.filter(([, n]) => n > 0).map(row),
    el("tr", { class: "total" }, el("th", { scope: "row" }, "in all"), el("td", { class: "n" }, shown(data.total)))));
}

function pairs(list, box) {
  return el("dl", box || {}, list.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function facts(data) {
  const settings = data.settings.map(([name, value]) => el("div", { class: value.length > 30 ? "long" : null }, el("dt", {}, name), el("dd", {}, value)));
  return [
    el("h3", {}, "What was run"),
    el("div", { class: "run" }, pairs(data.provenance)),
    data.settings.length ? el("details", { open: true }, el("summary", {}, "Thresholds and settings"), el("dl", { class: "settings" }, settings)) : null,
    data.notes.length ? el("details", { open: true }, el("summary", {}, "Remarks of the run"), el("ul", { class: "notes" }, data.notes.map((note) => el("li", {}, note)))) : null,
  ];
}

function section(data, loci) {
  const block = (name, title, ...content) => el("section", { id: `${data.id}-${name}`, "aria-label": title }, content);
  const tables = data.tables.map((table) => el("section", { "aria-label": table.title },
    el("h3", {}, table.title, " ", el("span", { class: "kind" }, shown(table.total))), new DataTable(table, loci).box));
  return el("section", { id: data.id },
    el("h2", {}, data.name, " ", el("span", { class: "kind" }, data.kind)),
    el("p", { class: "under" }, data.prefix),
    el("ul", { class: "figures" }, data.figures.map(({ value, label }) => el("li", {}, el("b", {}, value), el("span", {}, label)))),
    el("div", { class: "charts" }, data.charts.map(chart)),
    tables,
    block("account", "What became of everything", el("h3", {}, "What became of everything"), el("div", { class: "accounts" }, data.facts.accounts.map(account))),
    block("facts", "What was run", facts(data.facts)));
}

function build() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.getElementById("main");
  const commands = [...new Set(data.sections.map((one) => one.kind))].join(", ");
  document.querySelector(".top").append(el("h1", {}, data.title), el("p", { class: "under" }, `polyA sites by polyascan ${data.version}: ${commands}`));
  const loci = data.loci.map((locus, number) => new Locus(locus, number));
  if (loci.length) main.append(el("section", { id: "loci" }, el("h2", {}, loci.length > 1 ? "Loci" : "Locus"), loci.map((locus) => locus.box)));
  main.append(...data.sections.map((one) => section(one, loci)));
  main.append(el("footer", {}, `Written by polyascan ${data.version}. Positions are 1-based; a site is the last nucleotide before the cut. \u201cLikely used\u201d: with a probability (expressed) of 0.5 or more.`));
  const several = data.sections.length > 1;
  const entries = data.sections.flatMap((one) => {
    const name = (text) => (several ? `${one.name}: ${text}` : text);
    return [
      { id: one.id, name: several ? `${one.name} (${one.kind})` : "Summary" },
      ...one.tables.map((table) => ({ id: table.id, name: name(table.title.toLowerCase()) })),
      { id: one.id + "-facts", name: name("what was run") },
    ];
  });
  contents([...loci.map((locus) => ({ id: locus.id, name: locus.data.name })), ...entries]);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") tip.hide();
  });
}

build();
