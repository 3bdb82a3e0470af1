// SPDX-License-Identifier: MIT
// What the pages share: language, small DOM helpers, plain words.

const zh = /^zh\b/i.test(navigator.language);
export const lang = zh ? "zh-CN" : "en";

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
  n.toLocaleString(lang, { maximumFractionDigits: digits });

export function size(n) {
  return n < 1024 ? n + " B" : n < 1 << 20 ? number(n / 1024, 1) + " KiB"
                             : number(n / (1 << 20), 1) + " MiB";
}

export const wsURL = (path) => location.origin.replace("http", "ws") + path;

// Storage may be switched off; then nothing is remembered, and that is all.
export const memory = (area) => ({
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

// {status, clients, rooms}; status is "none" when nobody answers.
export async function health() {
  try {
    return await (await fetch("/healthz", { cache: "no-store" })).json();
  } catch {
    return { status: "none" };
  }
}
export const noServer = (status) => status === "none"
  ? t("No server there", "服务器没有回应")
  : t("The server is stopping", "服务器正在停止");

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
