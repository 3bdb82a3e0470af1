// SPDX-License-Identifier: MIT
// The echo tester. Echoes come back in order, so the oldest message still out
// is the one that returns: that gives the round trip and the comparison. A line
// of the log opens, and shows the whole text and the frame.

import { $, closeWords, copyBy, el, frameBox, frameOf, hex, local, number,
         oncePerFrame, onEnter, size, t, takeToken, utf8, wsURL }
  from "/common.js";

const LINES = 500;       // kept in the log
const TRIPS = 120;       // in the plot
const PREVIEW = 300, PREVIEW_BYTES = 48;
const MOST = 64 << 20;   // bytes of one message
const KEPT = 16 << 20;   // bytes that lines remember, to be opened
const WHOLE = 1 << 20;   // characters of a text that are shown
const LAID_OUT = 24;     // bytes of a payload in the picture of a frame
const BRANCHES = 500;    // of one array or object
const SAVED = 12;        // messages
const OUT_BYTES = 8 << 20, OUT = 5000; // on the way before a burst waits

let ws = null;
let out = [];            // sent and not yet back: {data, bytes, at}
let outBytes = 0;
let trips = [];          // ms
let burst = null;        // {data, bytes, every, left, back, began, timer}
let sent, back, changed; // since the log was cleared

// ---- the log: bounded, drawn once a frame

let lines, fresh, dropped;
let kept = 0; // bytes that lines remember

const draw = oncePerFrame(drawAll);

const stamp = (d) => d.toTimeString().slice(0, 8) + "." +
  String(d.getMilliseconds()).padStart(3, "0");

function preview(data) {
  if (typeof data === "string")
    return data.length > PREVIEW ? data.slice(0, PREVIEW) + "…" : data;
  return hex(new Uint8Array(data).subarray(0, PREVIEW_BYTES)) +
    (data.byteLength > PREVIEW_BYTES ? " …" : "");
}

function note(mark, type, words, more) {
  const line = { time: stamp(new Date()), mark, type, size: "", trip: "",
    words, ...more };
  kept += line.bytes || 0;
  for (const list of [lines, fresh]) {
    list.push(line);
    if (list.length > LINES) list.shift(), list === lines && dropped++;
  }
  draw();
}

// What lines remember is bounded: the oldest forget first.
function forget() {
  let left = 0;
  for (let i = lines.length - 1; i >= 0; i--) {
    left += lines[i].bytes || 0;
    if (left > KEPT) lines[i].data = undefined;
  }
  kept = Math.min(left, KEPT);
}

function rowOf(line) {
  const cells = ["mark", "time", "type", "size", "trip", "words"].map((part) =>
    el(part === "mark" && "data" in line ? "button" : "span",
      { className: part, textContent: line[part] }));
  const row = el("div",
    { className: `line ${line.type} ${line.bad ? "wrong" : ""}` }, ...cells);
  line.row = row;
  row.hidden = !found(line);
  if (!("data" in line)) return row;
  const [button] = cells;
  button.setAttribute("aria-label", line.mark + " " + line.time);
  button.setAttribute("aria-expanded", "false");
  row.onclick = () => String(getSelection()) || toggle(line, row, button);
  return row;
}

function drawAll() {
  const log = $("log");
  const end = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  if (kept > KEPT) forget();
  log.setAttribute("aria-live", fresh.length > 8 ? "off" : "polite");
  log.append(...fresh.map(rowOf));
  while (log.querySelectorAll(":scope > .line").length > LINES ||
         log.firstChild?.className === "opened") log.firstChild.remove();
  if (end) log.scrollTop = log.scrollHeight;
  fresh = [];
  const [s, b, c] = [sent, back, changed].map((n) => number(n));
  $("count").textContent = t(`${s} sent · ${b} back · ${c} changed`,
                             `已发 ${s} · 返回 ${b} · 有变 ${c}`);
  plot();
}

// ---- a line that is opened

function branches(value) {
  const list = Object.entries(value).slice(0, BRANCHES);
  const boxes = list.map(([key, child]) => tree(child, key));
  const more = Object.keys(value).length - list.length;
  if (more) boxes.push(el("p", {}, t(`… and ${more} more`, `……还有 ${more} 项`)));
  return boxes;
}

// JSON, folded; what is inside is made when it is unfolded.
function tree(value, key) {
  const name = key === undefined ? "" : key + ": ";
  if (value === null || typeof value !== "object")
    return el("p", {}, name,
      el("code", { textContent: JSON.stringify(value) }));
  const n = Object.keys(value).length;
  const box = el("details", {}, el("summary", { textContent:
    name + (Array.isArray(value) ? `[${n}]` : `{${n}}`) }));
  box.ontoggle = () =>
    box.open && box.childElementCount === 1 && box.append(...branches(value));
  return box;
}

