// The graph: placed by dagre, drawn here. Frames (loops, branches, calls) open and close.

const SVG = "http://www.w3.org/2000/svg";
const graph = { open: new Set(), part: "all", size: null, natural: [0, 0] };
const MANY = 36; // nodes; a graph of more begins with its frames closed
const MOST = 300; // nodes that are drawn

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

// What is seen: nodes of open frames, and a node for each closed frame that holds some

function seen() {
  const frames = new Map(DATA.graph.frames.map((f) => [f.id, f]));
  const wanted = DATA.graph.nodes.filter((n) => graph.part === "all" || n.role === "argument" || n.adjoint === (graph.part === "back"));
  const shownAs = new Map();
  const nodes = new Map();
  const inside = new Map();
  for (const node of wanted) {
    const path = [];
    for (let f = frames.get(node.frame); f; f = frames.get(f.parent)) path.unshift(f);
    const closed = path.find((f) => !graph.open.has(f.id));
    const as = closed ? `frame ${closed.id}` : node.id;
    shownAs.set(node.id, as);
    const open = closed ? path.slice(0, path.indexOf(closed)) : path;
    for (const f of open) inside.set(f.id, f);
    if (!closed) nodes.set(as, { ...node, parent: open.at(-1)?.id ?? null });
    else if (!nodes.has(as)) nodes.set(as, closedNode(closed, open.at(-1)?.id ?? null, node));
    else joined(nodes.get(as), node);
  }
  return { frames: [...inside.values()], nodes: [...nodes.values()], edges: edgesBetween(shownAs) };
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
  const active = new Map(DATA.graph.nodes.map((n) => [n.id, n]));
  for (const edge of DATA.graph.edges) {
    const [from, to] = [shownAs.get(edge.from), shownAs.get(edge.to)];
    if (!from || !to || from === to) continue;
    const [a, b] = [active.get(edge.from), active.get(edge.to)];
    const key = `${from} ${to} ${edge.kind}`;
    const known = found.get(key) ?? { from, to, kind: edge.kind, active: false, adjoint: true };
    found.set(key, { ...known, active: known.active || (a.active && b.active), adjoint: known.adjoint && b.adjoint });
  }
  return [...found.values()];
}

// Places

const texts = (node) => (node.closed ? [`\u25b8 ${shortened(node.label, 44)}`, `${node.count} operation${node.count > 1 ? "s" : ""}`] : [shortened(node.label), node.type ?? ""]);

function placed({ frames, nodes, edges }, direction) {
  const g = new dagre.graphlib.Graph({ compound: true, multigraph: true });
  g.setGraph({ rankdir: direction, nodesep: 13, ranksep: direction === "LR" ? 42 : 30, marginx: 8, marginy: 14, edgesep: 8 });
  g.setDefaultEdgeLabel(() => ({}));
  for (const f of frames) g.setNode(`open ${f.id}`, {});
  for (const f of frames) if (f.parent !== null) g.setParent(`open ${f.id}`, `open ${f.parent}`);
  for (const n of nodes) {
    const [label, type] = texts(n);
    g.setNode(n.id, { width: Math.max(44, widthOf(label, 12), widthOf(type, 10.5)) + 36, height: type ? 38 : 26 });
    if (n.parent !== null) g.setParent(n.id, `open ${n.parent}`);
  }
  // what goes round a loop would turn it upside down: it is drawn, and has no part in the order
  edges.forEach((e, k) => e.kind !== "carried" && g.setEdge(e.from, e.to, { weight: e.kind === "kept" ? 1 : 2 }, String(k)));
  dagre.layout(g);
  return g;
}

/** From left to right where that fits, from top to bottom otherwise. */
function layOut(parts) {
  const room = $("canvas").clientWidth - 30;
  const flat = placed(parts, "LR");
  if (flat.graph().width <= room * 1.05) return [flat, "LR"];
  return [placed(parts, "TB"), "TB"];
}

// Drawing

