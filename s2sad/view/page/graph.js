// The graph: each frame (a function, a loop, a branch, a part of long code) is placed by dagre, and drawn here. Frames open and close.

const SVG = "http://www.w3.org/2000/svg";
const graph = { open: new Set(), part: "all", size: null, natural: [0, 0], frames: new Map(), nodes: [] };
const MANY = 40; // nodes that a reader can take in at once: with more, a graph begins with frames closed
const MOST = 120; // nodes that are drawn at once
const PART = 16; // so many nodes are in a part of a frame that holds far more

function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== false && value != null) made.setAttribute(name, value);
  made.append(...children.filter((c) => c != null));
  return made;
}

const pen = document.createElement("canvas").getContext("2d");
function widthOf(text, size) {
  pen.font = `${size}px ${getComputedStyle(document.documentElement).getPropertyValue("--code")}`;
  return pen.measureText(text).width;
}
const shortened = (text, most = 34) => (text.length > most ? `${text.slice(0, most - 1)}\u2026` : text);

// Frames: those of the data, and parts of those that hold too much

/** The frames, with what is long divided into parts: statements that follow each other, the sweep back by itself. */
function readFrames() {
  graph.frames = new Map(DATA.graph.frames.map((f) => [f.id, { ...f }]));
  graph.nodes = DATA.graph.nodes.map((n) => ({ ...n }));
  const held = new Map();
  const hold = (frame, item) => held.set(frame, [...(held.get(frame) ?? []), item]);
  for (const f of graph.frames.values()) if (f.parent !== null) hold(f.parent, f);
  for (const n of graph.nodes) if (n.frame !== null && n.role !== "argument") hold(n.frame, n);
  for (const [id, items] of held) if (items.length > 1.5 * PART) divide(id, inOrder(items));
  graph.held = new Map([[null, { nodes: 0, frames: [] }], ...[...graph.frames.keys()].map((id) => [id, { nodes: 0, frames: [] }])]);
  for (const f of graph.frames.values()) graph.held.get(f.parent).frames.push(f.id);
  for (const n of graph.nodes) graph.held.get(n.frame).nodes += 1;
  noteCalls();
}

/** The functions that a line calls by their names alone: not `np.exp`. */
const called = (item) => (records.get(item.lines?.[0])?.tokens ?? []).filter(([kind], k, all) => kind === "f" && !all[k - 1]?.[1].endsWith(".")).map(([, text]) => text);

/** Which functions of the text a node calls, and from how many nodes each is called. */
function noteCalls() {
  const functions = new Map([...graph.frames.values()].filter((f) => f.parent === null && f.kind !== "loop" && called(f).length).map((f) => [called(f)[0], f]));
  for (const n of graph.nodes) {
    if (n.role === "argument") continue;
    n.calls = [...new Set(called(n))].map((name) => functions.get(name)).filter((f) => f && f.id !== around(n.frame)[0]?.id);
    for (const f of n.calls) f.uses = (f.uses ?? 0) + 1;
  }
}

const numberOf = (item) => records.get(item.lines?.[0])?.number ?? Infinity;
const inOrder = (items) => [...items].sort((a, b) => numberOf(a) - numberOf(b));
const isBack = (item) => item.adjoint ?? (item.lines ?? []).some((id) => records.get(id)?.sweep === "adjoint");

function divide(frame, items) {
  const size = Math.max(PART, Math.ceil(items.length / PART));
  const turn = Math.max(0, items.findIndex(isBack));
  const cut = (some) => Array.from({ length: Math.ceil(some.length / size) }, (_, k) => some.slice(k * size, (k + 1) * size));
  const parts = [...cut(items.slice(0, turn)), ...cut(items.slice(turn))];
  parts.forEach((part, k) => {
    if (part.length < 2) return;
    const id = `${frame} ${k}`;
    const [first, last] = [part[0].label, part.at(-1).label].map((text) => shortened(text, 22));
    graph.frames.set(id, { id, label: `${first}  to  ${last}`, parent: frame, lines: part.flatMap((item) => item.lines ?? []) });
    for (const item of part) "role" in item ? (item.frame = id) : (item.parent = id);
  });
}

/** The frames around something, the outermost first. */
function around(id) {
  const path = [];
  for (let f = graph.frames.get(id); f; f = graph.frames.get(f.parent)) path.unshift(f);
  return path;
}

