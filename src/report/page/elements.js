"use strict";
// Elements, numbers and the one tooltip. Text from the data goes in as text nodes, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element; `children` are elements or text, absent ones are left out. */
function el(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same of SVG. */
function shape(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined) continue;
    element.append(child.nodeType ? child : String(child));
  }
  return element;
}

const whole = new Intl.NumberFormat("en-US");

/** A number with commas between thousands and so many digits after the point. */
function shown(number, digits) {
  if (number === null || number === undefined) return "";
  if (!digits) return whole.format(number).replace("-", "\u2212");
  return number.toFixed(digits).replace("-", "\u2212");
}

/** Few digits, for axes. */
function brief(number) {
  if (number === 0) return "0";
  const size = Math.abs(number);
  const text = size >= 1000 ? whole.format(number) : String(+number.toPrecision(2));
  return text.replace("-", "\u2212");
}

function percent(part, all) {
  if (!all) return "";
  const share = (100 * part) / all;
  return (share >= 10 || share === 0 ? share.toFixed(0) : share.toFixed(1)) + " %";
}

/** Round places of about `most` ticks on an axis. */
function ticks(low, high, most) {
  const wanted = (high - low) / Math.max(most, 1);
  if (!(wanted > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= wanted * 0.999);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) found.push(+(n * step).toPrecision(12));
  return found;
}

const tip = {
  /** Shows a heading and pairs of name and value beside the pointer. */
  show(event, heading, pairs) {
    const box = document.getElementById("tip");
    const rows = (pairs || []).filter(([, value]) => value !== null && value !== undefined && value !== "");
    box.replaceChildren(el("b", {}, heading), el("dl", {}, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
    box.hidden = false;
    const { width, height } = box.getBoundingClientRect();
    const left = event.clientX + 16 + width > innerWidth ? event.clientX - width - 12 : event.clientX + 16;
    const top = event.clientY + 16 + height > innerHeight ? event.clientY - height - 12 : event.clientY + 16;
    box.style.left = Math.max(4, left) + "px";
    box.style.top = Math.max(4, top) + "px";
  },
  hide() {
    document.getElementById("tip").hidden = true;
  },
};

/** Calls `draw(width)` now and whenever the width of the box changes. */
function onWidth(box, draw) {
  let last = 0;
  new ResizeObserver(() => {
    const width = Math.floor(box.clientWidth);
    if (width > 0 && width !== last) draw((last = width));
  }).observe(box);
}
