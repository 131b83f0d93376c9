// The page: what stands above the columns, and what hands do.

/** Radio buttons in a group: one for each key. */
function choices(place, name, texts, chosen, act) {
  const made = Object.entries(texts).map(([key, text]) => {
    const input = make("input", { type: "radio", name, value: key, checked: key === chosen ? "" : null });
    input.addEventListener("change", () => act(key));
    return make("label", {}, input, text);
  });
  place.append(...made);
  place.hidden = made.length < 2;
}

function drawTop() {
  $("title").textContent = DATA.title;
  $("about").textContent = DATA.about;
  $("foot").textContent = `s2sad ${DATA.version}`;
  const cells = (a) => [variable(a.name) ?? a.name, make("span", { class: "type" }, a.type), make("span", { title: a.value?.text }, shortly(a.value) ?? "")];
  $("arguments").replaceChildren(...DATA.arguments.map((a) => make("li", {}, ...cells(a))));
  const found = DATA.error ? { ok: false, text: DATA.error } : DATA.checked;
  if (!found) return;
  $("checked").hidden = false;
  $("checked").classList.toggle("wrong", !found.ok);
  $("checked").querySelector("summary").textContent = DATA.error ? "\u2717 the run stopped" : found.ok ? "\u2713 gradient checked" : "\u2717 gradient check failed";
  $("checked").querySelector("p").textContent = found.text;
}

// Tabs

function drawTabs() {
  const made = DATA.tabs.map((tab, k) =>
    make("button", { type: "button", role: "tab", id: `tab-${tab.key}`, "aria-controls": "columns", class: tab.lines.length ? null : "none" }, tab.title),
  );
  made.forEach((button, k) => button.addEventListener("click", () => showTab(k)));
  $("tabs").replaceChildren(...made);
}

function chooseTab() {
  for (const [k, button] of [...$("tabs").children].entries()) {
    button.setAttribute("aria-selected", String(k === state.tab));
    button.tabIndex = k === state.tab ? 0 : -1;
  }
}

function showTab(k) {
  state.tab = (k + DATA.tabs.length) % DATA.tabs.length;
  const one = records.get(state.pinned);
  if (one && !isShown(one)) state.pinned = null;
  [state.hover, state.example] = [null, false];
  chooseTab();
  $("facing-switch").hidden = !canFace();
  const empty = !DATA.tabs[state.tab].text;
  $("copy").disabled = $("download").disabled = empty;
  drawColumns();
}

$("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  showTab(state.tab + step);
  $("tabs").children[state.tab].focus();
});

// Lines: pointing, pinning, keys

function hover(id) {
  if (state.hover === id && !state.example) return;
  [state.hover, state.example] = [id, false];
  light();
}

/** One line is lit from the start: where something went wrong, or an adjoint of the function that is called, as an example. */
function showExample() {
  const wrong = records.get(DATA.error_at) ?? ofColumn("derivative").find((one) => firstBad.has(one.id));
  const found = ofColumn("derivative").filter((one) => isAdjoint(one) && one.rule?.formula && one.makes.length === 1 && isDerived(one.makes[0]) && [...one.partners].some((id) => id.startsWith("t")));
  const begin = mainHead()?.number ?? 0;
  const one = wrong ?? found.find((other) => other.number > begin && other.source?.in === 0) ?? found.find((other) => other.number > begin) ?? found[0];
  if (!one || state.pinned) return;
  const words = one.id === DATA.error_at ? "Here the run stopped." : wrong ? `Here ${one.value.bad} comes up first.` : "For example this line.";
  [state.hover, state.example] = [one.id, words];
  light();
  reveal(one.id);
}

const main = $("columns");
let hand = {};
main.addEventListener("mousemove", (event) => {
  // what is scrolled under a hand at rest is not pointed at
  if (event.clientX === hand.x && event.clientY === hand.y) return;
  hand = { x: event.clientX, y: event.clientY };
  const line = event.target.closest(".line");
  if (line) hover(line.id);
  mark(event.target.closest(".v")?.dataset.of ?? null);
});
main.addEventListener("mouseleave", () => (state.example || hover(null), mark(null)));
main.addEventListener("click", (event) => {
  const line = event.target.closest(".line");
  if (line && !event.target.closest(".turn") && !String(getSelection())) pin(line.id);
});

let marked = null;

/** Mark all that belongs to one variable. */
function mark(family) {
  if (marked === family) return;
  marked = family;
  for (const span of document.querySelectorAll(".v.same")) span.classList.remove("same");
  if (family !== null) for (const span of document.querySelectorAll(`.v[data-of="${CSS.escape(family)}"]`)) span.classList.add("same");
}