// What is seen: nodes of open frames, and a node for each closed frame that holds some

function seen() {
  const wanted = graph.nodes.filter((n) => graph.part === "all" || n.role === "argument" || n.adjoint === (graph.part === "back"));
  const shownAs = new Map();
  const nodes = new Map();
  const inside = new Map();
  for (const node of wanted) {
    const path = around(node.frame);
    const closed = path.findIndex((f) => !graph.open.has(f.id));
    const open = closed < 0 ? path : path.slice(0, closed);
    const as = closed < 0 ? node.id : `frame ${path[closed].id}`;
    shownAs.set(node.id, as);
    for (const f of open) inside.set(f.id, f);
    const parent = open.at(-1)?.id ?? null;
    if (closed < 0) nodes.set(as, { ...node, parent });
    else if (!nodes.has(as)) nodes.set(as, closedNode(path[closed], parent, node));
    else joined(nodes.get(as), node);
  }
  return { frames: [...inside.values()], nodes: [...nodes.values()], edges: edgesBetween(shownAs), count: wanted.length };
}

const closedNode = (frame, parent, first) => ({ id: `frame ${frame.id}`, frame: frame.id, closed: true, label: frame.label, parent, count: 1, adjoint: first.adjoint, active: first.active, lines: [...(frame.lines ?? []), ...first.lines], role: "operation" });

function joined(made, node) {
  made.count += 1;
  made.adjoint &&= node.adjoint;
  made.active ||= node.active;
  made.lines.push(...node.lines);
}

function edgesBetween(shownAs) {
  const found = new Map();
  const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
  for (const edge of DATA.graph.edges) {
    const [from, to] = [shownAs.get(edge.from), shownAs.get(edge.to)];
    if (!from || !to || from === to) continue;
    const [a, b] = [nodes.get(edge.from), nodes.get(edge.to)];
    const key = `${from} ${to} ${edge.kind}`;
    const known = found.get(key) ?? { from, to, kind: edge.kind, active: false, adjoint: true };
    found.set(key, { ...known, active: known.active || (a.active && b.active), adjoint: known.adjoint && b.adjoint });
  }
  return [...found.values()];
}

/** How many nodes are seen in a frame, or in all. */
function seenIn(frame = null) {
  const { nodes, frames } = graph.held.get(frame) ?? { nodes: 0, frames: [] };
  return frames.reduce((sum, id) => sum + (graph.open.has(id) ? seenIn(id) : 1), nodes);
}

/** Open frames from the outermost inwards, as long as no more nodes are seen than these. */
function openUpTo(most) {
  for (let level = graph.held.get(null).frames; level.length; level = level.flatMap((id) => (graph.open.has(id) ? graph.held.get(id)?.frames ?? [] : []))) {
    for (const id of level) {
      if (graph.open.has(id)) continue;
      graph.open.add(id);
      if (seenIn() > most) graph.open.delete(id);
    }
  }
}

/** Close what was opened longest ago, but for what is around a frame, until what is seen can be drawn. */
function makeRoom(id) {
  const kept = new Set([id, ...around(id).map((f) => f.id)]);
  for (const other of [...graph.open]) {
    if (seenIn() <= MOST) return;
    if (!kept.has(other)) graph.open.delete(other);
  }
}

// Places: each open frame by itself, the inner ones first

const texts = (node) => (node.closed ? [`\u25b8 ${shortened(node.label, 48)}`, `${node.count} operation${node.count > 1 ? "s" : ""}`] : [shortened(node.label), shortened(node.type ?? "", 40)]);
const TITLE = 24; // the room of a frame's title
const RIM = 10;

function sizeOf(node) {
  const [label, type] = texts(node);
  return { width: Math.max(44, widthOf(label, 12), widthOf(type, 10.5)) + 36, height: type ? 38 : 26 };
}

