// Loci: gene models, tracks, sites, known sites and variants, with zoom. Rust says where panels lie (locus/layout.rs).

const LETTERS = "#$%()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}";
const LEAST = 30;
const TOP = 8;

/** Values of a track, NaN where there is none. */
function unpacked(track) {
  const codes = new Float32Array(128).fill(NaN);
  for (let i = 0; i < LETTERS.length; i++) codes[LETTERS.charCodeAt(i)] = track.low + (i / (LETTERS.length - 1)) * (track.high - track.low);
  return Float32Array.from(track.letters, (letter) => codes[letter.charCodeAt(0)]);
}

function strandClass(strand) {
  return strand === "-" ? "minus" : "plus";
}

class Locus {
  constructor(data, number) {
    this.data = data;
    this.number = number;
    this.id = "locus-" + (number + 1);
    this.from = data.start;
    this.to = data.end;
    this.mark = null;
    for (const layer of data.layers) for (const track of layer.tracks) track.values = unpacked(track);
    this.bottom = Math.max(...data.panels.map((panel) => panel.top + panel.height)) + TOP + 6;
    this.box = this.build();
  }

  holds({ contig, position }) {
    return contig === this.data.contig && position >= this.data.start && position < this.data.end;
  }

  /** Shows 400 nt around a position. */
  goTo(position) {
    this.mark = position;
    this.show(position - 200, position + 201);
  }

  show(from, to) {
    const { start, end } = this.data;
    const length = Math.min(Math.max(Math.round(to - from), Math.min(LEAST, end - start)), end - start);
    this.from = Math.min(Math.max(Math.round(from), start), end - length);
    this.to = this.from + length;
    this.draw();
  }

  zoom(factor, centre = (this.from + this.to) / 2) {
    this.show(centre - (centre - this.from) * factor, centre + (this.to - centre) * factor);
  }

  pan(share) {
    const by = share * (this.to - this.from);
    this.show(this.from + by, this.to + by);
  }

  build() {
    const { data } = this;
    const button = (text, label, action) => el("button", { type: "button", "aria-label": label, title: label, onclick: action }, text);
    this.state = el("span", { class: "mono", "aria-live": "polite" });
    const tools = el("div", { class: "tools" },
      button("\u2212", "Zoom out", () => this.zoom(2)), button("+", "Zoom in", () => this.zoom(0.5)),
      button("\u2190", "Move left", () => this.pan(-0.4)), button("\u2192", "Move right", () => this.pan(0.4)),
      button("All", "Show the whole locus", () => this.show(data.start, data.end)), this.state);
    this.svg = shape("svg", { tabindex: 0, role: "img", height: this.bottom, "aria-label": `${data.name}, ${data.place}: genes, tracks and sites` });
    this.listen();
    const cut = data.layers.filter((layer) => layer.sites.length + layer.alleles.length < layer.of);
    const remarks = cut.map((layer) => el("p", { class: "remark" }, `Of ${shown(layer.of)} sites and variants of ${layer.name} here the best ${shown(layer.sites.length + layer.alleles.length)} are drawn.`));
    const picture = el("div", {}, this.svg);
    onWidth(picture, (width) => {
      this.width = width;
      this.draw();
    });
    return el("div", { class: "locus", id: this.id },
      el("h3", {}, data.name, " ", el("span", { class: "kind" }, data.id && data.id !== data.name ? data.id + " \u00b7 " : "", data.name === data.place ? "" : data.place)),
      remarks, tools, picture,
      this.number > 0 ? null : el("p", { class: "keys" }, "Drag to move, drag along the axis or double-click to zoom in, ", el("kbd", {}, "Ctrl"), " and the wheel zoom. With the keyboard: ",
        el("kbd", {}, "\u2190"), " ", el("kbd", {}, "\u2192"), " ", el("kbd", {}, "+"), " ", el("kbd", {}, "\u2212"), " ", el("kbd", {}, "0"), "."));
  }

