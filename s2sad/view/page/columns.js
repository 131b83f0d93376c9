"use strict";
// The columns: lines of your code, of the trace and of the derivative; which belong together, and how they are lit.

const DATA = JSON.parse(document.getElementById("data").textContent);
const state = { tab: 0, margin: "types", facing: false, hover: null, pinned: null, place: 0 };
const $ = (id) => document.getElementById(id);

/** An element; attributes that are false or null are left out. */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== false && value != null) made.setAttribute(name, value);
  made.append(...children.filter((c) => c != null));
  return made;
}

// Records: what is known of each line, by its id

const records = new Map();
const heads = (one) => one.column === "trace" && one.sweep === "other" && !one.indent && one.number > 1; // a function of the trace begins
const sourceId = (file, line) => `s${file}-${line}`;

function record(line, column, tab = null) {
  const indent = line.text.length - line.text.trimStart().length;
  records.set(line.id, { ...line, column, tab, indent, partners: new Set(line.partners) });
}

DATA.sources.forEach((source, file) => {
  const texts = source.text.split("\n");
  texts.forEach((text, k) => {
    const line = source.first + k;
    record({ id: sourceId(file, line), number: line, text, tokens: source.lines[k], partners: [] }, "source");
    Object.assign(records.get(sourceId(file, line)), { source: { in: file, line, to: line } });
  });
});
DATA.trace.forEach((line) => record(line, "trace"));
DATA.tabs.forEach((tab, k) => tab.lines.forEach((line) => record(line, "derivative", k)));
for (const one of records.values()) for (const id of one.partners) records.get(id)?.partners.add(one.id);

const isShown = (one) => one.tab === null || one.tab === state.tab;
const isAdjoint = (one) => one.sweep === "adjoint" || one.sweep === "tangent";
const bears = (a, b) => a.source && b.source && a.source.in === b.source.in && a.source.line <= b.source.to && b.source.line <= a.source.to;
const columns = { source: [], trace: [] };
for (const one of records.values()) (one.tab === null ? columns[one.column] : (columns[one.tab] ??= [])).push(one);
const ofColumn = (column) => (column === "derivative" ? columns[state.tab] : columns[column]) ?? [];
const shownLines = () => [...columns.source, ...columns.trace, ...ofColumn("derivative")];

/** The lines that stand for the same operation as a line, and those that only come from the same line of your code. */
function kinship(one) {
  const lit = new Set(), kin = new Set();
  for (const other of shownLines()) {
    if (other === one) continue;
    const near = bears(one, other);
    if (one.partners.has(other.id)) lit.add(other.id);
    else if (near && (one.column === "source" || other.column === "source")) lit.add(other.id);
    else if (near) kin.add(other.id);
  }
  return { lit, kin };
}

// Variables: one hue for all that belongs to one of them

/** A value of the trace is called as the derivative calls it: the last one of those that stand for a line that makes it. */
function callAlike() {
  let names = {};
  for (const one of ofColumn("trace")) {
    if (heads(one)) names = {};
    one.of = Object.assign(names, one.of);
  }
  for (const one of records.values()) {
    if (one.tab !== 0 || one.sweep !== "primal" || one.makes.length !== 1) continue;
    const traced = [...one.partners].map((id) => records.get(id)).filter((other) => other?.column === "trace" && other.makes.length === 1);
    const last = traced.sort((a, b) => a.number - b.number).at(-1);
    if (last && !(last.makes[0] in last.of)) last.of[last.makes[0]] = one.of[one.makes[0]] ?? one.makes[0];
  }
}
callAlike();

const families = new Map();
const common = new Map();
for (const one of records.values()) for (const [name, of] of Object.entries(one.of ?? {})) if (!common.has(name)) common.set(name, of);
const familyOf = (name, one) => one?.of?.[name] ?? common.get(name) ?? name;

