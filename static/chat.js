// SPDX-License-Identifier: MIT
// The chat page: what link.js tells, on the screen. Whatever other people
// wrote (names, rooms, messages) becomes text nodes, never markup.

import { $, el, health, lang, memory, noServer, onEnter, size, t }
  from "/common.js";
import { Link } from "/link.js";
import { cleanName, hex, isLong, parts, roomPath, utf8, validRoom, wellFormed }
  from "/text.js";

const SHOWN = 1000;                // messages kept on the page
const TOGETHER = 5 * 60 * 1000;    // one head over what follows this soon, ms

const local = memory("localStorage");
// The server gives this page to well-formed rooms only.
const room = decodeURIComponent(location.pathname.split("/")[2] || "lobby");
const scroll = $("scroll"), log = $("log"), out = $("out"), text = $("text");

// ---- the text of a message

function anchor(url) {
  return el("a", { href: url, textContent: url, target: "_blank",
    rel: "noopener noreferrer nofollow" });
}

const code = (s) => el("code", { textContent: s });
const shapes = { text: (s) => s, link: anchor, code,
  block: (s) => el("pre", {}, code(s)) };

function body(s) {
  const box = el("div", { className: "text", dir: "auto" },
    ...parts(s).map(([kind, words]) => shapes[kind](words)));
  if (!isLong(s)) return [box];
  const more = el("button", { className: "quiet more" });
  const fold = (folded) => {
    box.classList.toggle("folded", folded);
    more.textContent = folded ? t("Show all of it", "全部显示")
                              : t("Show less", "收起");
    more.onclick = () => fold(!folded);
  };
  fold(true);
  return [box, more];
}

function binary(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return [el("div", { className: "text" }, size(bytes.length), " ",
    code(hex(bytes.slice(0, 32)) + (bytes.length > 32 ? " …" : "")))];
}

// ---- time

const format = (options) => new Intl.DateTimeFormat(lang, options);
const clock = format({ timeStyle: "short", hour12: false });
const full = format({ dateStyle: "full", timeStyle: "medium" });
const day = format({ dateStyle: "full" });
const near = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });

function dayName(ms) {
  const midnight = (date) => date.setHours(0, 0, 0, 0);
  const ago = Math.round(
    (midnight(new Date()) - midnight(new Date(ms))) / 864e5);
  if (ago > 1 || ago < 0) return day.format(ms);
  const word = near.format(-ago, "day");
  return word[0].toUpperCase() + word.slice(1);
}

// ---- the log

let previous = null; // the message above, for days and heads
let newer = 0, unread = 0, following = true;

function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  following = true;
  newer = 0;
  $("newer").hidden = true;
}

const follow = () => {
  $("empty").hidden = log.firstChild || out.firstChild;
  if (following) toEnd();
};

scroll.onscroll = () => {
  following =
    scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 48;
  if (following && newer) toEnd();
};
new ResizeObserver(follow).observe(scroll);
$("newer").onclick = () => {
  toEnd();
  text.focus();
};

function divide(className, words) {
  log.append(el("p", { className: "divider " + className },
    el("span", { textContent: words })));
  previous = null;
  follow();
}

function reachCode(box) {
  for (const pre of box.querySelectorAll("pre"))
    if (pre.scrollWidth > pre.clientWidth) pre.tabIndex = 0;
}

function author(m, own) {
  if (own) return el("span", { className: "who", textContent: t("You", "你") });
  const who = el("bdi", { className: "who", textContent:
    m.name || t("Guest", "访客") + " " + m.uid.slice(0, 4) });
  let hue = 0;
  for (const b of utf8(m.name || "")) hue = (hue * 31 + b) % 997;
  if (m.name) who.style.setProperty("--hue", hue * 137 % 360);
  return who;
}

let shownDay = "";

