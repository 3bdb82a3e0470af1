// SPDX-License-Identifier: MIT
// Where a message is written: the draft, the name, the keys.

import { $, cleanName, local, onEnter, session, t, touch, wellFormed }
  from "/common.js";

const DRAFTS = 5; // of a room, one a tab

const text = $("text");

// ---- the draft

// Each tab has a draft of its own; one that is new goes on with the last.
const known = session.get("tab");
const tab = known || Math.random().toString(36).slice(2);
session.set("tab", tab);

let key = "";
const drafts = () => Object.entries(local.get(key, {}))
  .filter(([, draft]) => typeof draft === "string");

function keepDraft() {
  const others = drafts().filter(([one]) => one !== tab);
  const all = text.value ? [...others, [tab, text.value]] : others;
  local.set(key, all.length ? Object.fromEntries(all.slice(-DRAFTS)) : null);
}

function findDraft(room) {
  key = "draft." + room;
  const all = drafts();
  const mine = all.find(([one]) => one === tab);
  text.value = (mine || (!known && all.at(-1)) || [])[1] || "";
}

// ---- the text

function typed() {
  text.style.height = "auto";
  text.style.height = text.scrollHeight + "px";
  keepDraft();
}

export function takeBack(words) {
  text.value = words + (text.value && "\n" + text.value);
  typed();
  text.focus();
}

// With a finger Enter is a new line, and the button sends.
function keys() {
  const send = () => $("form").requestSubmit();
  if (!touch) return onEnter(text, send);
  text.enterKeyHint = "enter";
  text.onkeydown = (e) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) send();
  };
}

// Whoever types means the message, wherever the focus is.
document.addEventListener("keydown", (e) => {
  if (e.key.length !== 1 || e.key === " " || e.ctrlKey || e.metaKey ||
      e.altKey || e.target.closest("input, textarea, select, dialog")) return;
  text.focus();
});

// A file dropped beside its place would replace the page.
for (const event of ["dragover", "drop"]) addEventListener(event, (e) => {
  if (e.target === text && !e.dataTransfer.types.includes("Files")) return;
  e.preventDefault();
  if (event === "drop") $("hint").textContent =
    t("A room takes text, no files", "房间只收文字，不收文件");
});

// ---- the name

// A tab keeps its name; a new one has the last that was given.
export const ownName = () =>
  cleanName(session.get("name") ?? local.get("name", ""));

function nameGiven(rename) {
  if ($("name").readOnly) return;
  const name = $("name").value = cleanName($("name").value);
  if (name !== ownName()) {
    session.set("name", name);
    local.set("name", name || null);
  }
  if (name) $("offer").hidden = true;
  rename(name);
}

// A token gives it; "": not known which; undefined: it is one's own again.
export function fixName(name) {
  const isFixed = name !== undefined;
  $("name").readOnly = isFixed;
  $("name").value = name ?? ownName();
  $("name").title = isFixed ? t("Your pass gives it", "由通行证给定") : "";
  $("name").placeholder = isFixed ? $("name").title : t("Guest", "访客");
  if (isFixed) $("offer").hidden = true;
}

// "Others see you as Guest 3f2a": once, after the first words.
export function offerName(guest) {
  if (ownName() || session.get("offered")) return;
  session.set("offered", true);
  $("offered").textContent =
    t(`The others see you as “${guest}”.`, `别人看到的你是“${guest}”。`);
  $("offer").hidden = false;
}
$("offer-name").onclick = () => $("name").focus();

// ---- start

export function start(room, { say, rename }) {
  findDraft(room);
  typed();
  text.oninput = typed;
  $("name").value = ownName();
  $("name").onchange = () => nameGiven(rename);
  onEnter($("name"), () => text.focus());
  $("form").onsubmit = (e) => {
    e.preventDefault();
    nameGiven(rename);
    const words = text.value.trimEnd();
    if (!words.trim()) return;
    text.value = "";
    typed();
    text.focus();
    say(wellFormed(words));
  };
  keys();
  if (!touch) text.focus();
}