function json(text) {
  try {
    const value = JSON.parse(text);
    if (value === null || typeof value !== "object") return [];
    const box = tree(value);
    box.open = true;
    return [el("h3", { textContent: "JSON" }), box];
  } catch {
    return [];
  }
}

function details({ data, mark, bytes }) {
  if (data === undefined) return [el("p", { textContent:
    t("Too much came since: its bytes are gone.", "之后来的太多，字节已不在。") })];
  const text = typeof data === "string", ours = mark === "↑";
  const payload = text ? utf8(data.slice(0, LAID_OUT)).subarray(0, LAID_OUT)
                       : new Uint8Array(data).subarray(0, LAID_OUT);
  const key = ours ? crypto.getRandomValues(new Uint8Array(4)) : null;
  const whole = text ? data.slice(0, WHOLE)
                     : hex(new Uint8Array(data).subarray(0, WHOLE / 256));
  return [
    el("h3", { textContent: t("As one frame", "作为一帧") }),
    frameBox(frameOf({ payload, length: bytes, text, key })),
    el("p", { className: "hint", textContent: (ours
      ? t("The masking key is made up: a browser does not tell its own. ",
          "掩码是编的：浏览器不告诉真正的掩码。")
      : t("A server does not mask. ", "服务器不加掩码。")) +
      t("Nor of fragments and compression. §: RFC 6455.",
        "分片和压缩也是。§：RFC 6455。") }),
    ...text ? json(whole) : [],
    el("h3", { textContent: text ? t("Text", "文本") : t("Bytes", "字节") }),
    el("pre", { tabIndex: 0, textContent: whole +
      (whole.length < data.length || whole.length < 3 * data.byteLength - 1
        ? " …" : "") }),
  ];
}

function toggle(line, row, button) {
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", open);
  if (open) row.after(el("div", { className: "opened" }, ...details(line)));
  else row.nextSibling.remove();
}

// ---- search

function found({ words, data }) {
  const wanted = $("find").value.toLowerCase();
  return !wanted || words.toLowerCase().includes(wanted) ||
    (typeof data === "string" && data.toLowerCase().includes(wanted));
}

$("find").oninput = () => {
  for (const line of lines) if (line.row) {
    line.row.hidden = !found(line);
    const next = line.row.nextSibling;
    if (next?.className === "opened") next.hidden = line.row.hidden;
  }
};

$("copy").onclick = (e) => copyBy(e.target, [
  dropped && t(`${dropped} earlier lines are gone`, `更早的 ${dropped} 行已删`),
  ...lines.map((l) =>
    [l.time, l.mark, l.type, l.size, l.trip, l.words].join("\t")),
].filter(Boolean).join("\n"));

$("clear").onclick = clear;
function clear() {
  lines = [];
  fresh = [];
  trips = [];
  dropped = sent = back = changed = 0;
  $("log").replaceChildren();
  drawAll();
}

// ---- the plot

const ms = (n) => number(n, n < 10 ? 2 : n < 100 ? 1 : 0) + " ms";

function plot() {
  const sorted = [...trips].sort((a, b) => a - b);
  const at = (q) => sorted[Math.min(sorted.length - 1, q * sorted.length | 0)];
  const most = at(1) * 1.1, step = 600 / (TRIPS - 1);
  const points = trips.map((trip, i) =>
    (i * step).toFixed(1) + " " + (119 - trip / most * 118).toFixed(1));
  const path = points.length ? points.join("L") + `h${step}` : "";
  $("line").setAttribute("d", path && "M" + path);
  $("area").setAttribute("d", path && `M0 120L${path}V120Z`);
  $("top").textContent = path && ms(most);
  $("half").textContent = path && ms(most / 2);
  if (!path) return $("stats").textContent = t("None yet", "尚无数据");
  const [last, mid, p95, top] =
    [trips.at(-1), at(.5), at(.95), at(1)].map(ms);
  $("stats").textContent = t(
    `last ${last} · median ${mid} · 95 % under ${p95} · most ${top}`,
    `最近 ${last} · 中位 ${mid} · 95 % 低于 ${p95} · 最大 ${top}`);
}

// ---- the connection