function learn(name, one) {
  const family = familyOf(name, one);
  if (!families.has(family)) families.set(family, Math.round((250 + families.size * 137.508) % 360));
}
DATA.arguments.forEach((a) => learn(a.name));
for (const one of records.values()) [...(one.makes ?? []), ...(one.reads ?? [])].forEach((name) => learn(name, one));

const isDerived = (name) => /_(bar|dot)(_\d+)?$/.test(name);
function variable(name, one) {
  const family = familyOf(name, one);
  if (!families.has(family)) return null;
  const derived = name === family ? "" : /_bar(_\d+)?$/.test(name) ? " of-bar" : /_dot(_\d+)?$/.test(name) ? " of-dot" : "";
  return make("span", { class: `v${derived}`, style: `--hue:${families.get(family)}`, "data-of": family }, name);
}

const coloured = (tokens, one) =>
  tokens.map(([kind, text]) => (kind === "v" && variable(text, one)) || make("span", { class: kind && kind !== "v" && kind !== "f" ? kind : "plain" }, text));

// Margins

const bytes = (n) => (n < 1000 ? `${n} B` : n < 1e6 ? `${(n / 1e3).toPrecision(3)} kB` : `${(n / 1e6).toPrecision(3)} MB`);
const percent = (share) => `${share < 0.0995 ? (100 * share).toFixed(1) : Math.round(100 * share)} %`;
const total = (found, field) => found.reduce((sum, one) => (one[field] == null ? sum : (sum ?? 0) + one[field]), null);

/** What a line made: with a loop around it in the iteration that is chosen. */
function valueOf(one) {
  const loop = loops.get(one?.values?.loop);
  if (!loop) return one?.value ?? null;
  const [text, bad] = [one.values.text[loop.step], one.values.bad?.[loop.step] ?? null];
  return text == null ? { text: "\u2013", absent: true } : { ...one.value, text, bad };
}

/** Found once for each derivative: the lines that make adjoints, by variable, and the lines by the line of your code. */
const indexes = new Map();
function index() {
  if (!indexes.has(state.tab)) {
    const [adjoints, places] = [new Map(), new Map()];
    const note = (table, key, one) => table.set(key, [...(table.get(key) ?? []), one]);
    for (const one of ofColumn("derivative")) {
      if (isAdjoint(one) && one.value) for (const name of one.makes) if (familyOf(name, one) !== name) note(adjoints, familyOf(name, one), one);
    }
    for (const one of [...ofColumn("derivative"), ...columns.trace]) if (one.source) note(places, sourceId(one.source.in, one.source.line), one);
    indexes.set(state.tab, { adjoints, places });
  }
  return indexes.get(state.tab);
}

/** The last line of the sweep back that makes the adjoint of what a line makes. */
function adjointOf(one) {
  if (isAdjoint(one)) return null;
  const near = (other) => !one.source || !other.source || other.source.in === one.source.in;
  const makers = (one.makes ?? []).flatMap((name) => index().adjoints.get(familyOf(name, one)) ?? []).filter(near);
  return makers.sort((a, b) => a.number - b.number).at(-1) ?? null;
}

/** What the margins say of a line; of your code it is what its lines in the derivative say together. */
function facts(one) {
  if (one.column !== "source") {
    const of = adjointOf(one);
    return { type: one.type, value: valueOf(one), adjoint: isAdjoint(one) ? null : valueOf(of), kept: one.kept, time: one.time };
  }
  const all = index().places.get(one.id) ?? [];
  const here = all.filter((other) => other.column === "derivative");
  // what a line of yours gives is what the last line of the trace that comes from it gives
  const making = all.filter((o) => !isAdjoint(o) && o.makes?.length && o.type && !loops.get(o.values?.loop)?.back);
  const made = making.filter((o) => o.column === "trace").at(-1) ?? making.at(-1);
  return { type: made?.type, value: valueOf(made), adjoint: made && valueOf(adjointOf(made)), kept: total(here, "kept"), time: total(here, "time") };
}

