// Charts of the data that Rust calls Chart.

function chart(spec) {
  const draw = { bars, histogram, ranges, band }[spec.type];
  return el("div", { class: "chart" }, el("h3", {}, spec.title), el("p", { class: "help" }, spec.help), draw(spec));
}

function seriesClass(name, at) {
  const effects = ["created", "lost", "strengthened", "weakened", "shifted", "unchanged"];
  return effects.includes(name) ? name : "s" + at;
}

function bars(spec) {
  const several = spec.series.length > 1;
  const total = (row) => row.counts.reduce((a, b) => a + b, 0);
  const greatest = Math.max(1, ...spec.rows.map(total));
  const all = spec.rows.reduce((sum, row) => sum + total(row), 0);
  const row = (entry) => {
    const parts = entry.counts.map((n, at) => {
      const part = el("i", { class: seriesClass(several ? spec.series[at] : entry.label, at) });
      part.style.width = (100 * n) / greatest + "%";
      part.addEventListener("pointermove", (event) =>
        tip.show(event, entry.label, spec.series.map((name, i) => [name, shown(entry.counts[i])])));
      part.addEventListener("pointerleave", tip.hide);
      return n ? part : null;
    });
    if (!several && parts[0]) parts[0].className = seriesClass(entry.label, 0);
    const two = spec.series.length === 2;
    return el("tr", {},
      el("th", { scope: "row" }, entry.label),
      el("td", {}, el("div", { class: "bar" }, parts)),
      two ? el("td", { class: "n" }, shown(entry.counts[0])) : null,
      el("td", { class: "n" }, shown(total(entry))),
      el("td", { class: "n share" }, percent(total(entry), all)));
  };
  const head = spec.series.length === 2
    ? el("thead", {}, el("tr", {}, el("td", {}), el("td", {}), el("th", { scope: "col" }, spec.series[0]), el("th", { scope: "col" }, "all"), el("td", { class: "share" })))
    : null;
  const legend = several
    ? el("ul", { class: "legend" }, spec.series.map((name, at) => el("li", {}, el("i", { class: seriesClass(name, at) }), name)))
    : null;
  return el("div", {}, legend, el("table", { class: "bars" }, head, el("tbody", {}, spec.rows.map(row))));
}

/** An SVG that is drawn anew for each width. */
function drawn(height, label, draw) {
  const picture = shape("svg", { role: "img", "aria-label": label, height });
  const box = el("div", {}, picture);
  onWidth(box, (width) => {
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.replaceChildren(...draw(width).flat().filter(Boolean));
  });
  return box;
}

function histogram(spec) {
  const { edges, counts } = spec.histogram;
  const height = 190;
  const area = { left: 44, right: 12, top: 8, bottom: height - 36 };
  const total = counts.reduce((a, b) => a + b, 0);
  const used = counts.map((n, at) => (n ? at : -1)).filter((at) => at >= 0);
  const first = used[0];
  const last = used[used.length - 1];
  return drawn(height, `${spec.title}: ${shown(total)} values of ${spec.axis}`, (width) => {
    const scale = spec.log ? Math.log10 : (value) => value;
    const low = scale(edges[first]);
    const high = scale(edges[last + 1]);
    const x = (value) => area.left + ((scale(value) - low) / (high - low)) * (width - area.left - area.right);
    const greatest = Math.max(...counts);
    const marks = ticks(0, greatest, 4).filter(Number.isInteger);
    const top = Math.max(greatest, marks[marks.length - 1]);
    const y = (n) => area.bottom - (n / top) * (area.bottom - area.top);
    const columns = counts.slice(first, last + 1).map((n, i) => {
      const at = first + i;
      const column = shape("rect", { class: "fill0", x: x(edges[at]) + 0.5, width: Math.max(0.5, x(edges[at + 1]) - x(edges[at]) - 1), y: y(n), height: area.bottom - y(n) });
      const area_ = shape("rect", { fill: "transparent", x: x(edges[at]), width: x(edges[at + 1]) - x(edges[at]), y: area.top, height: area.bottom - area.top });
      const range = `${brief(edges[at])} to ${brief(edges[at + 1])}`;
      area_.addEventListener("pointermove", (event) => tip.show(event, range, [["number", shown(n)], ["share", percent(n, total)]]));
      area_.addEventListener("pointerleave", tip.hide);
      return [column, area_];
    });
    const logTicks = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1].filter((t) => scale(t) >= low - 1e-6 && scale(t) <= high + 1e-6);
    const places = spec.log ? logTicks : ticks(low, high, width / 70);
    return [
      marks.map((n) => [
        shape("line", { class: "line", x1: area.left, x2: width - area.right, y1: y(n), y2: y(n) }),
        shape("text", { x: area.left - 7, y: y(n) + 4, "text-anchor": "end" }, shown(n)),
      ]).flat(),
      columns.flat(),
      shape("line", { class: "axis", x1: area.left, x2: width - area.right, y1: area.bottom, y2: area.bottom }),
      places.map((value) => shape("text", { x: x(value), y: area.bottom + 15, "text-anchor": "middle" }, brief(value))),
      shape("text", { x: (area.left + width - area.right) / 2, y: height - 4, "text-anchor": "middle" }, spec.axis),
    ].flat();
  });
}