  get left() {
    return this.width < 640 ? 4 : 148;
  }

  get right() {
    return this.width - 8;
  }

  x(position) {
    return this.left + ((position - this.from) / (this.to - this.from)) * (this.right - this.left);
  }

  at(x) {
    return this.from + ((x - this.left) / (this.right - this.left)) * (this.to - this.from);
  }

  listen() {
    const { svg } = this;
    const offset = (event) => event.clientX - svg.getBoundingClientRect().left;
    let begin = null;
    svg.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const y = event.clientY - svg.getBoundingClientRect().top;
      begin = { x: offset(event), from: this.from, to: this.to, axis: y < TOP + this.data.panels[0].height, moved: false };
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      if (!begin) return this.point(event, offset(event));
      const by = offset(event) - begin.x;
      begin.moved ||= Math.abs(by) > 3;
      if (!begin.moved) return;
      tip.hide();
      if (begin.axis) {
        this.range = [begin.x, offset(event)];
        this.draw();
      } else {
        svg.classList.add("dragged");
        const nt = (by / (this.right - this.left)) * (begin.to - begin.from);
        this.show(begin.from - nt, begin.to - nt);
      }
    });
    const end = () => {
      if (begin && begin.axis && begin.moved && this.range) {
        const [a, b] = this.range.map((x) => this.at(x)).sort((p, q) => p - q);
        this.range = null;
        this.show(a, b);
      }
      this.range = null;
      begin = null;
      svg.classList.remove("dragged");
    };
    svg.addEventListener("pointerup", end);
    svg.addEventListener("pointercancel", end);
    svg.addEventListener("pointerleave", tip.hide);
    svg.addEventListener("dblclick", (event) => this.zoom(0.4, this.at(offset(event))));
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.at(offset(event)));
    }, { passive: false });
    svg.addEventListener("keydown", (event) => {
      const action = {
        ArrowLeft: () => this.pan(-0.2), ArrowRight: () => this.pan(0.2),
        "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2),
        0: () => this.show(this.data.start, this.data.end),
      }[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
  }

  draw() {
    if (!this.width) return;
    const length = this.to - this.from;
    this.state.textContent = `${this.data.contig}:${shown(this.from + 1)}\u2013${shown(this.to)} (${shown(length)} nt)`;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.bottom}`);
    const clip = this.id + "-clip";
    const panels = this.data.panels.map((panel) => this.panel(panel));
    const inside = shape("g", { "clip-path": `url(#${clip})` }, this.marks(), panels.map((panel) => panel.inside).flat());
    const outside = panels.map((panel) => panel.outside).flat();
    this.svg.replaceChildren(
      shape("defs", {}, shape("clipPath", { id: clip }, shape("rect", { x: this.left, y: 0, width: this.right - this.left, height: this.bottom }))),
      inside, ...outside.filter(Boolean));
  }

  marks() {
    const marks = [];
    if (this.range) {
      const [a, b] = [...this.range].sort((p, q) => p - q);
      marks.push(shape("rect", { class: "chosen-range", x: a, width: b - a, y: 0, height: this.bottom }));
    }
    if (this.mark !== null) {
      const wide = Math.max(2, this.x(this.mark + 1) - this.x(this.mark));
      marks.push(shape("rect", { class: "chosen-range", x: this.x(this.mark + 0.5) - wide / 2, width: wide, y: 0, height: this.bottom }));
    }
    return marks;
  }

  panel(panel) {
    const top = TOP + panel.top;
    const bottom = top + panel.height;
    const draw = { axis: "axis", genes: "genes", known: "known", track: "track", signed: "track", sites: "sites", alleles: "alleles" }[panel.kind];
    return { inside: this[draw](panel, top, bottom), outside: this.labels(panel, top, bottom) };
  }

  labels(panel, top, bottom) {
    if (!panel.label) return [];
    if (this.left < 100) return panel.kind === "genes" ? [] : [shape("text", { x: this.left + 2, y: top + 9, class: "strong halo" }, panel.label)];
    const middle = (top + bottom) / 2;
    const x = this.left - 12;
    return [
      shape("text", { x, y: middle + (panel.unit ? -1 : 4), "text-anchor": "end", class: "strong" }, panel.label),
      panel.unit ? shape("text", { x, y: middle + 12, "text-anchor": "end", "font-size": 10 }, panel.unit) : null,
    ];
  }

  axis(panel, top, bottom) {
    const marks = ticks(this.from + 1, this.to, (this.right - this.left) / 110).filter(Number.isInteger);
    const anchor = (x) => (x < this.left + 34 ? "start" : x > this.right - 34 ? "end" : "middle");
    return [
      shape("line", { class: "axis", x1: this.left, x2: this.right, y1: bottom - 0.5, y2: bottom - 0.5 }),
      marks.map((tick) => {
        const x = this.x(tick - 0.5);
        return [
          shape("line", { class: "axis", x1: x, x2: x, y1: bottom - 6, y2: bottom }),
          shape("text", { x, y: bottom - 10, "text-anchor": anchor(x) }, shown(tick)),
        ];
      }),
      shape("rect", { x: this.left, width: this.right - this.left, y: top, height: bottom - top, fill: "transparent", style: null, cursor: "col-resize" }),
    ].flat(2);
  }

  genes(panel, top) {
    const lane = panel.height / Math.max(...this.data.models.map((model) => model.lane + 1));
    const items = this.data.models.filter((model) => model.end > this.from && model.start < this.to);
    return items.map((model) => {
      const y = top + model.lane * lane + lane / 2;
      const start = Math.max(this.left - 5, this.x(model.start));
      const end = Math.min(this.right + 5, this.x(model.end));
      const half = model.transcript ? 3 : 5;
      const faint = model.chosen ? "" : " faint";
      const exons = model.exons.filter(([a, b]) => b > this.from && a < this.to).map(([a, b]) => {
        const left = Math.max(this.left - 5, this.x(a));
        return shape("rect", { x: left, width: Math.max(1, Math.min(this.right + 5, this.x(b)) - left), y: y - half, height: 2 * half, rx: 1 });
      });
      let arrows = "";
      const by = model.strand === "-" ? -3 : 3;
      for (let x = start + 16; x < end - 10; x += 28) arrows += `M${x} ${y - 3}l${by} 3l${-by} 3`;
      const name = model.strand === "-" ? "\u2190 " + model.name : model.name + " \u2192";
      const room = name.length * 7 + 8;
      const [x, anchor] = start - this.left > room ? [start - 5, "end"] : this.right - end > room ? [end + 5, "start"] : [Math.max(this.left, start) + 6, "start"];
      const label = model.transcript ? null : shape("text", { x, y: y + 4, "text-anchor": anchor, class: "strong halo", "font-weight": model.chosen ? 620 : null }, name);
      return shape("g", {}, shape("g", { class: "gene" + faint },
        shape("line", { class: "gene-line", x1: start, x2: end, y1: y, y2: y }), shape("path", { class: "gene-line", d: arrows }), exons), label);
    });
  }

  known(panel, top, bottom) {
    const rule = shape("line", { class: "line", x1: this.left, x2: this.right, y1: bottom - 0.5, y2: bottom - 0.5 });
    const paths = { plus: "", minus: "" };
    for (const site of this.data.known) {
      if (site.position < this.from || site.position >= this.to) continue;
      const x = this.x(site.position + 0.5);
      paths[strandClass(site.strand)] += `M${x - 4} ${top + 5}h8l-4 ${bottom - top - 7}z`;
    }
    return [rule, ...Object.entries(paths).map(([name, d]) => shape("path", { class: name, d }))];
  }

  /** The greatest value of each pixel. */
  track(panel, top, bottom) {
    const track = this.data.layers[panel.layer].tracks[panel.track];
    const { values, bin, low, high } = track;
    const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
    const zero = y(0);
    const first = Math.max(0, Math.floor((this.from - this.data.start) / bin));
    const last = Math.min(values.length, Math.ceil((this.to - this.data.start) / bin));
    const wide = (this.right - this.left) / ((this.to - this.from) / bin);
    let d = "";
    if (wide >= 1) {
      for (let i = first; i < last; i++) {
        if (!(Math.abs(values[i]) > 0)) continue;
        d += `M${this.x(this.data.start + i * bin).toFixed(1)} ${zero.toFixed(1)}V${y(values[i]).toFixed(1)}h${wide.toFixed(1)}V${zero.toFixed(1)}z`;
      }
    } else {
      const pixels = Math.ceil(this.right - this.left);
      const kept = new Float32Array(pixels);
      for (let i = first; i < last; i++) {
        const pixel = Math.floor(this.x(this.data.start + i * bin) - this.left);
        if (pixel >= 0 && pixel < pixels && Math.abs(values[i]) > Math.abs(kept[pixel])) kept[pixel] = values[i];
      }
      kept.forEach((value, pixel) => {
        if (value) d += `M${this.left + pixel} ${zero.toFixed(1)}V${y(value).toFixed(1)}h1V${zero.toFixed(1)}z`;
      });
    }
    return [
      shape("line", { class: "line", x1: this.left, x2: this.right, y1: zero, y2: zero }),
      shape("path", { class: strandClass(panel.strand), d }),
    ];
  }

  static height(site) {
    return site.expressed ?? site.posterior ?? site.probability;
  }

  sites(panel, top, bottom) {
    const sites = this.data.layers[panel.layer].sites.filter((site) => site.s === panel.strand && site.p >= this.from && site.p < this.to);
    const room = bottom - top - 14;
    const place = (site) => ({ x: this.x(site.p + 0.5), y: bottom - Math.max(1.5, Locus.height(site) * room), site });
    const places = sites.map(place);
    let stems = "";
    let heads = "";
    for (const { x, y, site } of places) {
      stems += `M${x.toFixed(1)} ${bottom}V${y.toFixed(1)}`;
      // The many that are hardly used would else look like a line.
      const r = Locus.height(site) < 0.1 ? 1.1 : 2.2;
      heads += `M${(x - r).toFixed(1)} ${y.toFixed(1)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
    }
    const labels = [];
    for (const { x, y, site } of [...places].sort((a, b) => a.y - b.y)) {
      if (labels.length >= 12 || Locus.height(site) < 0.2) break;
      if (labels.every((label) => Math.abs(label.x - x) > 34)) labels.push({ x, y, text: Locus.height(site).toFixed(2) });
    }
    const name = strandClass(panel.strand);
    return [
      shape("line", { class: "line", x1: this.left, x2: this.right, y1: bottom, y2: bottom }),
      shape("path", { class: "stem " + name, d: stems }),
      shape("path", { class: name, d: heads }),
      ...labels.map(({ x, y, text }) => shape("text", { x, y: y - 5, "text-anchor": "middle", "font-size": 10, class: "halo" }, text)),
    ];
  }

  alleles(panel, top, bottom) {
    const layer = this.data.layers[panel.layer];
    const greatest = Math.max(1, ...layer.alleles.map((allele) => Math.abs(allele.delta)));
    const middle = (top + bottom) / 2;
    const paths = {};
    for (const allele of layer.alleles) {
      if (allele.p < this.from || allele.p >= this.to) continue;
      const name = allele.effect === "unchanged" ? "still" : allele.delta < 0 ? "loss" : "gain";
      const x = this.x(allele.p + 0.5).toFixed(1);
      const y = (middle - (allele.delta / greatest) * ((bottom - top - 8) / 2)).toFixed(1);
      paths[name] ||= { stem: "", head: "" };
      paths[name].stem += `M${x} ${middle}V${y}`;
      paths[name].head += `M${x} ${y - 3.4}l3.4 3.4l-3.4 3.4l-3.4 -3.4z`;
    }
    return [
      shape("line", { class: "axis", x1: this.left, x2: this.right, y1: middle, y2: middle }),
      ...["still", "gain", "loss"].filter((name) => paths[name]).flatMap((name) => [
        shape("path", { class: "stem " + name, d: paths[name].stem }),
        shape("path", { class: name, d: paths[name].head }),
      ]),
    ];
  }

  /** Tells what lies under the pointer. */
  point(event, x) {
    const y = event.clientY - this.svg.getBoundingClientRect().top - TOP;
    const panel = this.data.panels.find((one) => y >= one.top - 3 && y <= one.top + one.height + 3);
    if (!panel || x < this.left) return tip.hide();
    const nearest = (list, position) => {
      let best = null;
      for (const one of list) {
        const far = Math.abs(this.x(position(one) + 0.5) - x);
        if (far < 9 && (!best || far < best.far)) best = { far, one };
      }
      return best && best.one;
    };
    const told = {
      genes: () => {
        const lane = Math.floor((y - panel.top) / (panel.height / Math.max(...this.data.models.map((model) => model.lane + 1))));
        const model = this.data.models.find((one) => one.lane === lane && this.x(one.start) - 4 <= x && x <= this.x(one.end) + 4);
        return model && [model.name, [["id", model.id !== model.name ? model.id : ""], ["", model.transcript ? "one of its transcripts" : ""], ["strand", model.strand], ["place", `${shown(model.start + 1)}\u2013${shown(model.end)}`], ["exons", shown(model.exons.length)]]];
      },
      known: () => {
        const site = nearest(this.data.known, (one) => one.position);
        return site && ["Known site", [["place", `${shown(site.position + 1)}, strand ${site.strand}`], ["in", site.catalogue]]];
      },
      track: () => this.pointTrack(panel, x),
      signed: () => this.pointTrack(panel, x),
      sites: () => {
        const site = nearest(this.data.layers[panel.layer].sites.filter((one) => one.s === panel.strand), (one) => one.p);
        if (!site) return null;
        const three = (value) => (value === null ? "" : value.toPrecision(3));
        return [`${this.data.contig}:${shown(site.p + 1)}, strand ${site.s}`, [
          ["gene", site.gene], ["class", (site.class || "").replaceAll("_", " ")], ["posterior", three(site.posterior)], ["probability", three(site.probability)],
          ["cleavage", three(site.cleavage)], ["strength", site.strength === null ? "" : shown(site.strength, 2)], ["usage", three(site.usage)],
          ["likely used", three(site.expressed)], ["signal", site.signal && `${site.signal}, ${site.offset} nt upstream`], ["known", site.known]]];
      },
      alleles: () => {
        const allele = nearest(this.data.layers[panel.layer].alleles, (one) => one.p);
        return allele && [allele.name, [["id", allele.id], ["effect", allele.effect], ["change", shown(allele.delta, 2) + " log2"], ["site", `${shown(allele.site)}, strand ${allele.s}`], ["gene", allele.gene], ["motif", allele.motif]]];
      },
    }[panel.kind];
    const found = told && told();
    if (found) tip.show(event, ...found);
    else tip.hide();
  }

  pointTrack(panel, x) {
    const track = this.data.layers[panel.layer].tracks[panel.track];
    const position = Math.floor(this.at(x));
    const value = track.values[Math.floor((position - this.data.start) / track.bin)];
    if (value === undefined || Number.isNaN(value)) return null;
    const around = track.bin > 1 ? ` (greatest of ${track.bin} nt)` : "";
    return [panel.label, [["place", shown(position + 1)], ["about", shown(value, 2) + around]]];
  }
}