/** A value where there is little room: of an array the least, the mean and the greatest, in few digits; of a container its parts. */
function shortly(value) {
  if (!value) return null;
  const text = value.text.split("; ").map(partShortly).join("; ");
  return value.bad && !text.includes(value.bad) ? `${value.bad} in ${text}` : text;
}

function partShortly(part) {
  const [name, text] = part.includes(": ") ? part.split(": ") : ["", part];
  const [all, rest] = [text.split(", ").filter((one) => /^(min|mean|max) /.test(one)), text.split(", ").filter((one) => !/^(min|mean|max) /.test(one))];
  const numbers = all.map((one) => one.replace(/^(min|mean|max) /, "").replace(/^-0$/, "0"));
  const short = numbers.map((n) => (/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(n) && (n.includes(".") || n.length > 6) ? String(+Number(n).toPrecision(3)) : n));
  const range = short.length && new Set(short).size === 1 ? `all ${short[0]}` : short.join(" \u2026 ");
  return (name ? `${name}: ` : "") + [range, ...rest].filter(Boolean).join(", ");
}

const MARGINS = {
  types: ["Types", (f) => f.type],
  values: ["Values", (f) => shortly(f.value)],
  adjoints: ["Adjoints", (f) => shortly(f.adjoint)],
  memory: ["Kept", (f) => f.kept && bytes(f.kept)],
  time: ["Time", (f) => f.time >= 0.0005 && percent(f.time)],
};

function marginOf(one) {
  const found = facts(one);
  const text = MARGINS[state.margin][1](found);
  const whole = { values: found.value?.text, adjoints: found.adjoint?.text }[state.margin] ?? text;
  const value = { values: found.value, adjoints: found.adjoint }[state.margin];
  const cell = make("span", { class: `margin${value?.bad ? " bad" : ""}`, title: value?.absent ? "not run in this iteration" : whole || null });
  if (state.margin === "time" && found.time > 0.005) cell.append(make("span", { class: "share", style: `width:${Math.ceil(60 * found.time)}px` }));
  cell.append(text || "");
  return cell;
}

/** Where nan or inf comes up first, in the trace and in each derivative; and where the run stopped. */
const firstBad = new Set([DATA.trace, ...DATA.tabs.map((tab) => tab.lines)].map((lines) => lines.find((line) => line.value?.bad)?.id));
if (DATA.error_at) firstBad.add(DATA.error_at);

// Iterations: one is chosen in each loop that was watched, the same in both sweeps

const loops = new Map();
DATA.tabs.forEach((tab, k) => (tab.loops ?? []).forEach((loop) => loops.set(loop.id, { ...loop, tab: k, step: loop.back ? 0 : loop.at.length - 1 })));

/** The lines that begin a loop: of the derivative, of the trace, and of your code. */
const loopAt = new Map();
for (const loop of loops.values()) {
  const head = records.get(loop.id);
  if (!head) continue;
  const traced = [...head.partners].map((id) => records.get(id)).filter((other) => other?.column === "trace").sort((a, b) => a.number - b.number)[0];
  loop.family = loop.kind === "loop" && traced ? traced.id : (loops.get(loop.back)?.family ?? loop.id);
  for (const id of [loop.id, traced?.id, head.source && sourceId(head.source.in, head.source.line)]) {
    if (id && (id === loop.id || loop.kind === "loop")) loopAt.set(id, [...(loopAt.get(id) ?? []), loop]);
  }
}

/** The loop whose iterations a line chooses: of the derivative that is shown, the first sweep's where there is one. */
function loopOf(id) {
  const found = loopAt.get(id) ?? [];
  const here = found.filter((loop) => loop.tab === state.tab);
  const among = here.length ? here : found.filter((loop) => loop.tab === 0);
  return among.find((loop) => !loop.back) ?? among[0] ?? null;
}

