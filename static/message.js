// SPDX-License-Identifier: MIT
// A message as elements. Whatever other people wrote (names, messages) becomes
// text nodes, never markup.

import { beginning, el, hex, isLong, locale, parts, size, t, utf8 }
  from "/common.js";

// ---- time

// Hours as the reader's own country counts them, in the page's language.
const { hourCycle } = Intl.DateTimeFormat([], { hour: "numeric" })
  .resolvedOptions();
const format = (options) => Intl.DateTimeFormat(locale, options);
const clock = format({ timeStyle: "short", hourCycle });
const full = format({ dateStyle: "full", timeStyle: "medium", hourCycle });
const date = format({ dateStyle: "full" });
const near = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

export const dayOf = (ms) => new Date(ms).setHours(0, 0, 0, 0);

function nameOfDay(day) {
  const ago = Math.round((dayOf(Date.now()) - day) / 864e5);
  if (ago > 1 || ago < 0) return date.format(day);
  const word = near.format(-ago, "day");
  return word[0].toUpperCase() + word.slice(1);
}

// A day that has no name does not hold up what was said on it.
export function dayName(day) {
  try {
    return nameOfDay(day);
  } catch {
    return new Date(day).toDateString();
  }
}

function time(ms) {
  return el("time", { dateTime: new Date(ms).toISOString(),
    title: full.format(ms), textContent: clock.format(ms) });
}

// ---- the text

const code = (s) => el("code", { textContent: s });
const shapes = {
  text: (s) => s,
  code,
  block: (s) => el("pre", {}, code(s)),
  link: (s) => el("a", { href: s, textContent: s, target: "_blank",
    rel: "noopener noreferrer nofollow" }),
};

const made = (list) => list.map(([kind, words]) => shapes[kind](words));

// Of a long text only the beginning is made, until more is asked for; the rest
// waits in one hidden piece, which costs no layout.
export function body(s) {
  const all = parts(s), box = el("div", { className: "text", dir: "auto" });
  if (!isLong(s)) {
    box.append(...made(all));
    return [box];
  }
  const [first, rest] = beginning(all);
  const more = el("button", { className: "quiet more" });
  const fold = (folded) => {
    box.replaceChildren(...made(folded ? first : all));
    if (folded) box.append(el("span", { hidden: true, textContent: rest }));
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

// ---- who

export const guest = (uid) => t("Guest", "访客") + " " + uid.slice(0, 4);

function author({ name, uid }, own, namesake) {
  if (own) return el("span", { className: "who", textContent: t("You", "你") });
  const who = el("bdi", { className: "who", textContent: name || guest(uid) });
  let hue = 0;
  for (const b of utf8(name || "")) hue = (hue * 31 + b) % 997;
  if (name) who.style.setProperty("--hue", hue * 137 % 360);
  if (name && namesake)
    who.append(el("small", { textContent: " " + uid.slice(0, 4) }));
  return who;
}

// ---- all of it

// {own, along: it goes on from the one above, namesake: another has this name}
export function messageBox(m, { own, along, namesake }) {
  const box = el("div", { className: "msg" },
    el("p", { className: "head" }, author(m, own, namesake), " ", time(m.time)),
    ...(m.binary == null ? body(m.message) : binary(m.binary)));
  box.classList.toggle("own", Boolean(own));
  box.classList.toggle("along", Boolean(along));
  return box;
}

// Something about it is not as it should be: then at least what was said.
export const plainBox = (m) => el("div", { className: "msg" },
  el("div", { className: "text", textContent: m.message }));

// Code wider than its box can be scrolled by keyboard. All are looked at before
// any is changed: one layout.
export function reachCode(boxes) {
  const wide = boxes.flatMap((box) => [...box.querySelectorAll("pre")])
    .filter((pre) => pre.scrollWidth > pre.clientWidth);
  for (const pre of wide) pre.tabIndex = 0;
}