/** What stands in each open frame, and the edges whose ends are in different things that stand there. */
function levels({ frames, nodes, edges }) {
  const made = new Map([null, ...frames.map((f) => f.id)].map((id) => [id, { members: [], edges: new Map() }]));
  for (const f of frames) made.get(f.parent).members.push({ key: `open ${f.id}`, frame: f });
  for (const n of nodes) made.get(n.parent).members.push({ key: n.id, node: n });
  const paths = new Map(nodes.map((n) => [n.id, [...around(n.parent).map((f) => `open ${f.id}`), n.id]]));
  for (const e of edges) {
    const [a, b] = [paths.get(e.from), paths.get(e.to)];
    const at = a.findIndex((key, k) => key !== b[k]);
    const level = made.get(at ? a[at - 1].slice("open ".length) : null);
    e.route = `${a[at]} ${b[at]}`;
    // where an end is in a frame, the edge goes through the frame's border
    e.cut = [a.length > at + 1 ? 0 : 1, b.length > at + 1 ? undefined : -1];
    // what goes round a loop would turn it upside down: it is drawn, and has no part in the order
    if (e.kind !== "carried") level.edges.set(e.route, { from: a[at], to: b[at], weight: e.kind === "kept" ? 1 : 2 });
  }
  return made;
}

/** Places in a frame, from its corner on: of what stands in it, and of the edges there. */
function placed(level, made, direction) {
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: direction, nodesep: 13, ranksep: direction === "LR" ? 42 : 30, edgesep: 6, ranker: level.members.length > 1.5 * PART ? "tight-tree" : "network-simplex" });
  const inner = new Map();
  for (const { key, node, frame } of level.members) {
    if (frame) inner.set(key, placed(made.get(frame.id), made, direction));
    g.setNode(key, node ? sizeOf(node) : withRim(inner.get(key), frame));
  }
  for (const e of level.edges.values()) g.setEdge(e.from, e.to, { weight: e.weight });
  const loose = level.members.map((m) => m.key).filter((key) => !g.nodeEdges(key).length);
  const abreast = Math.ceil(Math.sqrt(loose.length));
  loose.slice(abreast).forEach((key, k) => g.setEdge(loose[k], key, { weight: 1 }));
  dagre.layout(g);
  const places = new Map(level.members.map(({ key }) => [key, { ...g.node(key) }]));
  const routes = new Map([...level.edges].map(([key, e]) => [key, g.edge(e.from, e.to).points]));
  for (const [key, found] of inner) {
    const at = places.get(key);
    moveInto(places, routes, found, at.x - at.width / 2 + (at.width - found.width) / 2, at.y - at.height / 2 + TITLE);
  }
  return { width: g.graph().width, height: g.graph().height, places, routes };
}

const withRim = (found, frame) => ({ width: Math.max(found.width + 2 * RIM, Math.min(260, widthOf(frame.label, 12) + 40)), height: found.height + TITLE + RIM });

function moveInto(places, routes, found, x, y) {
  for (const [key, at] of found.places) places.set(key, { ...at, x: at.x + x, y: at.y + y });
  for (const [key, points] of found.routes) routes.set(key, points.map((p) => ({ x: p.x + x, y: p.y + y })));
}

/** The functions one below the other, the one that is called on top; closed ones side by side. From left to right where that fits. */
function layOut(parts) {
  const made = levels(parts);
  const room = $("canvas").clientWidth - 30;
  const result = { places: new Map(), routes: new Map(), width: 0, height: 0, across: new Set() };
  let [x, y, row] = [0, 0, 0];
  for (const member of outermost(made.get(null))) {
    const few = [...parts.nodes].filter((n) => around(n.parent)[0]?.id === member.members[0].frame?.id).length <= MANY / 2;
    let found = few ? placed(member, made, "LR") : null;
    const across = found && found.width <= room * 1.22;
    found = across ? found : placed(member, made, "TB");
    if (x && x + found.width > room) [x, y, row] = [0, y + row + 14, 0];
    moveInto(result.places, result.routes, found, x, y);
    if (across) for (const key of [...found.places.keys(), ...found.routes.keys()]) result.across.add(key);
    [x, row] = [x + found.width + 14, Math.max(row, found.height)];
    [result.width, result.height] = [Math.max(result.width, x - 14), Math.max(result.height, y + row)];
  }
  return result;
}

/** What stands outermost: each function by itself, the last one first; or all together, where there are none. */
function outermost({ members, edges }) {
  if (edges.size || members.some((m) => m.node && !m.node.closed)) return [{ members, edges }];
  const open = members.filter((m) => m.frame).reverse();
  return [...open, ...members.filter((m) => m.node).reverse()].map((m) => ({ members: [m], edges }));
}

// Drawing