/** The loops around a line, the outermost first. */
function loopsAround(one) {
  const path = [];
  const own = one.values?.loop ?? (one.column === "source" ? (index().places.get(one.id) ?? []).find((other) => other.values)?.values.loop : null);
  for (let loop = loopOf(one.id) ?? loops.get(own); loop; loop = loops.get(loop.within)) path.unshift(loop);
  return path;
}

/** A known iteration of a loop, as the primal counts: the sweep back comes from the last. */
const counted = (loop, k = loop.step) => (loop.back ? loop.count - 1 - loop.at[k] : loop.at[k]);

/** The known iteration that is nearest to that of another loop, as a part of the whole where their counts differ. */
function nearest(loop, other) {
  const wanted = loop.count === other.count ? counted(other) : ((counted(other) + 0.5) * loop.count) / other.count - 0.5;
  const apart = loop.at.map((_, k) => Math.abs(counted(loop, k) - wanted));
  return apart.indexOf(Math.min(...apart));
}

/** Choose an iteration of a loop. Those of the other texts and of the sweep back go with it, and what is around and within. */
function choose(loop, step) {
  loop.step = step;
  const chain = (one) => (one ? [...chain(loops.get(one.within)), one.family] : []);
  const above = chain(loop);
  const others = [...loops.values()].filter((other) => other !== loop);
  for (const other of others) if (other.family === loop.family) other.step = nearest(other, loop);
  for (const other of others.filter((one) => one.family !== loop.family && above.includes(one.family))) {
    const known = (other.says ?? []).findIndex((text) => isWithin(loop.says?.[step], text));
    other.step = known >= 0 ? known : nearest(other, loop);
  }
  const first = new Map();
  for (const other of others.filter((one) => one.family !== loop.family && chain(one).includes(loop.family))) {
    other.step = first.has(other.family) ? nearest(other, first.get(other.family)) : within(other, loop);
    first.set(other.family, first.get(other.family) ?? other);
  }
  drawIterations();
}

/** Whether an iteration is within one of a loop around it, by what they count: `i = 1, j = 2` in `i = 1`. */
const isWithin = (inner, outer) => Boolean(outer && inner) && `${inner}, `.startsWith(`${outer}, `);

/** The first known iteration of a loop within that which is chosen of a loop around it. */
function within(inner, loop) {
  const known = (inner.says ?? []).findIndex((text) => isWithin(text, loop.says?.[loop.step]));
  return known >= 0 ? known : nearest(inner, loop);
}

const sayStep = (loop) => loop.says?.[loop.step] || `${counted(loop) + 1} of ${loop.count}`;

/** The slider of a loop; null where there is nothing to choose. */
function turn(loop) {
  if (!loop || loop.at.length < 2) return null;
  const name = `Iteration of ${loop.label}`;
  const input = make("input", { type: "range", min: 0, max: loop.at.length - 1, value: loop.step, "aria-label": name, title: `${name}: ${loop.count} in all`, dir: loop.back ? "rtl" : null });
  input.addEventListener("input", () => choose(loop, Number(input.value)));
  const shown = make("span", { class: "turn", "data-loop": loop.id }, make("output", {}, sayStep(loop)), input);
  input.setAttribute("aria-valuetext", sayStep(loop));
  return shown;
}

const turnOf = (one) => (["values", "adjoints"].includes(state.margin) ? turn(loopOf(one.id)) : null);

/** Show what was made in the iterations that are chosen. */
function drawIterations() {
  for (const shown of document.querySelectorAll(".turn")) {
    const loop = loops.get(shown.dataset.loop);
    const [said, input] = shown.children;
    said.textContent = sayStep(loop);
    input.value = loop.step;
    input.setAttribute("aria-valuetext", sayStep(loop));
  }
  for (const line of document.querySelectorAll(".line")) line.querySelector(".margin")?.replaceWith(marginOf(records.get(line.id)));
  const one = chosen();
  if (one) for (const [field, said] of [["value", facts(one).value], ["adjoint", facts(one).adjoint]]) {
    const place = $("dock").querySelector(`[data-fact="${field}"]`);
    if (place) place.textContent = said?.text ?? "";
  }
}

