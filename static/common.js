// SPDX-License-Identifier: MIT
// What the pages share: language, small DOM helpers, plain words; and what is
// done with text.

export * from "/text.js";
export * from "/wire.js";
import { hex, roomPath, validRoom } from "/text.js";

const zh = /^zh\b/i.test(navigator.language);
export const lang = zh ? "zh-CN" : "en";

// Dates and numbers are written as in the reader's own country, where that
// speaks the language of the page.
export const locale = zh || /^en\b/i.test(navigator.language)
  ? navigator.language : lang;

// Both languages stand where the words are used: here, and in the HTML as
// data-zh="words" or data-zh="attribute=words".
export const t = (english, chinese) => zh ? chinese : english;

document.documentElement.lang = lang;
if (zh) for (const e of document.querySelectorAll("[data-zh]")) {
  const [, name, words] = /^(?:([a-z-]+)=)?(.*)/.exec(e.dataset.zh);
  if (name) e.setAttribute(name, words);
  else e.textContent = words;
}

export const $ = (id) => document.getElementById(id);

// An element with properties and children. Strings become text nodes: what
// other people wrote never meets an HTML parser.
export function el(tag, props, ...children) {
  const e = Object.assign(document.createElement(tag), props);
  e.append(...children);
  return e;
}

// A finger, not a mouse: there Enter is the only way to a new line.
export const touch =
  window.matchMedia?.("(hover: none) and (pointer: coarse)").matches;

// Whether somebody is looking: a window in front, with the keyboard.
export const looking = () =>
  !document.hidden && document.hasFocus?.() !== false;

// However often it is asked for, there is one draw a frame. A hidden page has
// no frames; there a timer does it. A document without a screen draws at once.
const onFrame = window.requestAnimationFrame?.bind(window) ?? ((run) => run());

export function oncePerFrame(draw) {
  let timer = 0;
  const run = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = 0;
    draw();
  };
  return () => {
    if (timer) return;
    timer = setTimeout(run, 1000);
    onFrame(run);
  };
}

// Enter acts, unless an input method takes it (229) or Shift makes a new line.
export function onEnter(element, action) {
  element.onkeydown = (e) => {
    if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229)
      return;
    e.preventDefault();
    action();
  };
}

export const number = (n, digits = 0) =>
  n.toLocaleString(locale, { maximumFractionDigits: digits });

export function size(n) {
  return n < 1024 ? n + " B" : n < 1 << 20 ? number(n / 1024, 1) + " KiB"
                             : number(n / (1 << 20), 1) + " MiB";
}

const MOST_TOKEN = 4097; // more than any server takes

export const wsURL = (path) => location.origin.replace("http", "ws") + path;

// Storage may be switched off; then nothing is remembered, and that is all.
const memory = (area) => ({
  get(key, otherwise) {
    try {
      return JSON.parse(window[area].getItem("chatd." + key)) ?? otherwise;
    } catch { return otherwise; }
  },
  set(key, value) {
    try {
      if (value == null) window[area].removeItem("chatd." + key);
      else window[area].setItem("chatd." + key, JSON.stringify(value));
    } catch { /* full or forbidden */ }
  },
});

export const local = memory("localStorage");
export const session = memory("sessionStorage");

// ---- a token, where the server wants one (--token-key)

// A link may bring it: /chat/tea#token=... It leaves the address at once, and
// is this tab's alone. What cannot stand in one is left out.
function broughtToken() {
  const parts = location.hash.slice(1).split("&");
  const isToken = (part) => part.startsWith("token=");
  let token = parts.find(isToken)?.slice(6);
  if (token === undefined) return token;
  const others = parts.filter((part) => !isToken(part)).join("&");
  history.replaceState(history.state, "",
    location.pathname + location.search + (others && "#" + others));
  try {
    token = decodeURIComponent(token);
  } catch { /* then as it is */ }
  token = token.replace(/[^\w.-]+/g, "").slice(0, MOST_TOKEN);
  session.set("token", token || null);
  return token;
}

// That of this tab, or nothing; another(token) when a link brings another.
export function takeToken(another) {
  addEventListener("hashchange", () => {
    const token = broughtToken();
    if (token) another(token);
  });
  return broughtToken() ?? session.get("token");
}

// ---- rooms

// One name, one room: composed (NFC), however it was typed.
export function enterRoom(typed, bad) {
  const room = typed.trim().normalize();
  if (validRoom(room)) location.assign(roomPath(room));
  else bad.textContent =
    t("A room is 1 to 64 bytes, without a slash.", "房间名为 1 到 64 字节，不含斜杠。");
}