function state(name, words) {
  document.body.dataset.state = name;
  $("state").textContent = words;
  $("connect").textContent = ws ? t("Disconnect", "断开") : t("Connect", "连接");
  $("connect").className = ws ? "" : "main";
  for (const b of document.querySelectorAll("form button:not(#stop)"))
    b.disabled = name !== "ready";
}

// Any path of this server; only what comes from /echo can be compared.
const path = () => "/" + $("path").value.trim().replace(/^\/+/, "");
let echoes = true;

let token = takeToken((another) => { token = another; });

// A token is offered beside something that the server may choose, for it does
// not choose that.
function offers() {
  const typed = $("protocol").value.split(/[\s,]+/).filter(Boolean);
  return token ? [...new Set([...typed, "bearer", "bearer." + token])] : typed;
}

function connect() {
  echoes = path().split("?")[0] === "/echo";
  try {
    ws = new WebSocket(wsURL(path()), offers());
  } catch (e) {
    return note("!", "error", e.message, { bad: true });
  }
  ws.binaryType = "arraybuffer";
  state("connecting", t("Connecting", "连接中"));
  const began = performance.now(), none = t("none", "无");
  ws.onopen = () => {
    state("ready", t("Connected", "已连接"));
    $("chosen").textContent = ws.protocol || none;
    $("extensions").textContent = ws.extensions || none;
    note("○", "open", [ws.protocol, ws.extensions].filter(Boolean).join(" · "),
      { trip: ms(performance.now() - began) });
  };
  ws.onmessage = (e) => returned(e.data);
  ws.onclose = closed;
}

const why = (code, reason) => closeWords(code) + (reason && ` · “${reason}”`);

function closed({ code, reason, wasClean }) {
  const n = out.length;
  ws = null;
  out = [];
  outBytes = 0;
  stop();
  state("waiting", t("Not connected", "未连接"));
  note("●", "close", why(code, reason) + (n ? " · " +
    t(`${n} did not come back`, `${n} 条没有返回`) : ""), { bad: !wasClean });
}

$("connect").onclick = () => ws ? ws.close(1000) : connect();

// ---- sending and returning

const typeOf = (data) => typeof data === "string" ? "text" : "binary";
const bytesOf = (data) => data.byteLength ?? utf8(data).length;

function send(data, bytes) {
  ws.send(data);
  if (echoes) {
    out.push({ data, bytes, at: performance.now() });
    outBytes += bytes;
  }
  sent++;
  note("↑", typeOf(data), preview(data), { size: size(bytes), data, bytes });
}

function same(a, b) {
  if (typeOf(a) !== typeOf(b)) return false;
  if (typeof a === "string") return a === b;
  const x = new Uint8Array(a), y = new Uint8Array(b);
  return x.length === y.length && x.every((byte, i) => byte === y[i]);
}

function returned(data) {
  const bytes = bytesOf(data);
  if (!echoes) {
    back++;
    return note("↓", typeOf(data), preview(data),
      { size: size(bytes), data, bytes });
  }
  const now = performance.now(), was = out.shift();
  const ok = Boolean(was) && same(was.data, data);
  const words = (ok ? "" : t("CHANGED: ", "有变：")) + preview(data);
  back++;
  if (!ok) changed++;
  if (was) {
    outBytes -= was.bytes;
    trips.push(now - was.at);
    if (trips.length > TRIPS) trips.shift();
  }
  note("↓", typeOf(data), words, { size: size(bytes), data, bytes,
    trip: was ? ms(now - was.at) : "", bad: !ok });
  if (!burst) return;
  burst.back++;
  if (!burst.left && !out.length) done();
}

// ---- bursts

// As many as fit on the way, then a breath for the page.
function pump() {
  let turn = burst.every ? 1 : 200;
  while (burst.left && turn-- && outBytes < OUT_BYTES && out.length < OUT) {
    burst.left--;
    send(burst.data, burst.bytes);
  }
  if (burst.left) burst.timer = setTimeout(pump, burst.every);
}

function done() {
  const took = performance.now() - burst.began;
  const n = number(burst.back), rate = number(burst.back / took * 1000);
  note("=", "burst", t(`${n} in ${ms(took)}: ${rate} a second`,
                       `${ms(took)} 内 ${n} 条：每秒 ${rate} 条`));
  stop();
}

$("stop").onclick = stop;
function stop() {
  clearTimeout(burst?.timer);
  burst = null;
  $("stop").hidden = true;
  $("send").disabled = !ws;
}

// ---- the form

const kind = () => $("form").elements.kind.value;