/** What is looked at first: of a function the last call in which most of it runs, and where nan or inf comes up first. */
function chooseFirst() {
  const watched = DATA.tabs.flatMap((tab) => tab.lines.filter((line) => loops.has(line.values?.loop)));
  for (const loop of loops.values()) {
    if (loop.kind !== "calls" || loop.back) continue;
    const own = watched.filter((line) => line.values.loop === loop.id);
    const run = loop.at.map((_, k) => own.filter((line) => line.values.text[k] != null).length);
    choose(loop, run.lastIndexOf(Math.max(...run)));
  }
  for (const loop of loops.values()) if (loop.kind === "loop" && !loop.back && loop.within) choose(loop, loop.at.length - 1);
  const bad = watched.find((line) => line.values.bad?.some(Boolean));
  if (bad) choose(loops.get(bad.values.loop), bad.values.bad.findIndex(Boolean));
}

// Lines and panes

function lineElement(one) {
  const notes = [one.active === false && one.why, one.value?.bad && `${one.value.bad}${firstBad.has(one.id) ? " for the first time" : ""}`, one.id === DATA.error_at && DATA.error].filter(Boolean).join("; ");
  const kinds = [isAdjoint(one) && "back", one.active === false && "idle", firstBad.has(one.id) && "wrong", one.value?.bad && "tainted"].filter(Boolean).join(" ");
  return make(
    "div",
    { class: `line ${kinds}`.trim(), id: one.id, role: "option", "aria-selected": String(state.pinned === one.id), title: notes || null, style: `--indent:${one.indent}` },
    make("span", { class: "number", "aria-hidden": "true" }, firstBad.has(one.id) ? "\u25cf" : String(one.number)),
    make("span", { class: "text" }, ...coloured(one.tokens, one), turnOf(one) ?? marginOf(one)),
  );
}

function pane(name, title, note, ...content) {
  const body = make("div", { class: "lines", tabindex: "0", role: "listbox", "aria-label": title }, ...content);
  body.addEventListener("scroll", () => requestAnimationFrame(drawRibbons), { passive: true });
  return make("section", { class: "pane", "data-column": name }, make("header", {}, make("h2", {}, title), make("small", { title: note || null }, note || "")), body);
}

function sourcePane() {
  const parts = DATA.sources.flatMap((source, file) => [
    file ? make("div", { class: "file" }, source.file === DATA.sources[0].file ? source.name : `${source.file}: ${source.name}`) : null,
    ...ofColumn("source").filter((one) => one.source.in === file).map(lineElement),
  ]);
  return pane("source", "Your code", DATA.sources[0]?.file, ...parts);
}

function tracePane() {
  const parts = ofColumn("trace").flatMap((one) => [heads(one) ? make("div", { class: "rule" }) : null, lineElement(one)]);
  return pane("trace", "Trace", "v1, v2, \u2026", ...parts.filter(Boolean));
}

function derivativePane() {
  const tab = DATA.tabs[state.tab];
  const content = tab.lines.length ? ofColumn("derivative").map(lineElement) : [make("p", { class: "none-here" }, tab.reason ?? "There is no text.")];
  return pane("derivative", "Derivative", tab.title, ...content);
}

/** Each line of the trace, and beside it the lines of the sweep back that belong to it: so the sweep is read upwards. */
function facingPane() {
  const rows = DATA.trace.map((line) => ({ line: records.get(line.id), back: [] }));
  const rowOf = new Map(rows.map((row) => [row.line.id, row]));
  let waiting = [];
  let last = null;
  for (const one of ofColumn("derivative").filter(isAdjoint)) {
    const row = rowOf.get([...one.partners].find((id) => rowOf.has(id)));
    if (!row) waiting.push(one);
    else {
      row.back.push(...waiting, one);
      [waiting, last] = [[], row];
    }
  }
  (last ?? rows[0])?.back.push(...waiting);
  const pairs = rows.map(({ line, back }) => make("div", { class: "pair" }, make("div", {}, lineElement(line)), make("div", {}, ...back.map(lineElement))));
  return pane("facing", "Trace, and the adjoint sweep facing it", "the sweep runs upwards", ...pairs);
}