function drawGraph() {
  const parts = seen();
  const { places, routes, width, height, across } = layOut(parts);
  graph.natural = [width + 2 * RIM, height + 2 * RIM];
  const held = document.activeElement?.dataset?.frame;
  const pathOf = (e) => {
    const [a, b, flat] = [places.get(e.from), places.get(e.to), across.has(e.from)];
    return e.kind === "carried" ? aroundLoop(a, b, flat) : curve(routes.get(e.route).slice(...e.cut), a, b, flat);
  };
  const picture = svg(
    "svg",
    { viewBox: `${-RIM} ${-RIM} ${graph.natural.join(" ")}`, role: "group", "aria-label": `Graph of ${DATA.title}` },
    svg("defs", {}, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" }, svg("path", { class: "head", d: "M0 0.8 8 4 0 7.2z" }))),
    ...sorted(parts.frames).map((f) => frameElement(f, places.get(`open ${f.id}`))),
    ...parts.edges.map((e) => edgeElement(e, pathOf(e))),
    ...parts.nodes.map((n) => nodeElement(n, places.get(n.id))),
    ...parts.frames.map((f) => handleElement(f, places.get(`open ${f.id}`))),
  );
  $("canvas").replaceChildren(picture);
  sayClosed(parts);
  resize();
  if (held) $("canvas").querySelector(`[data-frame="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  lightGraph(new Set([chosen()?.id, ...(state.lit ?? [])]));
}

function sayClosed({ nodes, count }) {
  const closed = nodes.filter((n) => n.closed);
  const within = closed.reduce((sum, n) => sum + n.count, 0);
  $("closed").textContent = closed.length ? `${within} of ${count} operations are in ${closed.length} closed frame${closed.length > 1 ? "s" : ""}: a click opens one` : "";
}

/** Outer frames first: what is drawn later lies above. */
function sorted(frames) {
  const byId = new Map(frames.map((f) => [f.id, f]));
  const depth = (f) => (f.parent !== null && byId.has(f.parent) ? 1 + depth(byId.get(f.parent)) : 0);
  return [...frames].sort((a, b) => depth(a) - depth(b));
}

const corner = (at) => [at.x - at.width / 2, at.y - at.height / 2];

function frameElement(frame, at) {
  const [x, y] = corner(at);
  return svg("rect", { class: "frame", "data-lines": (frame.lines ?? []).join(" "), x, y, width: at.width, height: at.height, rx: 9 });
}

/** The title of an open frame, above all that is drawn: it closes the frame. */
function handleElement(frame, at) {
  const [x, y] = corner(at);
  const label = `\u25be ${shortened(frame.label, Math.max(12, Math.floor(at.width / 7.4) - 3))}`;
  const uses = frame.uses ? svg("tspan", { class: "type", dx: 10 }, frame.uses > 1 ? `called in ${frame.uses} places` : "called once") : null;
  return svg("g", { class: "handle", tabindex: "0", role: "button", "aria-expanded": "true", "data-frame": frame.id, "aria-label": `close ${frame.label}` }, svg("title", {}, frame.label), svg("rect", { class: "grip", x: x + 1, y: y + 1, width: at.width - 2, height: TITLE - 2, rx: 8 }), svg("text", { x: x + 9, y: y + 16 }, label, uses));
}

function nodeElement(node, at) {
  const [x, y] = [at.x - at.width / 2, at.y - at.height / 2];
  const kinds = ["node", node.role, node.adjoint && "adjoint", !node.active && "passive", node.closed && "closed"].filter(Boolean).join(" ");
  const [label, type] = texts(node);
  const hue = families.get(node.of);
  const round = node.role === "argument" || node.role === "result" ? at.height / 2 : 6;
  return svg(
    "g",
    { class: kinds, tabindex: "0", role: "button", "aria-label": `${node.label} ${node.type ?? ""}`, "aria-expanded": node.closed ? "false" : null, "data-frame": node.closed ? node.frame : null, "data-node": node.id, "data-lines": node.lines.join(" "), "data-calls": node.calls?.length ? node.calls.map((f) => f.id).join(" ") : null },
    svg("title", {}, `${node.label}${node.type ? `  ${node.type}` : ""}`),
    node.closed ? svg("rect", { class: "box", x: x + 4, y: y + 4, width: at.width, height: at.height, rx: 6 }) : null,
    svg("rect", { class: "box", x, y, width: at.width, height: at.height, rx: round }),
    hue == null ? null : svg("rect", { class: "stripe", style: `--hue:${hue}`, x: x + (round > 10 ? 11 : 5), y: y + 7, width: 3, height: at.height - 14, rx: 1.5 }),
    svg("text", { x: at.x + 3, y: at.y + (type ? -2 : 4), "text-anchor": "middle" }, label),
    type ? svg("text", { class: "type", x: at.x + 3, y: at.y + 12, "text-anchor": "middle" }, type) : null,
  );
}

const edgeElement = (e, d) => svg("path", { class: ["edge", e.kind, e.active && "active", e.adjoint && "adjoint"].filter(Boolean).join(" "), d, "marker-end": "url(#arrow)", "data-from": e.from, "data-to": e.to });

/** A curve (a B-spline) from the side of a node along the points that dagre gives to the side of another. */
function curve(points, from, to, across) {
  const at = (node, side) => (across ? { x: node.x + (side * node.width) / 2, y: node.y } : { x: node.x, y: node.y + (side * node.height) / 2 });
  const off = (p, by) => (across ? { x: p.x + by, y: p.y } : { x: p.x, y: p.y + by });
  const [start, end] = [at(from, 1), at(to, -1)];
  const path = [start, start, off(start, 9), ...points, off(end, -9), end, end];
  const mean = (a, b, of) => `${((a.x * (3 - of) + b.x * of) / 3).toFixed(1)} ${((a.y * (3 - of) + b.y * of) / 3).toFixed(1)}`;
  let d = `M${start.x} ${start.y}`;
  for (let k = 1; k < path.length - 2; k++) {
    const [p, q, r] = path.slice(k, k + 3);
    d += `C${mean(p, q, 1)} ${mean(p, q, 2)} ${((p.x + 4 * q.x + r.x) / 6).toFixed(1)} ${((p.y + 4 * q.y + r.y) / 6).toFixed(1)}`;
  }
  return `${d}L${end.x} ${end.y}`;
}

function aroundLoop(from, to, across) {
  const [a, b] = across ? [{ x: from.x, y: from.y + from.height / 2 }, { x: to.x, y: to.y + to.height / 2 }] : [{ x: from.x + from.width / 2, y: from.y }, { x: to.x + to.width / 2, y: to.y }];
  const out = 46;
  return across ? `M${a.x} ${a.y}C${a.x} ${Math.max(a.y, b.y) + out} ${b.x} ${Math.max(a.y, b.y) + out} ${b.x} ${b.y}` : `M${a.x} ${a.y}C${Math.max(a.x, b.x) + out} ${a.y} ${Math.max(a.x, b.x) + out} ${b.y} ${b.x} ${b.y}`;
}

// Size, light, hands

function resize() {
  const picture = $("canvas").querySelector("svg");
  if (!picture) return;
  const [width, height] = graph.natural;
  const fitted = Math.max(0.75, Math.min(1, ($("canvas").clientWidth - 30) / width));
  const size = graph.size ?? fitted;
  picture.setAttribute("width", Math.ceil(width * size));
  picture.setAttribute("height", Math.ceil(height * size));
}

function zoom(by) {
  const picture = $("canvas").querySelector("svg");
  if (!picture) return;
  graph.size = by === null ? null : Math.min(3, Math.max(0.2, (picture.getAttribute("width") / graph.natural[0]) * by));
  resize();
}

function lightGraph(ids) {
  const [lit, calls] = [new Set(), new Set()];
  for (const element of document.querySelectorAll("#canvas [data-lines]")) {
    const on = element.dataset.lines.split(" ").some((id) => id && ids.has(id));
    element.classList.toggle("lit", on);
    if (on && element.dataset.node) lit.add(element.dataset.node);
    for (const id of on ? element.dataset.calls?.split(" ") ?? [] : []) calls.add(id);
  }
  // the functions that a lit node calls, open or closed
  for (const element of document.querySelectorAll("#canvas [data-frame]")) element.classList.toggle("called", calls.has(element.dataset.frame));
  for (const edge of document.querySelectorAll("#canvas .edge")) edge.classList.toggle("lit", lit.has(edge.dataset.from) && lit.has(edge.dataset.to));
}

function toggleFrame(id) {
  if (graph.open.delete(id)) return drawGraph();
  graph.open.add(id);
  makeRoom(id);
  drawGraph();
  showFrame(id);
}

/** Bring the title of a frame into sight, where it is not. */
function showFrame(id) {
  const [canvas, title] = [$("canvas"), $("canvas").querySelector(`.handle[data-frame="${CSS.escape(id)}"] text`)];
  if (!title) return;
  const [view, at] = [canvas.getBoundingClientRect(), title.getBoundingClientRect()];
  const seen = at.left >= view.left && at.right <= view.right && at.top >= view.top && at.bottom <= view.bottom - 60;
  if (!seen) canvas.scrollBy(at.left - view.left - 60, at.top - view.top - 40);
}

function startGraph() {
  if (!DATA.graph?.nodes.length) return;
  $("drawing").hidden = false;
  readFrames();
  openFirst();
  const parts = { all: "All", there: "Computation", back: "Adjoints" };
  if (DATA.graph.nodes.some((n) => n.adjoint)) choices($("sweeps"), "sweep", parts, graph.part, (part) => ((graph.part = part), drawGraph()));
  $("open-all").onclick = () => (openUpTo(MOST), drawGraph());
  $("close-all").onclick = () => (graph.open.clear(), drawGraph());
  if (!graph.frames.size) $("open-all").parentElement.hidden = true;
  $("smaller").onclick = () => zoom(1 / 1.25);
  $("larger").onclick = () => zoom(1.25);
  $("fitted").onclick = () => zoom(null);
  startHands($("canvas"));
  drawGraph();
  drawLegend();
}

/** The function that is called is open, the last one; all else as far as a reader can take it in. */
function openFirst() {
  const main = graph.held.get(null).frames.at(-1);
  if (main !== undefined) graph.open.add(main);
  openUpTo(MANY);
}

function startHands(canvas) {
  canvas.addEventListener("click", (event) => {
    const frame = event.target.closest("[data-frame]")?.dataset.frame;
    const node = event.target.closest("[data-node]");
    if (frame) toggleFrame(frame);
    else if (node) pin(lineOf(node));
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  });
  const point = (event) => {
    const node = event.target.closest?.("[data-node]");
    if (node && lineOf(node)) hover(lineOf(node));
  };
  canvas.addEventListener("mouseover", point);
  canvas.addEventListener("focusin", point);
  canvas.addEventListener("mouseleave", () => hover(null));
  canvas.addEventListener("focusout", () => hover(null));
  let last = null;
  canvas.addEventListener("pointerdown", (event) => event.pointerType === "mouse" && !event.target.closest("[data-node],[data-frame]") && (last = [event.clientX, event.clientY]));
  addEventListener("pointermove", (event) => {
    canvas.classList.toggle("held", last !== null);
    if (!last) return;
    canvas.scrollBy(last[0] - event.clientX, last[1] - event.clientY);
    last = [event.clientX, event.clientY];
  });
  addEventListener("pointerup", () => (last = null));
  addEventListener("resize", resize);
}

/** The line that a node stands for: one of the derivative that is shown, or of the trace. */
const lineOf = (node) => node.dataset.lines.split(" ").find((id) => records.has(id) && isShown(records.get(id))) ?? null;

function drawLegend() {
  const kinds = new Set(DATA.graph.edges.map((e) => e.kind));
  const line = (kind) => svg("svg", { viewBox: "0 0 30 12" }, svg("path", { class: `edge ${kind}`, d: "M1 6H29" }));
  const box = (kind) => svg("svg", { viewBox: "0 0 30 12" }, svg("g", { class: `node ${kind}` }, svg("rect", { class: "box", x: 1, y: 1, width: 28, height: 10, rx: 4 })));
  const rows = [
    ["reads", line("active"), "on the way from the arguments to the result"],
    ["reads", line(""), "without derivative"],
    ["adjoint", box("adjoint"), "adjoint"],
    ["kept", line("kept"), "kept for the way back"],
    ["carried", line("carried"), "goes round the loop"],
  ].filter(([kind]) => (kind === "adjoint" ? DATA.graph.nodes.some((n) => n.adjoint) : kinds.has(kind)));
  $("legend").replaceChildren(...rows.map(([, picture, text]) => make("li", {}, picture, text)));
}