function drawGraph() {
  const parts = seen();
  if (parts.nodes.length > MOST) {
    $("canvas").replaceChildren(make("p", { class: "none-here" }, `${parts.nodes.length} operations are too many to draw: close some frames.`));
    return;
  }
  const [g, direction] = layOut(parts);
  const { width, height } = g.graph();
  graph.natural = [width, height + 12];
  graph.direction = direction;
  const held = document.activeElement?.dataset?.frame;
  const picture = svg(
    "svg",
    { viewBox: `0 -12 ${width} ${height + 12}`, role: "group", "aria-label": `Graph of ${DATA.title}` },
    svg("defs", {}, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" }, svg("path", { class: "head", d: "M0 0.8 8 4 0 7.2z" }))),
    ...sorted(parts.frames).map((f) => frameElement(f, g.node(`open ${f.id}`))),
    ...parts.edges.map((e, k) => edgeElement(e, e.kind === "carried" ? aroundLoop(g.node(e.from), g.node(e.to)) : curve(g.edge(e.from, e.to, String(k)).points, g.node(e.from), g.node(e.to)))),
    ...parts.nodes.map((n) => nodeElement(n, g.node(n.id))),
    ...parts.frames.map((f) => handleElement(f, g.node(`open ${f.id}`))),
  );
  $("canvas").replaceChildren(picture);
  resize();
  if (held) $("canvas").querySelector(`[data-frame="${CSS.escape(held)}"]`)?.focus();
  lightGraph(new Set([chosen()?.id, ...(state.lit ?? [])]));
}

/** Outer frames first: what is drawn later lies above. */
function sorted(frames) {
  const byId = new Map(frames.map((f) => [f.id, f]));
  const depth = (f) => (f.parent !== null && byId.has(f.parent) ? 1 + depth(byId.get(f.parent)) : 0);
  return [...frames].sort((a, b) => depth(a) - depth(b));
}

const corner = (at) => [at.x - at.width / 2, at.y - at.height / 2 - 10];

function frameElement(frame, at) {
  const [x, y] = corner(at);
  return svg("rect", { class: "frame", "data-lines": (frame.lines ?? []).join(" "), x, y, width: at.width, height: at.height + 14, rx: 9 });
}

/** The title of an open frame, above all that is drawn: it closes the frame. */
function handleElement(frame, at) {
  const [x, y] = corner(at);
  const label = `\u25be ${shortened(frame.label, Math.max(12, Math.floor(at.width / 7.4) - 3))}`;
  return svg("g", { class: "handle", tabindex: "0", role: "button", "aria-expanded": "true", "data-frame": frame.id, "aria-label": `close ${frame.label}` }, svg("title", {}, frame.label), svg("text", { x: x + 9, y: y + 15 }, label));
}

function nodeElement(node, at) {
  const [x, y] = [at.x - at.width / 2, at.y - at.height / 2];
  const kinds = ["node", node.role, node.adjoint && "adjoint", !node.active && "passive", node.closed && "closed"].filter(Boolean).join(" ");
  const [label, type] = texts(node);
  const hue = families.get(node.of);
  const round = node.role === "argument" || node.role === "result" ? at.height / 2 : 6;
  return svg(
    "g",
    { class: kinds, tabindex: "0", role: "button", "aria-label": `${node.label} ${node.type ?? ""}`, "aria-expanded": node.closed ? "false" : null, "data-frame": node.closed ? node.frame : null, "data-node": node.id, "data-lines": node.lines.join(" ") },
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
function curve(points, from, to) {
  const across = graph.direction === "LR";
  const at = (node, side) => (across ? { x: node.x + (side * node.width) / 2, y: node.y } : { x: node.x, y: node.y + (side * node.height) / 2 });
  const off = (p, by) => (across ? { x: p.x + by, y: p.y } : { x: p.x, y: p.y + by });
  const [start, end] = [at(from, 1), at(to, -1)];
  const path = [start, start, off(start, 9), ...points.slice(1, -1), off(end, -9), end, end];
  const mean = (a, b, of) => `${((a.x * (3 - of) + b.x * of) / 3).toFixed(1)} ${((a.y * (3 - of) + b.y * of) / 3).toFixed(1)}`;
  let d = `M${start.x} ${start.y}`;
  for (let k = 1; k < path.length - 2; k++) {
    const [p, q, r] = path.slice(k, k + 3);
    d += `C${mean(p, q, 1)} ${mean(p, q, 2)} ${((p.x + 4 * q.x + r.x) / 6).toFixed(1)} ${((p.y + 4 * q.y + r.y) / 6).toFixed(1)}`;
  }
  return `${d}L${end.x} ${end.y}`;
}

function aroundLoop(from, to) {
  const across = graph.direction === "LR";
  const [a, b] = across ? [{ x: from.x, y: from.y + from.height / 2 }, { x: to.x, y: to.y + to.height / 2 }] : [{ x: from.x + from.width / 2, y: from.y }, { x: to.x + to.width / 2, y: to.y }];
  const out = 46;
  return across ? `M${a.x} ${a.y}C${a.x} ${Math.max(a.y, b.y) + out} ${b.x} ${Math.max(a.y, b.y) + out} ${b.x} ${b.y}` : `M${a.x} ${a.y}C${Math.max(a.x, b.x) + out} ${a.y} ${Math.max(a.x, b.x) + out} ${b.y} ${b.x} ${b.y}`;
}

// Size, light, hands

function resize() {
  const picture = $("canvas").querySelector("svg");
  if (!picture) return;
  const [width, height] = graph.natural;
  const fitted = Math.max(innerWidth < 700 ? 0.5 : 0.65, Math.min(1, ($("canvas").clientWidth - 30) / width));
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
  const lit = new Set();
  for (const element of document.querySelectorAll("#canvas [data-lines]")) {
    const on = element.dataset.lines.split(" ").some((id) => id && ids.has(id));
    element.classList.toggle("lit", on);
    if (on && element.dataset.node) lit.add(element.dataset.node);
  }
  for (const edge of document.querySelectorAll("#canvas .edge")) edge.classList.toggle("lit", lit.has(edge.dataset.from) && lit.has(edge.dataset.to));
}

function toggleFrame(id) {
  graph.open.has(id) ? graph.open.delete(id) : graph.open.add(id);
  drawGraph();
}

function startGraph() {
  if (!DATA.graph?.nodes.length) return;
  $("drawing").hidden = false;
  openFirst();
  const parts = { all: "All", there: "Computation", back: "Adjoints" };
  if (DATA.graph.nodes.some((n) => n.adjoint)) choices($("sweeps"), "sweep", parts, graph.part, (part) => ((graph.part = part), drawGraph()));
  $("open-all").onclick = () => (DATA.graph.frames.forEach((f) => graph.open.add(f.id)), drawGraph());
  $("close-all").onclick = () => (graph.open.clear(), drawGraph());
  if (!DATA.graph.frames.length) $("open-all").parentElement.hidden = true;
  $("smaller").onclick = () => zoom(1 / 1.25);
  $("larger").onclick = () => zoom(1.25);
  $("fitted").onclick = () => zoom(null);
  startHands($("canvas"));
  drawGraph();
  drawLegend();
}

/** The function that is called is open, the last one; all else is where there is not much. */
function openFirst() {
  const roots = DATA.graph.frames.filter((f) => f.parent === null);
  if (roots.length) graph.open.add(roots.at(-1).id);
  if (DATA.graph.nodes.length <= MANY) DATA.graph.frames.forEach((f) => graph.open.add(f.id));
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