function drawColumns() {
  const main = $("columns");
  const scrolled = new Map([...main.querySelectorAll(".pane")].map((p) => [p.dataset.column, p.querySelector(".lines").scrollTop]));
  const traced = DATA.trace.length > 0;
  const panes = [sourcePane()];
  if (state.facing && canFace()) panes.push(facingPane());
  else panes.push(...(traced ? [tracePane()] : []), derivativePane());
  main.className = `columns ${state.facing && canFace() ? "faced" : traced ? "" : "untraced"}`;
  const ribbons = document.createElementNS(SVG, "svg");
  ribbons.id = "ribbons";
  ribbons.setAttribute("aria-hidden", "true");
  main.replaceChildren(...panes, ribbons);
  marked = null;
  for (const p of panes) p.querySelector(".lines").scrollTop = scrolled.get(p.dataset.column) ?? 0;
  if (scrolledTab !== state.tab) toFunction();
  drawPlaces(panes);
  find();
  light();
}

let scrolledTab = null;
const mainHead = () => ofColumn("derivative").filter((one) => one.sweep === "head" && !one.indent && one.text).at(-1);

/** Scroll to the function that is called: it is the last one, behind those that it calls. */
function toFunction() {
  scrolledTab = state.tab;
  const head = mainHead();
  const line = head && $(head.id);
  if (line) line.closest(".lines").scrollTop = line.offsetTop - 8;
}

const canFace = () => DATA.trace.length > 0 && DATA.tabs[state.tab].lines.some((line) => line.sweep === "adjoint");

/** On a narrow screen one column is shown at a time. */
function drawPlaces(panes) {
  state.place = Math.min(state.place, panes.length - 1);
  const names = { source: "Your code", trace: "Trace", derivative: "Derivative", facing: "Trace and adjoints" };
  const choices = panes.map((p, k) => {
    const input = make("input", { type: "radio", name: "place", checked: k === state.place ? "" : null });
    input.addEventListener("change", () => showPlace(k));
    return make("label", {}, input, names[p.dataset.column], make("small"));
  });
  $("places").replaceChildren(...choices);
  showPlace(state.place);
}

function showPlace(place) {
  state.place = place;
  const panes = [...$("columns").querySelectorAll(".pane")];
  panes.forEach((p, k) => p.classList.toggle("shown", k === place));
  panes[place].querySelector(".line.chosen, .line.lit")?.scrollIntoView({ block: "nearest" });
}

/** How many lines are lit in each column, said where one column is shown at a time. */
function countPlaces() {
  const counts = [...$("columns").querySelectorAll(".pane")].map((p) => p.querySelectorAll(".line.lit, .line.chosen").length);
  $("places").querySelectorAll("small").forEach((note, k) => (note.textContent = counts[k] ? ` ${counts[k]}` : ""));
}

// Light

const chosen = () => records.get(state.hover ?? state.pinned) ?? null;

function light() {
  const one = chosen();
  const { lit, kin } = one ? kinship(one) : { lit: new Set(), kin: new Set() };
  state.lit = lit;
  for (const element of document.querySelectorAll(".line")) {
    element.classList.toggle("chosen", element.id === one?.id);
    element.classList.toggle("lit", lit.has(element.id));
    element.classList.toggle("kin", kin.has(element.id));
    element.setAttribute("aria-selected", String(element.id === state.pinned));
  }
  lightGraph(new Set([one?.id, ...lit]));
  countPlaces();
  drawRibbons();
  drawDock(one);
}