export const recentRooms = () => local.get("rooms", []).filter(validRoom);

export function linkRooms(box, rooms) {
  for (const room of rooms) box.append(
    el("a", { href: roomPath(room) }, el("bdi", { textContent: room })));
}

// ---- the rest

// The clipboard needs a secure context; an http page has the older way.
async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { value: text, className: "sr" });
    button.after(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    button.focus();
    return done;
  }
}

// The button says for a moment what became of it.
export async function copyBy(button, text) {
  const label = button.dataset.label ??= button.textContent;
  button.textContent = await copy(text, button) ? t("Copied", "已复制")
                                                : t("Not copied", "未能复制");
  setTimeout(() => { button.textContent = label; }, 1500);
}

// {status, clients, rooms}. Who is refused gets a status and no JSON; with
// status 0 nobody answers.
export async function health() {
  let status = 0;
  try {
    const answer = await fetch("/healthz", { cache: "no-store" });
    ({ status } = answer);
    return await answer.json();
  } catch {
    return { status };
  }
}
export const noServer = (status) =>
  status === "draining" ? t("The server is stopping", "服务器正在停止")
  : status === 429 ? t("Too many connections from your address",
                       "来自你的地址的连接太多")
  : status === 503 ? t("The server is full", "服务器已满")
  : status ? t(`The server answers ${status}`, `服务器回应 ${status}`)
  : t("No server there", "服务器没有回应");

// ---- a frame

function partWords({ name, bytes, text, length, masked }) {
  if (name === "fin")
    return text ? t("final, text", "末帧，文本") : t("final, binary", "末帧，二进制");
  if (name === "length") {
    const mask = masked ? t("masked", "有掩码") : t("not masked", "无掩码");
    const short = bytes[0] & 127;
    return mask + (short < 126 ? t(`, ${length} bytes`, `，${length} 字节`)
      : t(`, ${short}: the length follows`, `，${short}：长度在后面`));
  }
  if (name === "extended") return t(`${length} bytes`, `${length} 字节`);
  if (name === "key") return t("masking key", "掩码");
  return !masked ? t("the payload, as it is", "载荷，原样")
    : text ? t("your text, each byte XOR the key", "你的文字，逐字节与掩码异或")
           : t("your bytes, each XOR the key", "你的字节，逐个与掩码异或");
}

const field = ([name, bits, section]) =>
  el("span", {}, el("code", { textContent: bits }), ` ${name} §${section}`);

// The parts that frameOf gives, one after the other; read out as one picture.
export function frameBox(parts) {
  const box = el("div", { className: "frame" }, ...parts.map((part) =>
    el("div", { className: "part " + part.name },
      el("span", { className: "bytes" },
        ...Array.from(part.bytes, (b) => el("b", { textContent: hex([b]) })),
        part.more ? el("b", { textContent: "…" }) : ""),
      el("span", {}, partWords(part) + " "),
      el("span", { className: "bits" }, ...part.fields.map(field)))));
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", parts.map((part) =>
    partWords(part) + ": " + hex(part.bytes)).join("; "));
  return box;
}

// ---- codes

// RFC 6455 7.4.1 and its registry, in plain words, for what can be seen here.
const codes = {
  1000: t("normal, the work is done", "正常：事情做完了"),
  1001: t("the server stops, or saw no sign of life",
          "服务器停止，或很久没有动静"),
  1002: t("a frame broke the protocol", "有帧不合协议"),
  1003: t("this kind of message is not taken here", "这里不收这种消息"),
  1005: t("a close without a code", "关闭时没有给出代码"),
  1006: t("cut without a close, or never connected",
          "连接中断，或从未建立"),
  1007: t("the data is not what it says, like bad UTF-8",
          "数据与类型不符，例如坏的 UTF-8"),
  1008: t("against the rules of the house", "违反了服务器的规定"),
  1009: t("the message is too big", "消息太大"),
  1011: t("the server met a fault of its own", "服务器自身出错"),
  1012: t("the server restarts", "服务器正在重启"),
  1013: t("too busy or too slow: try again later", "太忙或太慢：请稍后再试"),
};
export function closeWords(code) {
  return code + " · " + (codes[code] ||
    (code >= 3000 && code < 4000 ? t("registered by a library", "由程序库登记")
    : code >= 4000 && code < 5000 ? t("a private meaning", "自定义的含义")
    : t("not a code that may be sent", "不可发送的代码")));
}