function show(m, own) {
  const today = dayName(m.time);
  if (today !== shownDay) divide("day", shownDay = today);
  const box = el("div", { className: "msg" },
    el("p", { className: "head" }, author(m, own), " ",
      el("time", { dateTime: new Date(m.time).toISOString(),
        title: full.format(m.time), textContent: clock.format(m.time) })),
    ...(m.binary == null ? body(m.message) : binary(m.binary)));
  box.classList.toggle("own", own);
  box.classList.toggle("along", previous?.uid === m.uid &&
    previous.name === m.name && m.time - previous.time < TOGETHER);
  log.append(box);
  reachCode(box);
  previous = m;
}

// The oldest leave; later, while somebody reads further up.
function trim() {
  while (log.childElementCount > (following ? SHOWN : 5 * SHOWN)) {
    log.firstChild.remove();
    log.querySelector(".msg").classList.remove("along");
  }
}

function message(m, own) {
  show(m, own);
  trim();
  follow();
  if (own || !link.ready) return;
  if (!following) {
    newer++;
    $("newer").textContent = t(`${newer} new ↓`, `${newer} 条新消息 ↓`);
    $("newer").hidden = false;
  }
  if (!document.hidden) return;
  unread++;
  title();
  if (local.get("notify")) notify(m);
  if (local.get("sound")) blip();
}

// ---- the outbox

const boxes = new Map();
const fates = {
  queued: t("Waits for the connection", "等待连接"),
  sent: t("Sending", "发送中"),
  lost: t("Perhaps not delivered", "可能未送达"),
  refused: t("Not delivered", "未送达"),
};

function choice(words, action) {
  const button = el("button", { className: "quiet", textContent: words });
  button.onclick = () => {
    action();
    text.focus();
  };
  return button;
}

function outbox(item) {
  let box = boxes.get(item);
  if (item.state === "gone") {
    boxes.delete(item);
    box.remove();
    return follow();
  }
  if (!box) {
    box = el("div", {}, ...body(item.text), el("p", { role: "status" }));
    boxes.set(item, box);
    out.append(box);
    reachCode(box);
  }
  box.className = "msg own " + item.state;
  const fate = box.lastChild;
  fate.className = "fate";
  fate.textContent = fates[item.state];
  if (item.state === "lost" || item.state === "refused") fate.append(
    choice(t("Send again", "重新发送"), () => {
      link.forget(item);
      link.say(item.text);
    }),
    choice(t("Take back", "取回"), () => {
      link.forget(item);
      text.value = item.text + (text.value && "\n" + text.value);
      typed();
    }));
  follow();
}

addEventListener("beforeunload", (e) => boxes.size && e.preventDefault());

// ---- the connection

let until = 0, ticking = 0;

const say = (words) => { $("state").textContent = words; };

function state(name, detail) {
  clearInterval(ticking);
  $("pause").textContent = "";
  $("now").hidden = name !== "waiting";
  if (name === "open") log.ariaLive = "off"; // no reading out of a history
  if (name === "ready") {
    say(t("Connected", "已连接"));
    setTimeout(() => { log.ariaLive = "polite"; }, 500);
    follow();
  }
  if (name === "waiting") {
    until = Date.now() + detail.pause;
    ticking = setInterval(tick, 500);
    tick();
    explain(detail);
  }
  if (name === "connecting" && !document.body.dataset.state)
    say(t("Connecting", "连接中"));
  document.body.dataset.state = name;
}

function tick() {
  const n = Math.ceil((until - Date.now()) / 1000);
  $("pause").textContent = n > 1 ? t(`again in ${n} s`, `${n} 秒后重试`) : "";
}

// A browser does not tell why a handshake was refused; /healthz tells at least
// whether anybody is there.
async function explain({ opened }) {
  if (!navigator.onLine) return say(t("You are offline", "你已离线"));
  if (opened) return say(t("Connection lost", "连接断开"));
  const { status } = await health();
  if (link.ready) return;
  say(status === "ok" ? t("The server is full", "服务器已满")
                      : noServer(status));
}

