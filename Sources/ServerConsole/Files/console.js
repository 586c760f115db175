// The console's script. It asks this server only, and needs nothing but what a browser brings.
"use strict";

// ---- Small tools ----

const byId = (id) => document.getElementById(id);

/** An element with attributes and children; text children are text, never markup. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function draw(name, attributes = {}, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Paths are relative to the page, so that a proxy may put it below a path of its own. */
const address = (path) => new URL(path.replace(/^\//, ""), document.baseURI.replace(/console$/, ""));

/** The API key of this tab, where the server asks for one. */
let apiKey = "";
try { apiKey = sessionStorage.getItem("apus-key") ?? ""; } catch { /* Then it is asked for anew with every page. */ }

/** What an answer says: JSON taken apart, or the text of an error. */
async function ask(path, options = {}) {
  const headers = { ...options.headers, ...(apiKey ? { Authorization: `Bearer ${apiKey}` } : {}) };
  const answer = await fetch(address(path), { cache: "no-store", ...options, headers });
  const text = await answer.text();
  let json = null;
  try { json = JSON.parse(text); } catch { /* Not every error comes as JSON. */ }
  return { ok: answer.ok, status: answer.status, text, json };
}

const problem = (answer) => answer.json?.error ?? `The server answered with status ${answer.status}.`;

/** A number for people: three digits that count, and thousands apart. */
function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const digits = size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return Number(value.toFixed(digits)).toLocaleString("en", { maximumFractionDigits: 2 });
}

const duration = (milliseconds) =>
  milliseconds === null || milliseconds === undefined ? "–"
    : milliseconds >= 1000 ? `${short(milliseconds / 1000)} s`
    : milliseconds >= 1 ? `${short(milliseconds)} ms` : `${short(milliseconds * 1000)} µs`;

function bytes(value) {
  if (value === null || value === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${short(value)} ${units[unit]}`;
}

const clock = (milliseconds) => new Date(milliseconds).toLocaleTimeString("en-GB");

/** How long ago, in one unit. */
function ago(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 1) return "now";
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

/** The same for what happens many times a second. */
const agoShort = (milliseconds) => milliseconds < 10000 ? `${(milliseconds / 1000).toFixed(2)} s ago` : ago(milliseconds);

/** The server's clock, as far as it is known: browsers' clocks may be wrong. */
let clockDifference = 0;
const serverNow = () => Date.now() + clockDifference;

function tellTimes(root = document) {
  for (const time of root.querySelectorAll("time")) {
    const date = Date.parse(time.dateTime);
    const text = ago(serverNow() - date);
    if (time.textContent !== text) time.textContent = text;
    time.title = new Date(date).toLocaleString("en-GB");
  }
}

/** Puts options into a select, keeping what is chosen as long as it is there. */
function setOptions(select, options) {
  const wanted = options.map(([value, text]) => `${value}\u0000${text}`).join("\u0001");
  if (select.dataset.options === wanted) return;
  const chosen = select.value;
  select.dataset.options = wanted;
  select.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

// ---- Charts ----

const history = { samples: [], next: 0, started: 0 };
const shownSpan = () => Number(document.querySelector("input[name=span]:checked").value) * 1000;
const charts = [];
/** The time under the pointer, in all charts; null shows the newest. */
let pointed = null;

/** Round numbers from 0 to at least `largest`, about four of them. */
function ticks(largest, base = 10) {
  if (!(largest > 0)) return [0, 1];
  const power = base ** Math.floor(Math.log(largest / 3) / Math.log(base));
  const factors = base === 10 ? [1, 2, 5, 10] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
  const step = factors.map((factor) => factor * power).find((step) => largest / step <= 4);
  const values = [];
  for (let value = 0; ; value += step) {
    values.push(value);
    if (value >= largest) return values;
  }
}

class Chart {
  /** `lines`: {key, name, style} each; `text` writes a value; `least` is the smallest upper end of the axis. */
  constructor({ id, title, lines, text, tick = text, least = 0, base = 10 }) {
    Object.assign(this, { id, lines, text, tick, least, base });
    this.values = lines.map(() => make("b", {}, "–"));
    this.when = make("span", { class: "when" });
    this.svg = draw("svg", { "aria-hidden": "true" });
    this.figure = make("figure", { class: "chart card", id: `chart-${id}`, tabindex: "0" },
      make("figcaption", {}, make("h3", {}, title), this.when),
      make("ul", { class: "legend" }, ...lines.map((line, index) =>
        make("li", {}, make("i", { class: line.style }), this.values[index], make("span", { class: "muted" }, line.name)))),
      this.svg);
    this.title = title;
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => pointAt(null));
    this.figure.addEventListener("keydown", (event) => this.key(event));
    this.figure.addEventListener("blur", () => pointAt(null));
    new ResizeObserver(() => this.render()).observe(this.svg);
  }

  get plot() {
    return { left: 52, right: this.width - 8, top: 8, bottom: this.height - 20 };
  }

  point(event) {
    const { left, right } = this.plot;
    const share = (event.clientX - this.svg.getBoundingClientRect().left - left) / (right - left);
    pointAt(this.from + Math.min(1, Math.max(0, share)) * (this.to - this.from));
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (event.key === "Escape") return pointAt(null);
    if (event.key === "Home") { event.preventDefault(); return pointAt(this.from); }
    if (event.key === "End") { event.preventDefault(); return pointAt(null); }
    if (step === undefined) return;
    event.preventDefault();
    pointAt(Math.min(this.to, Math.max(this.from, (pointed ?? this.to) + step * 1000)));
  }

  render() {
    this.width = this.svg.clientWidth;
    this.height = this.svg.clientHeight;
    if (!this.width) return;
    const samples = history.samples;
    this.to = samples.length ? samples[samples.length - 1].date : serverNow();
    // As long as there is less than that, what there is fills the width.
    const span = Math.min(shownSpan(), Math.max(60000, this.to - (samples[0]?.date ?? this.to)));
    this.from = this.to - span;
    const shown = samples.filter((sample) => sample.date >= this.from - 1500);
    const values = shown.flatMap((sample) => this.lines.map((line) => sample[line.key] ?? 0));
    const scale = ticks(Math.max(this.least, ...values), this.base);
    const top = scale[scale.length - 1];
    const { left, right, ...plot } = this.plot;
    const x = (date) => left + (date - this.from) / (this.to - this.from) * (right - left);
    const y = (value) => plot.bottom - value / top * (plot.bottom - plot.top);
    const parts = [];
    for (const value of scale) {
      parts.push(draw("line", { class: value ? "grid" : "axis", x1: left, x2: right, y1: y(value), y2: y(value) }));
      parts.push(draw("text", { x: left - 7, y: y(value) + 4, "text-anchor": "end" }, this.tick(value)));
    }
    parts.push(draw("text", { x: left, y: this.height - 5 }, clock(this.from)));
    parts.push(draw("text", { x: (left + right) / 2, y: this.height - 5, "text-anchor": "middle" },
      clock((this.from + this.to) / 2)));
    parts.push(draw("text", { x: right, y: this.height - 5, "text-anchor": "end" }, clock(this.to)));
    this.lines.forEach((line, index) => parts.push(...this.path(shown, line, index, x, y, left)));
    const at = this.sampleAt(shown, pointed);
    if (pointed !== null && at) {
      parts.push(draw("line", { class: "cross", x1: x(at.date), x2: x(at.date), y1: plot.top, y2: plot.bottom }));
    }
    this.svg.replaceChildren(...parts);
    this.tell(at, shown.length);
  }

  /** A line that is interrupted where there is nothing to show; the first one has its area filled. */
  path(shown, line, index, x, y, left) {
    let path = "";
    let area = "";
    let start = null;
    let last = null;
    const close = () => {
      if (start !== null) area += `L${last.toFixed(1)} ${y(0).toFixed(1)}L${start.toFixed(1)} ${y(0).toFixed(1)}Z`;
      start = null;
    };
    for (const sample of shown) {
      const value = sample[line.key];
      if (value === null || value === undefined) { close(); continue; }
      const px = Math.max(left, x(sample.date));
      const point = `${px.toFixed(1)} ${y(value).toFixed(1)}`;
      path += start === null ? `M${point}h0.01` : `L${point}`;
      area += start === null ? `M${px.toFixed(1)} ${y(0).toFixed(1)}L${point}` : `L${point}`;
      if (start === null) start = px;
      last = px;
    }
    close();
    const drawn = [];
    if (index === 0 && area) drawn.push(draw("path", { class: `area ${line.style.replace(/^s/, "f").split(" ")[0]}`, d: area }));
    if (path) drawn.push(draw("path", { class: `line ${line.style}`, d: path }));
    return drawn;
  }

  sampleAt(shown, time) {
    if (time === null || !shown.length) return shown[shown.length - 1];
    return shown.reduce((best, sample) => Math.abs(sample.date - time) < Math.abs(best.date - time) ? sample : best);
  }

  tell(sample, count) {
    const texts = this.lines.map((line) => this.text(sample?.[line.key] ?? null));
    texts.forEach((text, index) => { this.values[index].textContent = text; });
    this.when.textContent = pointed === null || !sample ? "" : clock(sample.date);
    this.figure.dataset.points = String(count);
    this.figure.setAttribute("aria-label",
      `${this.title}: ${this.lines.map((line, index) => `${line.name} ${texts[index]}`).join(", ")}. Arrow keys move in time.`);
  }
}

function pointAt(time) {
  if (pointed === time) return;
  pointed = time;
  renderCharts();
}

function renderCharts() { for (const chart of charts) chart.render(); }

function makeCharts() {
  const chart = (options) => { charts.push(new Chart(options)); };
  chart({ id: "rate", title: "Requests per second", text: short, least: 1, lines: [
    { key: "succeeded", name: "answered", style: "sa" }, { key: "failed", name: "failed", style: "sbad dashed" }] });
  chart({ id: "latency", title: "Time of answers", text: duration, least: 0.001, lines: [
    { key: "p50", name: "50 %", style: "sa" }, { key: "p95", name: "95 %", style: "sb dashed" },
    { key: "p99", name: "99 %", style: "sc dotted" }] });
  chart({ id: "waiting", title: "Requests that wait", text: short, least: 1, lines: [
    { key: "waiting", name: "in queues", style: "sa" }] });
  chart({ id: "batch", title: "Rows of a batch", text: short, least: 1, lines: [
    { key: "rows", name: "on average, all models", style: "sa" }] });
  chart({ id: "cpu", title: "Processor cores in use", text: short, least: 0.1, lines: [
    { key: "cores", name: "by this process", style: "sa" }] });
  chart({ id: "memory", title: "Memory", text: bytes, least: 1 << 20, base: 2, lines: [
    { key: "memory", name: "resident", style: "sa" }] });
  byId("charts").append(...charts.map((each) => each.figure));
}

// ---- Samples, and the states when they changed ----

const COLUMNS = ["date", "succeeded", "failed", "p50", "p95", "p99", "waiting", "rows", "runs", "cores", "memory"];
let changes = -1;
let lastAnswer = Date.now();

function take(answer) {
  clockDifference = answer.now - Date.now();
  // Another process answers now: what is shown would be of two.
  if (answer.started !== history.started) {
    Object.assign(history, { samples: [], started: answer.started });
    recorder = null;
  }
  const known = history.samples.length ? history.samples[history.samples.length - 1].date : 0;
  answer.date.forEach((date, index) => {
    if (date > known) history.samples.push(Object.fromEntries(COLUMNS.map((name) => [name, answer[name][index]])));
  });
  history.samples.splice(0, history.samples.length - 600);
  history.next = answer.next;
}

async function pollSamples() {
  const model = byId("traffic-model").value;
  const query = new URLSearchParams({ since: String(history.next) });
  if (model) query.set("model", model);
  const answer = await ask(`console/samples?${query}`);
  if ([401, 403].includes(answer.status)) return lock(answer);
  document.documentElement.classList.remove("locked");
  byId("key").hidden = true;
  if (!answer.ok) throw new Error(problem(answer));
  // The answer to a question that was asked before another model was chosen.
  if (model !== byId("traffic-model").value) return;
  take(answer.json);
  renderCharts();
  traffic = answer.json.models;
  tellTraffic();
  const state = `${answer.json.changes} ${answer.json.ready} ${answer.json.draining}`;
  if (state !== changes) await pollStates(state);
}

/** The traffic of each model's last second, in the table of models. */
let traffic = {};
function tellTraffic() {
  for (const body of document.querySelectorAll("#states [data-model]")) {
    const model = traffic[body.dataset.model];
    for (const cell of body.querySelectorAll("[data-figure]")) {
      const value = model?.[cell.dataset.figure];
      const isTime = cell.dataset.figure.startsWith("p");
      cell.textContent = isTime ? duration(value) : short(value ?? 0);
      cell.classList.toggle("bad", cell.dataset.figure === "failed" && value > 0);
      cell.classList.toggle("muted", !value);
    }
  }
}

async function pollStates(state) {
  const answer = await ask("console/states");
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(answer.text, "text/html");
  const wasOpen = byId("events")?.open;
  byId("status").replaceChildren(...page.querySelector("[data-part=status]").childNodes);
  byId("states").replaceChildren(...page.querySelector("[data-part=models]").childNodes);
  if (wasOpen) byId("events").open = true;
  changes = state;
  tellTimes();
  tellTraffic();
  await pollAbout();
}

async function pollAbout() {
  const answer = await ask("console/about");
  if (!answer.ok) return;
  const names = answer.json.models.map((model) => model.name);
  const available = answer.json.models.filter((model) => model.available).map((model) => [model.name, model.name]);
  const all = [["", "All models"], ...names.map((name) => [name, name])];
  setOptions(byId("traffic-model"), all);
  setOptions(byId("slow-model"), all);
  byId("chart-cpu").querySelector(".legend span").textContent = `of ${answer.json.cores}`;
  setOptions(byId("scheduler-model"), available);
  setOptions(byId("play-model"), available);
  byId("deployment").hidden = !answer.json.deployment;
  await Promise.all([pollScheduler(), chooseModel(), pollDeployment()]);
}

/** What of a deployment the server serves, and where it asks for the rest. */
async function pollDeployment() {
  if (byId("deployment").hidden) return;
  const place = byId("deployment-state");
  const answer = await ask("v1/cluster");
  if (!answer.ok) return place.replaceChildren(make("p", { class: "error" }, problem(answer)));
  const { source, served, warnings, store, routes } = answer.json;
  const seconds = (value) => duration(value * 1000);
  const known = store && (store.known_age_seconds === undefined ? "nothing yet"
    : store.known_age_seconds === 0 ? "as the store says" : `as it was ${seconds(store.known_age_seconds)} ago`);
  place.replaceChildren(
    ...warnings.map((warning) => make("p", { class: "error" }, warning)),
    facts([
      ["Serves", `${served.length ? served.join(", ") : "nothing"}, of the ${source}`],
      [store?.name, store && `${store.connected ? "connected" : "away"} for ${seconds(store.state_seconds)}`],
      ["Why", store?.problem],
      ["Known", known && (store.layout_stale ? `${known}; the layout is there no more` : known)],
      ["Registered", store && `${store.registered.length} nodes`],
    ]),
    table([["Servable"], ["Replicas"]], routes.map((route) =>
      [route.name, route.addresses.join(", ") + (route.stale ? " (as it was; nobody says so now)" : "")])));
}

/** Asks for a key, and shows nothing meanwhile. */
function lock(answer) {
  const note = byId("key-note");
  note.textContent = apiKey ? problem(answer) : "";
  if (!byId("key").hidden) return;
  document.documentElement.classList.add("locked");
  byId("key").hidden = false;
  byId("key-text").focus();
}

function unlock(event) {
  event.preventDefault();
  apiKey = byId("key-text").value.trim();
  try { sessionStorage.setItem("apus-key", apiKey); } catch { /* As above. */ }
  pollSamples().catch(() => { /* The next round says so. */ });
}

/** Once a second; less often while nobody sees the page. The server keeps what is missed. */
async function run() {
  for (;;) {
    try {
      await pollSamples();
      lastAnswer = Date.now();
      byId("lost").hidden = true;
    } catch (error) {
      byId("lost").hidden = false;
      byId("lost").textContent = `The server does not answer since ${clock(lastAnswer)}. What is shown is older. Trying again.`;
    }
    tellTimes();
    await new Promise((resume) => { setTimeout(resume, document.hidden ? 5000 : 1000); });
  }
}

/** Does it again and again while the page is seen, each time when the one before is over. */
async function every(milliseconds, work) {
  for (;;) {
    const isShown = !document.hidden && !document.documentElement.classList.contains("locked") && changes !== -1;
    if (isShown) await work().catch(() => { /* The samples say when the server is gone. */ });
    await new Promise((resume) => { setTimeout(resume, milliseconds); });
  }
}

function chooseTraffic() {
  Object.assign(history, { samples: [], next: 0 });
  pollSamples().catch(() => { /* The next round says so. */ });
}

// ---- Scheduler ----

/** A row is its cells, or an element of its own. */
function table(head, rows, attributes = {}) {
  return make("div", { class: "wide", ...attributes }, make("table", {},
    make("thead", {}, make("tr", {}, ...head.map(([name, kind]) => make("th", { scope: "col", class: kind ?? "" }, name)))),
    make("tbody", { class: "plain" }, ...rows.map((row) => row instanceof Element ? row
      : make("tr", {}, ...row.map((cell, index) => make("td", { class: head[index][1] ?? "" }, cell)))))));
}

/** Time of a run by its rows, as learnt. */
function curvePlot(curves) {
  const width = 480, height = 190, left = 58, right = width - 12, top = 10, bottom = height - 38;
  const points = curves.flatMap((curve) => curve.points);
  const most = Math.max(1, ...points.map((point) => point.rows));
  const scale = ticks(Math.max(...points.map((point) => point.microseconds)));
  const x = (rows) => left + (most === 1 ? 0.5 : Math.log2(rows) / Math.log2(most)) * (right - left);
  const y = (value) => bottom - value / scale[scale.length - 1] * (bottom - top);
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "curve",
    "aria-label": `Time of a run by its rows: ${points.map((point) => `${short(point.rows)} rows ${duration(point.microseconds / 1000)}`).join(", ")}` });
  for (const value of scale) {
    svg.append(draw("line", { class: value ? "grid" : "axis", x1: left, x2: right, y1: y(value), y2: y(value) }),
      draw("text", { x: left - 7, y: y(value) + 4, "text-anchor": "end" }, duration(value / 1000)));
  }
  for (let rows = 1, last = -Infinity; rows <= most; rows *= 2) {
    if (x(rows) - last < 34) continue;
    last = x(rows);
    svg.append(draw("text", { x: last, y: bottom + 16, "text-anchor": "middle" }, short(rows)));
  }
  svg.append(draw("text", { x: (left + right) / 2, y: height - 5, "text-anchor": "middle" }, "rows of a run"));
  curves.forEach((curve, index) => {
    const style = ["sa", "sb dashed", "sc dotted"][index % 3];
    const spots = curve.points.map((point) => [x(Math.max(1, point.rows)), y(point.microseconds)]);
    if (spots.length > 1) svg.append(draw("path", { class: `line ${style}`, d: `M${spots.map((spot) => spot.join(" ")).join("L")}` }));
    for (const [cx, cy] of spots) svg.append(draw("circle", { class: "fa", cx, cy, r: 3 }));
  });
  return svg;
}

function facts(pairs) {
  return make("dl", {}, ...pairs.filter(([, text]) => text).flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]));
}

const counts = (object) => Object.entries(object).map(([reason, count]) => `${short(count)}: ${reason}`).join("; ");

function queueCard(queue, page) {
  const curves = queue.curves.filter((curve) => curve.points.length);
  const rest = queue.requests === "those that share no batch";
  const busiest = curves.slice(0, 3);
  return make("article", { class: "queue card", "data-queue": queue.requests },
    make("h3", {}, rest ? "Requests that share no batch" : `Requests of ${queue.requests}`),
    make("div", { class: "columns" },
      facts([
        ["Limited by", queue.limited_by],
        ["Waiting", `${short(queue.waiting.tasks)} requests, ${short(queue.waiting.rows)} rows, ${bytes(queue.waiting.bytes)}`],
        ["Coming", `${short(queue.arrival_rows_per_second)} rows/s`],
        ["Served", `${short(queue.service_rows_per_second)} rows/s`],
        ["Answers wanted in", page.latency_slo_ms ? duration(page.latency_slo_ms) : ""],
        ["Batches", queue.batches ?? ""],
        ["Cheapest size", curves.length ? busiest.map((curve) => `${short(curve.cheapest_rows)} rows`).join(", ") : ""],
        ["Policy", queue.policy === "adaptive" ? "adaptive" : "batching parameters"],
        ["Refused", counts(queue.refused)],
        ["Given up", counts(queue.dropped)],
      ]),
      busiest.length ? make("div", {}, make("p", { class: "muted" }, "Learnt time of a run"), curvePlot(busiest)) : null),
    queue.last_releases.length ? table(
      [["When"], ["Rows", "number"], ["Requests", "number"], ["Expected", "number"], ["Took", "number"], ["Left waiting", "number"], ["Why then"]],
      queue.last_releases.slice().reverse().map((release) => [
        agoShort(release.milliseconds_ago), short(release.rows), short(release.requests),
        release.predicted_microseconds === undefined ? "–" : duration(release.predicted_microseconds / 1000),
        release.measured_microseconds === undefined ? "–" : duration(release.measured_microseconds / 1000),
        short(release.left_waiting.tasks), release.reason]), { class: "wide scroll", tabindex: "0", "aria-label": "Last batches" }) : null,
    queue.last_losses.length ? make("details", {}, make("summary", {}, `Last ${queue.last_losses.length} requests that were refused or given up`),
      table([["When"], ["Rows", "number"], ["Waited", "number"], ["Time given", "number"], ["Expected", "number"], ["Why"]],
        queue.last_losses.slice().reverse().map((loss) => [
          agoShort(loss.milliseconds_ago), short(loss.rows), duration(loss.waited_microseconds / 1000),
          loss.time_given_microseconds === undefined ? "–" : duration(loss.time_given_microseconds / 1000),
          loss.predicted_microseconds === undefined ? "–" : duration(loss.predicted_microseconds / 1000),
          loss.dropped ?? loss.refused]))) : null);
}

async function pollScheduler() {
  const model = byId("scheduler-model").value;
  const place = byId("queues");
  if (!model) return place.replaceChildren(make("p", { class: "empty" }, "No model can be asked now."));
  const answer = await ask(`console/scheduler?${new URLSearchParams({ model })}`);
  if (model !== byId("scheduler-model").value) return;
  if (!answer.ok) return place.replaceChildren(make("p", { class: "error" }, problem(answer)));
  const used = answer.json.queues.filter((queue) => queue.last_releases.length || queue.last_losses.length || queue.waiting.tasks);
  // What somebody reads, selects or scrolls stays as it is.
  if (place.contains(document.activeElement) || place.matches(":hover") && place.childElementCount === used.length) return;
  place.replaceChildren(...(used.length ? used.map((queue) => queueCard(queue, answer.json))
    : [make("p", { class: "empty" }, `No request has come to ${model} yet.`)]));
}

// ---- Slow requests ----

const STAGES = [["receive", "receive", "coming in"], ["load", "load-stage", "model loaded"], ["parse", "parse", "read"],
  ["queue", "queue-stage", "waiting"], ["run", "run-stage", "running"], ["encode", "encode", "answer written"]];

/** Whether the server keeps requests; null until it was asked. */
let recorder = null;

async function findRecorder() {
  const answer = await ask("v1/debug/requests?limit=1");
  recorder = answer.ok && answer.json?.enabled === true;
}

async function pollSlow() {
  const model = byId("slow-model").value;
  const place = byId("slow-requests");
  if (recorder === null) await findRecorder();
  if (!recorder) {
    return place.replaceChildren(make("p", { class: "empty" }, "The flight recorder is off: this server keeps no requests."));
  }
  const query = new URLSearchParams({ limit: "50", ...(model ? { model } : {}) });
  const answers = await Promise.all(["slow", "failed"].map((kept) => ask(`v1/debug/requests?kept=${kept}&${query}`)));
  if (model !== byId("slow-model").value) return;
  const failure = answers.find((answer) => !answer.ok);
  if (failure) return place.replaceChildren(make("p", { class: "error" }, problem(failure)));
  if (place.contains(document.activeElement) || place.matches(":hover") && place.querySelector("table")) return;
  // A request may be both.
  const kept = new Map(answers.flatMap((answer) => answer.json.requests).map((request) => [JSON.stringify(request), request]));
  const requests = [...kept.values()].sort((a, b) => Date.parse(b.time) - Date.parse(a.time)).slice(0, 50);
  place.replaceChildren(...(requests.length ? [stageKey(), slowTable(requests)]
    : [make("p", { class: "empty" }, "No slow and no failed request is kept.")]));
}

const stageKey = () => make("ul", { class: "key" }, ...STAGES.map(([, style, text]) => make("li", {}, make("i", { class: style }), text)));

function stageBar(request) {
  const parts = STAGES.map(([name, style, text]) => ({ style, text, time: request.stages_us?.[name] ?? 0 }));
  const sum = parts.reduce((total, part) => total + part.time, 0) || 1;
  const told = parts.filter((part) => part.time > 0).map((part) => `${part.text} ${duration(part.time / 1000)}`).join(", ");
  return make("div", { class: "stages", role: "img", "aria-label": told, title: told }, ...parts.map((part) => {
    const bar = make("i", { class: part.style });
    bar.style.width = `${part.time / sum * 100}%`;
    return bar;
  }));
}

const rowsText = (request) => request.batch_requests > 1 ? `${short(request.rows)} of ${short(request.batch_rows)}` : short(request.rows);

const slowTable = (requests) => table(
  [["When"], ["Model"], ["Call"], ["Took", "number"], ["Stages"], ["Waited", "number"], ["Ran", "number"], ["Rows", "number"], ["Status"]],
  requests.flatMap((request) => [[clock(Date.parse(request.time)),
    `${request.model ?? "–"}${request.version === undefined ? "" : ` ${request.version}`}`, `${request.api}, ${request.entry}`,
    duration(request.duration_us / 1000), stageBar(request),
    duration(request.stages_us?.queue === undefined ? null : request.stages_us.queue / 1000),
    duration(request.stages_us?.run === undefined ? null : request.stages_us.run / 1000),
    rowsText(request), make("span", { class: request.failed ? "bad" : "" }, request.status)],
    ...(request.error ? [make("tr", { class: "reason" }, make("td", { colspan: "9" }, request.error))] : [])]),
  { class: "wide tall", tabindex: "0", "aria-label": "Slow and failed requests" });

// ---- Control ----

async function control(button) {
  const model = button.closest("[data-model]").dataset.model;
  const action = button.dataset.action;
  if (action === "unload" && !confirm(`Unload ${model}? Requests to it will fail.`)) return;
  button.disabled = true;
  const answer = await ask(`v2/repository/models/${encodeURIComponent(model)}/${action}`,
    { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } }).catch(() => null);
  button.disabled = false;
  byId("control-note").textContent = answer?.ok ? "" : `${model}: ${answer ? problem(answer) : "the server does not answer."}`;
}

// ---- Playground ----

const IMAGE_SIDES = [4, 4096];
const play = { signatures: {}, model: "", version: "" };

/** [1, 28, 28, 1] of a signature's shape; -1 is any size, null any rank. */
const shapeOf = (info) => info.tensor_shape.unknown_rank ? null : info.tensor_shape.dim.map((dim) => Number(dim.size));
const shapeText = (shape) => shape === null ? "any shape" : shape.length ? shape.map((size) => size < 0 ? "any" : size).join(" × ") : "one value";
const typeText = (dtype) => dtype.replace(/^DT_/, "").toLowerCase();
const isText = (info) => info.dtype === "DT_STRING";
const isFraction = (info) => /FLOAT|DOUBLE|HALF|BFLOAT/.test(info.dtype);

/** Rows of pixels with 1, 3 or 4 colours: an image, or a batch of them. */
function imageForm(info) {
  const shape = shapeOf(info);
  if (!shape || isText(info) || info.dtype === "DT_BOOL" || shape.length < 3 || shape.length > 4) return null;
  const [height, width, colours] = shape.slice(-3);
  const fits = (side) => side < 0 || (side >= IMAGE_SIDES[0] && side <= IMAGE_SIDES[1]);
  if (![1, 3, 4].includes(colours) || !fits(height) || !fits(width)) return null;
  return { height, width, colours, isBatch: shape.length === 4 };
}

function example(info) {
  const value = isText(info) ? "text" : info.dtype === "DT_BOOL" ? true : isFraction(info) ? 1.0 : 1;
  const build = ([size, ...rest]) => size === undefined ? value
    : Array.from({ length: size < 0 ? 1 : size }, () => build(rest));
  const shape = shapeOf(info) ?? [1];
  return shape.reduce((product, size) => product * Math.max(1, size), 1) > 4096 ? null : build(shape);
}

const jsonText = (value) => JSON.stringify(value);

async function chooseModel() {
  const model = byId("play-model").value;
  if (!model) {
    play.model = "";
    return byId("play-form").replaceChildren(make("p", { class: "empty" }, "No model can be asked now."));
  }
  if (model === play.model) return;
  play.model = model;
  setOptions(byId("play-version"), [["", "latest"]]);
  byId("play-form").replaceChildren();
  byId("play-answer").replaceChildren();
  const status = await ask(`v1/models/${encodeURIComponent(model)}`);
  if (model !== play.model) return;
  const versions = (status.json?.model_version_status ?? []).filter((version) => version.state === "AVAILABLE");
  setOptions(byId("play-version"), [["", "latest"], ...versions.map(({ version }) => [version, version])]);
  await chooseVersion();
}

const modelPath = () => {
  const version = byId("play-version").value;
  return `v1/models/${encodeURIComponent(play.model)}${version ? `/versions/${version}` : ""}`;
};

async function chooseVersion() {
  const path = modelPath();
  const answer = await ask(`${path}/metadata`);
  if (path !== modelPath()) return;
  const signatures = answer.json?.metadata?.signature_def?.signature_def;
  if (!answer.ok || !signatures) {
    setOptions(byId("play-signature"), []);
    return byId("play-form").replaceChildren(make("p", { class: "error" }, problem(answer)));
  }
  play.signatures = signatures;
  const names = Object.keys(signatures).filter((name) => name !== "__saved_model_init_op").sort();
  setOptions(byId("play-signature"), names.map((name) => [name, name]));
  if (names.includes("serving_default")) byId("play-signature").value = "serving_default";
  buildForm();
}

function buildForm() {
  const signature = play.signatures[byId("play-signature").value];
  const form = byId("play-form");
  byId("play-answer").replaceChildren();
  if (!signature) return form.replaceChildren(make("p", { class: "empty" }, "The model has no signature."));
  play.inputs = Object.entries(signature.inputs).sort().map(([name, info]) => inputField(name, info));
  const note = make("span", { class: "muted" });
  form.replaceChildren(...play.inputs.map((input) => input.element),
    make("div", { class: "send" }, make("button", { type: "submit" }, "Send"), note));
  form.note = note;
  form.dataset.model = play.model;
}

/** A field for one input: JSON, with an image or a file to choose where that may be meant. */
function inputField(name, info) {
  const id = `input-${name}`;
  const value = example(info);
  const area = make("textarea", { id, spellcheck: false, rows: "3", "aria-describedby": `${id}-kind` }, value === null ? "" : jsonText(value));
  const field = { name, area, image: null, read: () => field.image ?? JSON.parse(area.value) };
  const kind = make("span", { class: "muted", id: `${id}-kind` }, `${typeText(info.dtype)}, ${shapeText(shapeOf(info))}`);
  field.element = make("div", { class: "input" }, make("div", { class: "title" }, make("label", { for: id }, name), kind), area);
  const form = imageForm(info);
  if (form) field.element.append(imageChooser(field, info, form));
  else if (isText(info)) field.element.append(fileChooser(field, shapeOf(info)));
  area.addEventListener("input", () => { field.image = null; });
  return field;
}

function fileChooser(field, shape) {
  const input = make("input", { type: "file", "aria-label": `A file as the value of ${field.name}` });
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    const data = new Uint8Array(await file.arrayBuffer());
    let binary = "";
    for (let start = 0; start < data.length; start += 32768) binary += String.fromCharCode(...data.subarray(start, start + 32768));
    const rank = shape === null ? 1 : shape.length;
    let value = { b64: btoa(binary) };
    for (let depth = 0; depth < rank; depth += 1) value = [value];
    field.image = value;
    field.area.value = `${file.name}, ${bytes(data.length)}, as base64`;
  });
  return make("div", { class: "file" }, make("span", {}, "or the bytes of a file"), input);
}

const RANGES = [["1", "0 to 1"], ["2", "-1 to 1"], ["255", "0 to 255"]];

function imageChooser(field, info, form) {
  const input = make("input", { type: "file", accept: "image/*", "aria-label": `An image as the value of ${field.name}` });
  const range = make("select", { "aria-label": "Values of the pixels" }, ...RANGES.map(([value, text]) => make("option", { value }, text)));
  if (!isFraction(info)) { range.value = "255"; range.disabled = true; }
  const canvas = make("canvas", { hidden: true });
  const load = async () => {
    const file = input.files[0];
    if (!file) return;
    let picture;
    try { picture = await createImageBitmap(file); } catch {
      field.area.value = `${file.name} is not an image that this browser can read.`;
      return;
    }
    canvas.width = form.width < 0 ? Math.min(picture.width, IMAGE_SIDES[1]) : form.width;
    canvas.height = form.height < 0 ? Math.min(picture.height, IMAGE_SIDES[1]) : form.height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.hidden = false;
    const pixels = pixelsOf(context.getImageData(0, 0, canvas.width, canvas.height), form.colours, range.value);
    field.image = form.isBatch ? [pixels] : pixels;
    field.area.value = `${file.name} as ${canvas.height} × ${canvas.width} × ${form.colours}, values ${range.selectedOptions[0].text}`;
  };
  input.addEventListener("change", load);
  range.addEventListener("change", load);
  return make("div", { class: "file" }, make("span", {}, "or an image"), input, make("label", {}, "values", range), canvas);
}

function pixelsOf({ data, width, height }, colours, range) {
  const scale = { 1: (value) => value / 255, 2: (value) => value / 127.5 - 1, 255: (value) => value }[range];
  const rounded = (value) => Math.round(scale(value) * 1e6) / 1e6;
  return Array.from({ length: height }, (_, row) => Array.from({ length: width }, (_, column) => {
    const start = (row * width + column) * 4;
    const [red, green, blue] = data.subarray(start, start + 3);
    if (colours === 1) return [rounded(0.299 * red + 0.587 * green + 0.114 * blue)];
    return Array.from(data.subarray(start, start + colours), rounded);
  }));
}

async function send(event) {
  event.preventDefault();
  const inputs = {};
  const place = byId("play-answer");
  for (const input of play.inputs) {
    try { inputs[input.name] = input.read(); input.area.removeAttribute("aria-invalid"); } catch (error) {
      input.area.setAttribute("aria-invalid", "true");
      input.area.focus();
      return place.replaceChildren(make("p", { class: "error" }, `${input.name} is not JSON: ${error.message}`));
    }
  }
  const name = byId("play-signature").value;
  const body = JSON.stringify({ signature_name: name, inputs });
  const button = byId("play-form").querySelector("button[type=submit]");
  const path = `${modelPath()}:predict`;
  button.disabled = true;
  const start = performance.now();
  let answer;
  try {
    answer = await ask(path, { method: "POST", body, headers: { "Content-Type": "application/json" } });
  } catch {
    answer = { ok: false, json: { error: "The server does not answer." }, text: "", status: 0 };
  }
  button.disabled = false;
  byId("play-form").note.textContent = `${answer.ok ? "Answered" : "Failed"} in ${duration(performance.now() - start)}`;
  if (!answer.ok) place.replaceChildren(make("p", { class: "error" }, problem(answer)));
  else showAnswer(place, answer, play.signatures[name].outputs);
  place.append(requestText(path, body));
}

function requestText(path, body) {
  const text = body.length > 2000 ? `${body.slice(0, 2000)}… (${bytes(body.length)})` : body;
  const quoted = text.replaceAll("'", "'\\''");
  return make("details", {}, make("summary", {}, "The request, for a shell"), make("pre", {}, `curl -d '${quoted}' '${address(path)}'`));
}

function showAnswer(place, answer, outputs) {
  const names = Object.keys(outputs).sort();
  // One output comes bare, several by their names.
  const values = names.length === 1 ? { [names[0]]: answer.json.outputs } : answer.json.outputs;
  const text = answer.text.length > 20000 ? `${answer.text.slice(0, 20000)}…` : answer.text;
  place.replaceChildren(...names.map((name) => make("section", { class: "result card", "data-output": name },
    make("div", { class: "title" }, make("h3", {}, name), make("span", { class: "muted" }, `${typeText(outputs[name].dtype)}, ${shapeText(sizeOf(values[name]))}`)),
    view(values[name], outputs[name]))),
  make("details", {}, make("summary", {}, "The answer as JSON"), make("pre", {}, text)));
}

function sizeOf(value) {
  const size = [];
  for (let rest = value; Array.isArray(rest); rest = rest[0]) size.push(rest.length);
  return size;
}

/** The form that suits a value: images, ranked bars for scores, or a table. */
function view(value, info) {
  const size = sizeOf(value);
  const last = size[size.length - 1];
  const looksLikeImage = [3, 4].includes(size.length) && !isText(info)
    && [1, 3, 4].includes(last) && size[size.length - 2] >= IMAGE_SIDES[0] && size[size.length - 3] >= IMAGE_SIDES[0];
  if (looksLikeImage) {
    const images = size.length === 4 ? value : [value];
    return make("div", { class: "images" }, ...images.slice(0, 16).map((image) => picture(image)));
  }
  if (size.length <= 2 && last >= 20 && (size.length === 1 || size[0] === 1) && isFraction(info)) {
    return bars(size.length === 2 ? value[0] : value);
  }
  return grid(value, size);
}

const cellText = (value) => value === null ? "null" : typeof value === "number" ? String(value)
  : typeof value === "string" ? value : typeof value === "object" && "b64" in value ? `base64: ${value.b64}` : JSON.stringify(value);

function grid(value, size) {
  const rows = size.length === 0 ? [[value]] : size.length === 1 ? value.map((cell) => [cell]) : value;
  const columns = Math.max(1, ...rows.map((row) => Array.isArray(row) ? row.length : 1));
  const shownColumns = Math.min(columns, 50);
  const shown = rows.slice(0, 200);
  const isNumber = typeof (size.length === 0 ? value : rows[0]?.[0]) === "number";
  const head = [["Row", "number"], ...Array.from({ length: shownColumns }, (_, index) => [columns === 1 ? "Value" : String(index), isNumber ? "number" : ""])];
  const result = table(head, shown.map((row, index) => [String(index), ...[].concat(row).slice(0, shownColumns).map(cellText)]));
  const left = [rows.length > 200 ? `${rows.length - 200} more rows` : "", columns > 50 ? `${columns - 50} more columns` : ""].filter(Boolean);
  return left.length ? make("div", { class: "result" }, result, make("p", { class: "muted" }, `${left.join(", ")}: see the JSON.`)) : result;
}

/** The ten largest of many values. */
function bars(values) {
  const ranked = values.map((value, index) => [value, index]).sort((a, b) => b[0] - a[0]).slice(0, 10);
  const low = Math.min(0, ...values);
  const high = Math.max(...values, low + 1e-9);
  return make("div", { class: "result" }, make("p", { class: "muted" }, `The 10 largest of ${values.length}`),
    make("div", { class: "bars" }, ...ranked.flatMap(([value, index]) => [
      make("span", { class: "number muted" }, String(index)), make("span", { class: "number" }, value.toPrecision(4)),
      make("meter", { min: String(low), max: String(high), value: String(value), "aria-label": `${index}: ${value}` })])));
}

function picture(rows) {
  const canvas = make("canvas", { role: "img", "aria-label": `${rows[0].length} by ${rows.length} pixels` });
  canvas.width = rows[0].length;
  canvas.height = rows.length;
  canvas.style.width = `${Math.min(480, Math.max(canvas.width, 160))}px`;
  const values = rows.flat(2);
  let low = Infinity, high = -Infinity;
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  // Values from 0 to 1 or to 255 as they are, others from the smallest to the largest.
  const [from, to] = low >= 0 && high <= 1 ? [0, 1] : low >= 0 && high <= 255 ? [0, 255] : [low, high];
  const byte = (value) => Math.round((value - from) / (to - from || 1) * 255);
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  rows.forEach((row, y) => row.forEach((pixel, x) => {
    const [red, green = red, blue = red, alpha = null] = pixel;
    image.data.set([byte(red), byte(green), byte(blue), alpha === null ? 255 : byte(alpha)], (y * canvas.width + x) * 4);
  }));
  context.putImageData(image, 0, 0);
  return canvas;
}

// ---- Start ----

document.documentElement.classList.add("running");
makeCharts();
byId("traffic-model").addEventListener("change", chooseTraffic);
for (const input of document.querySelectorAll("input[name=span]")) input.addEventListener("change", renderCharts);
byId("states").addEventListener("click", (event) => {
  if (event.target.matches("button[data-action]")) control(event.target);
});
byId("key").addEventListener("submit", unlock);
byId("slow-model").addEventListener("change", () => pollSlow());
byId("scheduler-model").addEventListener("change", () => pollScheduler());
byId("play-model").addEventListener("change", () => chooseModel());
byId("play-version").addEventListener("change", () => chooseVersion());
byId("play-signature").addEventListener("change", buildForm);
byId("play-form").addEventListener("submit", send);
tellTimes();
every(2000, pollScheduler);
every(3000, pollSlow);
every(3000, pollDeployment);
run();