function showKind() {
  for (const part of document.querySelectorAll("[data-kind]"))
    part.hidden = part.dataset.kind !== kind();
  $("bytes").disabled = kind() !== "pattern"; // or it would be checked unseen
  $("bad").textContent = "";
}
for (const radio of $("form").elements.kind) radio.onchange = showKind;

function parseHex(s) {
  const digits = s.replace(/0x|[\s,:]/gi, "");
  const wrong = /[^0-9a-f]/i.exec(digits);
  if (wrong) throw Error(t(`“${wrong}” is not a hex digit`,
                           `“${wrong}” 不是十六进制数字`));
  if (digits.length % 2)
    throw Error(t("One hex digit is left over", "多出一个十六进制数字"));
  return Uint8Array.from(digits.match(/../g) || [],
    (h) => parseInt(h, 16)).buffer;
}

function makePattern(n, what) {
  if (what === "letters")
    return "abcdefghijklmnopqrstuvwxyz".repeat(n / 26 + 1).slice(0, n);
  const bytes = new Uint8Array(n);
  if (what === "count") for (let i = 0; i < n; i++) bytes[i] = i;
  if (what === "noise") for (let i = 0; i < n; i += 65536)
    crypto.getRandomValues(bytes.subarray(i, i + 65536));
  return bytes.buffer;
}

function message() {
  if (kind() === "text") return $("text").value;
  if (kind() === "hex") return parseHex($("hex").value);
  if (kind() === "pattern")
    return makePattern($("bytes").valueAsNumber, $("pattern").value);
  const file = $("file").files[0];
  if (!file) throw Error(t("Choose a file first", "请先选择文件"));
  if (file.size > MOST) throw Error(t("That file is too big", "文件太大"));
  return file.arrayBuffer();
}

$("form").onsubmit = async (e) => {
  e.preventDefault();
  $("bad").textContent = "";
  try {
    const data = await message(), bytes = bytesOf(data);
    const left = $("times").valueAsNumber, every = $("every").valueAsNumber;
    if (ws?.readyState !== 1 || burst) return;
    if (left === 1) return send(data, bytes);
    burst = { data, bytes, every, left, back: 0, began: performance.now() };
    $("stop").hidden = false;
    $("send").disabled = true;
    pump();
  } catch (problem) {
    $("bad").textContent = problem.message;
  }
};

onEnter($("text"), () => $("form").requestSubmit());

// ---- saved messages

const savedTexts = () => local.get("saved", []);

function drawSaved() {
  $("saved").replaceChildren(...savedTexts().map((text) => {
    const use = el("button",
      { type: "button", textContent: text.slice(0, 40) });
    use.onclick = () => {
      $("text").value = text;
      $("text").focus();
    };
    const drop = el("button", { type: "button", textContent: "×" });
    drop.setAttribute("aria-label", t("Forget ", "忘记 ") + text.slice(0, 40));
    drop.onclick = () => keepSaved(savedTexts().filter((one) => one !== text));
    return el("span", { className: "chip" }, use, drop);
  }));
}

function keepSaved(list) {
  local.set("saved", list.slice(0, SAVED));
  drawSaved();
}

$("save").onclick = () => $("text").value && keepSaved(
  [$("text").value, ...savedTexts().filter((one) => one !== $("text").value)]);
drawSaved();

// A file dropped anywhere is the one to send.
for (const event of ["dragover", "drop"]) addEventListener(event, (e) => {
  if (!e.dataTransfer.types.includes("Files")) return;
  e.preventDefault();
  if (event !== "drop") return;
  $("file").files = e.dataTransfer.files;
  $("form").elements.kind.value = "file";
  showKind();
});

// ---- closing

function closing() {
  const code = Number($("code").value), reason = $("reason").value;
  const allowed = code === 1000 || (code >= 3000 && code <= 4999);
  const n = utf8(reason).length;
  $("meaning").textContent = closeWords(code) +
    (allowed ? "" : " · " + t("a browser may send 1000 and 3000 to 4999",
                              "浏览器可以发送 1000 和 3000 到 4999")) +
    (n > 123 ? " · " + t(`the reason has ${n} bytes, 123 fit`,
                         `原因有 ${n} 字节，上限 123`) : "");
  return allowed && n <= 123 && { code, reason };
}
$("code").oninput = $("reason").oninput = closing;

$("close").onsubmit = (e) => {
  e.preventDefault();
  const { code, reason } = closing();
  if (!ws || !code) return;
  note("✕", "closing", why(code, reason));
  ws.close(code, reason);
};

$("path").oninput = () => { $("address").textContent = wsURL(path()); };
$("path").oninput();
closing();
clear();
connect();