/** Bands from the lit lines of a column to those of the next that they belong to, and marks where lit lines are. */
function drawRibbons() {
  const layer = $("ribbons");
  const panes = [...$("columns").querySelectorAll(".pane")];
  const origin = $("columns").getBoundingClientRect();
  const found = panes.map((p) => [...p.querySelectorAll(".line.lit, .line.chosen")]);
  const holding = panes.map((p, k) => [p, found[k]]).filter(([p, lines]) => lines.length && p.offsetParent);
  const bands = holding.slice(1).flatMap(([to, bs], k) => {
    const [from, as] = holding[k];
    return as.flatMap((a) => bs.filter((b) => related(a.id, b.id)).map((b) => [a, b, from, to]));
  });
  layer.replaceChildren(...bands.map((band) => ribbon(origin, ...band)).filter(Boolean));
  panes.forEach((p, k) => drawRuler(p, found[k]));
}

function related(a, b) {
  const [one, other] = [records.get(a), records.get(b)];
  return one.partners.has(b) || ((one.column === "source" || other.column === "source") && bears(one, other));
}

function ribbon(origin, a, b, from, to) {
  const ends = [[a, from], [b, to]].map(([line, p]) => {
    const [box, view] = [line.getBoundingClientRect(), p.querySelector(".lines").getBoundingClientRect()];
    return [Math.max(box.top, view.top) - origin.top, Math.min(box.bottom, view.bottom) - origin.top];
  });
  if (ends.some(([top, bottom]) => bottom - top < 3)) return null;
  const [left, right] = [from.getBoundingClientRect().right - origin.left, to.getBoundingClientRect().left - origin.left];
  const middle = (left + right) / 2;
  const [[a0, a1], [b0, b1]] = ends;
  return svg("path", { d: `M${left} ${a0}C${middle} ${a0} ${middle} ${b0} ${right} ${b0}V${b1}C${middle} ${b1} ${middle} ${a1} ${left} ${a1}Z` });
}

function drawRuler(p, found) {
  const body = p.querySelector(".lines");
  p.querySelectorAll(".ruler").forEach((mark) => mark.remove());
  if (body.scrollHeight <= body.clientHeight + 4) return;
  for (const line of found) p.append(make("i", { class: "ruler", style: `top:${body.offsetTop + (line.offsetTop / body.scrollHeight) * body.clientHeight}px` }));
}