main.addEventListener("keydown", (event) => {
  const body = event.target.closest(".lines");
  if (!body || event.target.matches("input")) return;
  const lines = [...body.querySelectorAll(".line")];
  const at = lines.findIndex((l) => l.id === (state.hover ?? state.pinned));
  const steps = { ArrowDown: at + 1, ArrowUp: Math.max(0, at - 1), Home: 0, End: lines.length - 1, PageDown: at + 15, PageUp: Math.max(0, at - 15) };
  if (event.key in steps) go(body, lines[Math.min(steps[event.key], lines.length - 1)]);
  else if (event.key === "ArrowLeft" || event.key === "ArrowRight") across(body, event.key === "ArrowRight" ? 1 : -1);
  else if (event.key === "Enter" || event.key === " ") at >= 0 && pinHere(lines[at].id);
  else return;
  event.preventDefault();
});

/** With the keys the line stays where the cursor is, pinned or not. */
function pinHere(id) {
  pin(id);
  state.hover = id;
}

function go(body, line) {
  if (!line) return;
  body.querySelector(".cursor")?.classList.remove("cursor");
  line.classList.add("cursor");
  body.setAttribute("aria-activedescendant", line.id);
  line.scrollIntoView({ block: "nearest" });
  hover(line.id);
  reveal(line.id);
}

/** To the partner of the line in the next column. */
function across(body, step) {
  const bodies = [...main.querySelectorAll(".lines")];
  const place = bodies.indexOf(body) + step;
  const next = bodies[place];
  if (!next) return;
  const line = next.querySelector(".line.lit") ?? next.querySelector(".line");
  showPlace(place);
  $("places").querySelectorAll("input")[place].checked = true;
  next.focus({ preventScroll: true });
  go(next, line);
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    [state.pinned, state.hover, state.example] = [null, null, false];
    document.querySelectorAll(".cursor").forEach((l) => l.classList.remove("cursor"));
    light();
  } else if (event.key === "/" && !event.target.matches("input")) {
    event.preventDefault();
    $("search").focus();
  } else if ((event.key === "," || event.key === ".") && !event.target.matches("input[type=search]")) {
    stepBy(event.key === "." ? 1 : -1);
  }
});

/** To the next iteration, or the one before, of the loop around the line that is looked at. */
function stepBy(by) {
  const one = chosen();
  const loop = one && loopsAround(one).at(-1);
  if (loop) choose(loop, Math.min(loop.at.length - 1, Math.max(0, loop.step + (loop.back ? -by : by))));
}

// Tools

const offered = Object.entries(MARGINS).filter(([, [, text]]) => [...records.values()].some((one) => one.column !== "source" && text(facts(one))));
const begun = offered.some(([key]) => key === "values") ? "values" : "types";
state.margin = begun;
choices($("margins"), "margin", Object.fromEntries(offered.map(([key, [text]]) => [key, text])), begun, (key) => ((state.margin = key), drawColumns()));
$("facing").addEventListener("change", (event) => ((state.facing = event.target.checked), drawColumns()));
$("search").addEventListener("input", find);
$("search").addEventListener("keydown", (event) => event.key === "Enter" && findNext());

$("copy").addEventListener("click", async () => {
  await copied(DATA.tabs[state.tab].text);
  $("copy").textContent = "Copied";
  setTimeout(() => ($("copy").textContent = "Copy module"), 1400);
});

async function copied(text) {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text).catch(() => copiedByHand(text));
  copiedByHand(text);
}

function copiedByHand(text) {
  const box = make("textarea", {}, text);
  document.body.append(box);
  box.select();
  document.execCommand("copy");
  box.remove();
}

$("download").addEventListener("click", () => {
  const tab = DATA.tabs[state.tab];
  const link = make("a", { href: URL.createObjectURL(new Blob([tab.text], { type: "text/plain" })), download: tab.file ?? `${DATA.title}.py` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});

$("theme").addEventListener("click", () => {
  const root = document.documentElement.style;
  const dark = root.colorScheme ? root.colorScheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.colorScheme = dark ? "light" : "dark";
});

addEventListener("beforeprint", () => state.example && hover(null));

/** Columns end where the window ends, but for what is said below them. */
function fit() {
  const below = $("dock").offsetHeight + 72;
  main.style.setProperty("--room", `${innerHeight - main.offsetTop - below}px`);
  requestAnimationFrame(drawRibbons);
}
addEventListener("resize", fit);

/** The line that the address names is pinned from the start. */
function pinNamed() {
  const one = records.get(decodeURIComponent(location.hash.replace("#at-", "")));
  if (!one) return;
  if (one.tab !== null) showTab(one.tab);
  state.pinned = null;
  pin(one.id);
}

drawTop();
drawTabs();
showTab(0);
fit();
startGraph();
chooseFirst();
pinNamed();
showExample();