const link = new Link(room, cleanName(local.get("name", "")), {
  state, message, out: outbox,
  gap() {
    if (log.firstChild)
      divide("gap", t("Messages may be missing here", "这里可能缺少消息"));
  },
  members(n) { $("members").textContent = t(`${n} here`, `${n} 人在线`); },
  notice(s) { divide("gap", t("The server says: ", "服务器说：") + s); },
});

$("now").onclick = () => {
  link.wake();
  text.focus();
};

// ---- writing

function typed() {
  text.style.height = "auto";
  text.style.height = text.scrollHeight + "px";
  local.set("draft." + room, text.value || null);
}

text.oninput = typed;

$("form").onsubmit = (e) => {
  e.preventDefault();
  rename();
  if (!text.value.trim()) return;
  link.say(wellFormed(text.value.trimEnd()));
  text.value = "";
  typed();
  toEnd();
  text.focus();
};

onEnter(text, () => $("form").requestSubmit());
onEnter($("other"), go);
onEnter($("name"), () => text.focus());

function rename() {
  const name = $("name").value = cleanName($("name").value);
  local.set("name", name || null);
  link.rename(name);
}
$("name").value = link.name;
$("name").onchange = rename;

// ---- unread, notifications, sound

function title() {
  document.title = (unread ? `(${unread}) ` : "") + room + " · chatd";
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unread = 0;
  title();
});

function notify(m) {
  try {
    const n = new Notification((m.name || t("Guest", "访客")) + " · " + room,
      { body: (m.message || "").slice(0, 200), tag: "chatd." + room });
    n.onclick = () => {
      focus();
      n.close();
    };
  } catch { /* some phones allow it to service workers only */ }
}

let audio, beeped;
function blip() {
  audio ??= new AudioContext();
  audio.resume();
  const now = audio.currentTime; // stands still until sound is allowed
  if (now === beeped) return;
  beeped = now;
  const tone = audio.createOscillator(), gain = audio.createGain();
  tone.frequency.value = 770;
  gain.gain.setValueAtTime(0.08, now);
  gain.gain.exponentialRampToValueAtTime(0.001, now + 0.3);
  tone.connect(gain).connect(audio.destination);
  tone.start(now);
  tone.stop(now + 0.3);
}

async function allowed(box) {
  if (box.id === "sound") blip();
  return box.id === "sound" || ("Notification" in window &&
    await Notification.requestPermission() === "granted");
}

for (const box of [$("notify"), $("sound")]) {
  box.checked = local.get(box.id, false);
  box.onchange = async () => {
    if (box.checked && !await allowed(box)) {
      box.checked = false;
      $("options-bad").textContent =
        t("The browser does not allow it here.", "浏览器在这里不允许。");
    }
    local.set(box.id, box.checked || null);
  };
}

// ---- dialogs

for (const d of document.querySelectorAll("dialog")) {
  d.onclick = (e) => { if (e.target === d) d.close(); };
  d.querySelector(".close").onclick = () => d.close();
}
$("settings").onclick = () => $("options").showModal();
$("room").onclick = () => $("rooms").showModal();
$("go").onclick = go;

function go() {
  const other = $("other").value.trim();
  if (validRoom(other)) location.assign(roomPath(other));
  else $("other-bad").textContent =
    t("A room is 1 to 64 bytes, without a slash.", "房间名为 1 到 64 字节，不含斜杠。");
}

const recent = [room, ...local.get("rooms", []).filter((r) => r !== room)];
local.set("rooms", recent.splice(0, 8));
for (const r of new Set(["lobby", ...local.get("rooms", [])]))
  if (r !== room && validRoom(r)) $("recent").append(
    el("a", { href: roomPath(r) }, el("bdi", { textContent: r })));

// ---- start

$("here").textContent = room;
title();
text.value = local.get("draft." + room, "");
typed();
link.items.forEach(outbox);
link.open();