/** The least and greatest of spans, 0 inside. */
function spread(rows) {
  const low = Math.min(0, ...rows.map((row) => row.low));
  const high = Math.max(0, ...rows.map((row) => row.high));
  const margin = Math.max(0.25, (high - low) * 0.06);
  return [low - margin, high + margin];
}

function spanTip(row, event, unit) {
  tip.show(event, row.label, [["pairs", shown(row.n)], ["median", shown(row.median, 2)], ["10 to 90 %", `${shown(row.low, 2)} to ${shown(row.high, 2)}`], [unit, ""]]);
}

function ranges(spec) {
  const line = 19;
  const height = spec.rows.length * line + 44;
  const [low, high] = spread(spec.rows);
  return drawn(height, `${spec.title}: ${spec.rows.length} elements`, (width) => {
    const left = Math.min(190, width * 0.42);
    const right = 54;
    const x = (value) => left + ((value - low) / (high - low)) * (width - left - right);
    const bottom = height - 36;
    const rows = spec.rows.map((row, at) => {
      const y = at * line + line / 2 + 2;
      const hit = shape("rect", { x: 0, width, y: y - line / 2, height: line, fill: "transparent" });
      hit.addEventListener("pointermove", (event) => spanTip(row, event, ""));
      hit.addEventListener("pointerleave", tip.hide);
      return [
        shape("text", { x: left - 10, y: y + 4, "text-anchor": "end", class: "strong" }, row.label.length > 26 ? row.label.slice(0, 25) + "\u2026" : row.label),
        shape("rect", { class: "band", x: x(row.low), width: Math.max(1, x(row.high) - x(row.low)), y: y - 2.5, height: 5, rx: 2.5 }),
        shape("circle", { class: "dot", cx: x(row.median), cy: y, r: 4 }),
        shape("text", { x: width - 2, y: y + 4, "text-anchor": "end" }, shown(row.n)),
        hit,
      ];
    });
    const places = ticks(low, high, (width - left) / 70);
    return [
      places.map((value) => shape("line", { class: value === 0 ? "axis" : "line", x1: x(value), x2: x(value), y1: 0, y2: bottom })),
      rows.flat(),
      places.map((value) => shape("text", { x: x(value), y: bottom + 15, "text-anchor": "middle" }, brief(value))),
      shape("text", { x: width - 2, y: bottom + 15, "text-anchor": "end" }, "pairs"),
      shape("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, spec.axis),
    ].flat();
  });
}

function band(spec) {
  const height = 250;
  const area = { left: 44, right: 12, top: 10, bottom: height - 36 };
  const [low, high] = spread(spec.rows);
  const step = spec.rows.length > 1 ? spec.rows[1].at - spec.rows[0].at : 10;
  const first = spec.rows[0].at;
  const last = spec.rows[spec.rows.length - 1].at + step;
  return drawn(height, `${spec.title}: ${spec.rows.length} bins`, (width) => {
    const x = (value) => area.left + ((value - first) / (last - first)) * (width - area.left - area.right);
    const y = (value) => area.bottom - ((value - low) / (high - low)) * (area.bottom - area.top);
    const marks = ticks(low, high, 5);
    const columns = spec.rows.map((row) => {
      const left = x(row.at) + 0.5;
      const wide = Math.max(1, x(row.at + step) - x(row.at) - 1);
      const hit = shape("rect", { fill: "transparent", x: left, width: wide, y: area.top, height: area.bottom - area.top });
      hit.addEventListener("pointermove", (event) => spanTip({ ...row, label: row.label + " nt" }, event, ""));
      hit.addEventListener("pointerleave", tip.hide);
      return [
        shape("rect", { class: "band", x: left, width: wide, y: y(row.high), height: Math.max(1, y(row.low) - y(row.high)) }),
        shape("rect", { class: "fill0", x: left, width: wide, y: y(row.median) - 1.25, height: 2.5 }),
        hit,
      ];
    });
    return [
      marks.map((value) => [
        shape("line", { class: value === 0 ? "axis" : "line", x1: area.left, x2: width - area.right, y1: y(value), y2: y(value) }),
        shape("text", { x: area.left - 7, y: y(value) + 4, "text-anchor": "end" }, brief(value)),
      ]).flat(),
      columns.flat(),
      ticks(first, last, width / 80).map((value) => shape("text", { x: x(value), y: area.bottom + 15, "text-anchor": "middle" }, brief(value))),
      first < 0 && last > 0 ? shape("line", { class: "cursor", x1: x(0), x2: x(0), y1: area.top, y2: area.bottom }) : null,
      shape("text", { x: (area.left + width - area.right) / 2, y: height - 4, "text-anchor": "middle" }, spec.axis),
    ].flat();
  });
}