/** Bring the partners of a line into sight in the other columns. */
function reveal(id) {
  for (const p of $("columns").querySelectorAll(".pane")) {
    const lines = [...p.querySelectorAll(".line.lit, .line.chosen")];
    const body = p.querySelector(".lines");
    const inSight = (l) => l.offsetTop >= body.scrollTop && l.offsetTop + l.offsetHeight <= body.scrollTop + body.clientHeight;
    const wanted = lines.find((l) => l.id === id) ?? lines[0];
    if (!wanted || inSight(wanted) || (wanted.id !== id && lines.some(inSight))) continue;
    body.scrollTo({ top: wanted.offsetTop - body.clientHeight / 3, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth" });
  }
}

function pin(id) {
  state.pinned = state.pinned === id ? null : id;
  [state.hover, state.example] = [null, false];
  history.replaceState(null, "", state.pinned ? `#at-${state.pinned}` : location.pathname + location.search);
  light();
  if (state.pinned) reveal(id);
}

// What is said of a line below the columns

function drawDock(one) {
  if (!one) return $("dock").replaceChildren(hint());
  if ($("dock").contains(document.activeElement) && $("dock").dataset.of === one.id) return;
  $("dock").dataset.of = one.id;
  const around = [one, ...[...state.lit].map((id) => records.get(id))];
  const parts = [yourLine(one), lineFacts(one), rules(one, around)].map((part) => make("div", {}, ...part));
  $("dock").replaceChildren(...(state.example ? [hint()] : []), ...parts);
}

function hint() {
  const made = make("p", { class: "hint" });
  made.innerHTML =
    `${state.example ? `<b>${state.example}</b> ` : ""}Point at a line to see what it came from and what came of it; a click pins it.` +
    "<span class=\"keys\"> Keys: <kbd>\u2191</kbd> <kbd>\u2193</kbd> along, <kbd>\u2190</kbd> <kbd>\u2192</kbd> across, <kbd>Enter</kbd> <kbd>Esc</kbd> pin, " +
    `${loops.size ? "<kbd>,</kbd> <kbd>.</kbd> iterations, " : ""}<kbd>/</kbd> find.</span>`;
  return made;
}

function yourLine(one) {
  if (!one.source) return [make("h3", {}, "Your code"), make("p", {}, "comes from no line of yours")];
  const source = DATA.sources[one.source.in];
  const texts = [];
  for (let n = one.source.line; n <= one.source.to; n++) texts.push(records.get(sourceId(one.source.in, n)));
  const indent = Math.min(...texts.filter(Boolean).map((t) => t.indent));
  const code = texts.filter(Boolean).flatMap((t, k) => [k ? "\n" : "", ...coloured(cutIndent(t.tokens, indent), one)]);
  return [make("h3", {}, `${source.name}, line ${one.source.line}`), make("code", {}, ...code)];
}

function cutIndent(tokens, indent) {
  const [[kind, text], ...rest] = tokens.length ? tokens : [["", ""]];
  return kind === "" ? [[kind, text.slice(Math.min(indent, text.length - text.trimStart().length))], ...rest] : tokens;
}

function lineFacts(one) {
  const found = facts(one);
  const list = make("dl");
  const add = (name, text, kind = null) => text && list.append(make("dt", {}, name), make("dd", { class: kind, "data-fact": name }, text));
  add("type", found.type);
  if (found.value) add(firstBad.has(one.id) ? `first ${found.value.bad}` : "value", found.value.text, found.value.bad && "wrong");
  add("stopped", one.id === DATA.error_at && DATA.error, "wrong");
  add("adjoint", found.adjoint?.text);
  add("kept", found.kept && `${bytes(found.kept)} for the way back`);
  add("time", found.time != null && percent(found.time));
  add("inactive", one.active === false && one.why);
  for (const loop of loopsAround(one)) add("iteration", turn(loop));
  const title = one.column === "source" ? "What it makes" : one.column === "trace" ? "In the trace" : "In the derivative";
  if (!list.children.length) list.append(make("dd", {}, `line ${one.number}`));
  return [make("h3", {}, title), list];
}

function rules(one, around) {
  const found = new Map();
  const wanted = one.rule ? [one] : around.filter((other) => other.column === "derivative");
  for (const { rule } of wanted) if (rule) found.set(`${rule.name} ${rule.formula}`, rule);
  if (!found.size) return [];
  const shown = [...found.values()].slice(0, 2).map((rule) => {
    const from = rule.source ? make("small", {}, rule.source) : null;
    return make("p", {}, make("code", {}, `${rule.name}:  ${rule.formula}`), from);
  });
  if (found.size > 2) shown.push(make("p", {}, `and ${found.size - 2} more`));
  return [make("h3", {}, found.size > 1 ? "Rules" : "Rule"), ...shown];
}

// Finding

function find() {
  const wanted = $("search").value.trim().toLowerCase();
  let count = 0;
  for (const element of document.querySelectorAll(".line")) {
    const hit = !wanted || records.get(element.id).text.toLowerCase().includes(wanted);
    element.classList.toggle("missed", !hit);
    count += hit;
  }
  $("found").textContent = wanted ? `${count} lines` : "";
}

function findNext() {
  const hits = [...document.querySelectorAll(".line:not(.missed)")];
  const next = hits[(hits.findIndex((l) => l.id === state.pinned) + 1) % hits.length];
  if (!next) return;
  state.pinned = null;
  pin(next.id);
  next.scrollIntoView({ block: "nearest" });
}
