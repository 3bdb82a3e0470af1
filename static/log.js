// SPDX-License-Identifier: MIT
// The conversation on the screen. What comes is put on a pile, and once a frame
// the pile is drawn at once: two thousand messages are one draw, one layout.
//
//   add -> waiting -> (a frame) -> shown -> gone, when there are too many
//
// Both piles are bounded, by number and by weight. Who reads further up is not
// moved: then nothing leaves at the top, and what is too much for the page
// waits below. A line marks where the new begins, until somebody has seen it.

import { $, el, looking, oncePerFrame, t } from "/common.js";
import { dayName, dayOf, messageBox, plainBox, reachCode } from "/message.js";

const MOST = 1000, HEAVIEST = 1 << 20; // entries, and characters, of a pile
const ENTRY = 200;                     // what the smallest weighs
const TOGETHER = 5 * 60 * 1000; // one head over what follows this soon, ms
const NEAR = 48;                // this far from the end is at the end, pixels
const READ_OUT = 8;             // more at once nobody wants to hear

const scroll = $("scroll"), log = $("log");

// ---- piles

const pile = () => ({ entries: [], weight: 0 });

function put(pile, entry) {
  pile.entries.push(entry);
  pile.weight += entry.weight;
}

// The oldest go, until the rest is few and light enough; the last one stays.
function trim(pile, times = 1) {
  const { entries } = pile;
  let gone = 0;
  while (gone + 1 < entries.length && (entries.length - gone > times * MOST ||
         pile.weight > times * HEAVIEST))
    pile.weight -= entries[gone++].weight;
  return entries.splice(0, gone);
}

// An entry is a message, {m, own}, or a line between messages, {line, words}.
let waiting = pile(), shown = pile();

const draw = oncePerFrame(drawAll);

function add(entry) {
  put(waiting, entry);
  leaveOut(trim(waiting));
  draw();
}

// Who reads further up, and has not come to these, is told of them.
function leaveOut(gone) {
  if (!gone.length) return;
  lose(gone);
  if (following) return;
  const left = gone.reduce((sum, entry) => sum + (entry.left ?? 1), 0);
  waiting.entries.unshift({ line: "gap", left, weight: 0, words:
    t(`${left} messages were too many to keep`, `有 ${left} 条消息未能保留`) });
}

// ---- where the new begins

let following = true; // at the end, and to be kept there
let mark = null;      // the first new entry
let seen = true;      // and whether somebody has been at the end since
let newer = 0;        // new ones that were perhaps not looked at
let jumped = false;   // to where they begin
let drawnHeight = 0;  // of all there is to scroll, at the last draw
let lastSeen = null;  // id of a message

const newLine = line("new", t("New", "新消息"));

function isNew(entry) {
  if (seen) {
    mark = entry;
    newer = 0;
  }
  seen = jumped = false;
  newer++;
}

// Entries leave: the mark goes to the first that is still there.
function lose(entries) {
  if (entries.includes(mark))
    mark = seen ? null : shown.entries[0] || waiting.entries[0];
}

// Do the new begin further up than what is in sight?
const begunAbove = () => newLine.isConnected &&
  newLine.getBoundingClientRect().y < scroll.getBoundingClientRect().y;

function look() {
  const above = newer > 0 && following && !jumped && begunAbove();
  if (following && looking()) {
    seen = true;
    lastSeen = shown.entries.findLast((entry) => entry.m)?.m.id;
    if (!above) newer = 0;
  }
  const arrow = following ? "↑" : "↓";
  $("newer").hidden = following ? !above : !newer && !jumped;
  $("newer").textContent = jumped ? t("To the end ↓", "到最后 ↓")
    : t(`${newer} new ${arrow}`, `${newer} 条新消息 ${arrow}`);
}

// ---- drawing

function line(className, words) {
  return el("p", { className: "divider " + className },
    el("span", { textContent: words }));
}

const withDay = new Set(); // entries with their day above them

function dayLine(entry) {
  withDay.add(entry);
  return entry.dayBox = line("day", dayName(entry.day));
}

// Yesterday's "Today" is not today's.
let drawnOn = dayOf(Date.now());
function newDay() {
  const today = dayOf(Date.now());
  if (drawnOn === today) return;
  drawnOn = today;
  for (const { dayBox, day } of withDay)
    dayBox.firstChild.textContent = dayName(day);
}
setInterval(newDay, 30000);

const goesOn = (entry, above) => entry !== mark && above?.m &&
  above.m.uid === entry.m.uid && above.m.name === entry.m.name &&
  above.day === entry.day && entry.m.time - above.m.time < TOGETHER;

// What is not as it should be is shown plainly, and the others as ever.
function boxOf(entry, along) {
  if (entry.line) return line(entry.line, entry.words);
  try {
    return messageBox(entry.m, { own: entry.own, along,
      namesake: namesakes.has(entry.m.name) });
  } catch (e) {
    console.error(e);
    return plainBox(entry.m);
  }
}

function boxesOf(entries) {
  const boxes = [];
  let above = shown.entries.at(-1);
  let day = shown.entries.findLast((entry) => entry.m)?.day;
  for (const entry of entries) {
    if (entry.m && entry.day !== day) {
      ({ day } = entry);
      boxes.push(dayLine(entry));
    }
    entry.box = boxOf(entry, entry.m && goesOn(entry, above));
    boxes.push(entry.box);
    above = entry;
  }
  return boxes;
}

// The first message that stays has its day above it, and its head.
function remove(entries) {
  for (const entry of entries) {
    entry.box.remove();
    entry.dayBox?.remove();
    withDay.delete(entry);
  }
  const first = shown.entries.find((entry) => entry.m);
  if (!entries.length || !first) return;
  first.box.classList.remove("along");
  if (!first.dayBox) first.box.before(dayLine(first));
}

// Of what waits, as much as the page takes.
function take() {
  if (following) return waiting.entries;
  let weight = shown.weight, n = 0;
  for (const entry of waiting.entries) {
    weight += entry.weight;
    if (shown.entries.length + n >= 2 * MOST || weight > 2 * HEAVIEST) break;
    n++;
  }
  return waiting.entries.slice(0, n);
}

function drawAll() {
  newDay();
  const entries = take();
  live(alive, entries.length);
  log.append(...boxesOf(entries));
  waiting.entries = waiting.entries.slice(entries.length);
  for (const entry of entries) {
    waiting.weight -= entry.weight;
    put(shown, entry);
  }
  if (following) {
    const gone = trim(shown);
    lose(gone);
    remove(gone);
  }
  if (!mark) newLine.remove();
  else if (mark.box && mark.box.previousSibling !== newLine)
    mark.box.before(newLine);
  $("empty").hidden = !welcome || shown.entries.length || $("out").firstChild;
  reachCode(entries.map((entry) => entry.box));
  drawnHeight = scroll.scrollHeight;
  if (following) scroll.scrollTop = drawnHeight;
  look();
}

// ---- reading out

let alive = false, welcome = false;

// Nobody wants a history read out, nor a flood.
export function live(on, entries = 0) {
  alive = on;
  log.setAttribute("aria-live", on && entries <= READ_OUT ? "polite" : "off");
}

// ---- moving

export function toEnd() {
  following = true;
  jumped = false;
  newer = 0;
  draw();
}

const isAtEnd = (height) =>
  height - scroll.scrollTop - scroll.clientHeight < NEAR;

// What has come below since the last draw does not move anybody away.
scroll.onscroll = () => {
  const atEnd = isAtEnd(Math.min(drawnHeight, scroll.scrollHeight));
  if (atEnd && !following) toEnd();
  following = atEnd;
};

// A text was unfolded: is the end still in sight?
log.onclick = (e) => {
  if (e.target.matches(".more")) following = isAtEnd(scroll.scrollHeight);
};

// First to where the new begins, then to the end.
$("newer").onclick = () => {
  if (jumped || !newLine.isConnected) return toEnd();
  jumped = true;
  following = false;
  newLine.scrollIntoView({ block: "start" });
  draw();
};

for (const box of [scroll, $("out")]) new ResizeObserver(draw).observe(box);
addEventListener("focus", draw);
document.addEventListener("visibilitychange", draw);

// ---- what may be asked of it

// `missed`: it came while nobody could see it.
export function addMessage(m, own, missed) {
  const text = String(m.message ?? m.binary);
  const time = Math.abs(m.time) < 8e15 ? m.time : Date.now();
  const entry = { m: { ...m, time }, own, day: dayOf(time),
    weight: ENTRY + text.length };
  if (own) {
    mark = null;
    seen = true;
    newer = 0;
  } else if (missed || !following || !looking()) {
    isNew(entry);
  }
  add(entry);
}

export const addLine = (className, words) =>
  add({ line: className, words, weight: ENTRY + words.length });

// A list of news: where the last line is such a list, they are put to it.
export function addNews(className, news, most) {
  const last = waiting.entries.at(-1) || shown.entries.at(-1);
  if (last?.line !== className || last.news.length >= most)
    return add({ line: className, words: news.join(" · "), news,
      weight: ENTRY });
  last.news.push(...news);
  last.words = last.news.join(" · ");
  if (last.box) last.box.firstChild.textContent = last.words;
}

// The history has come: if there was none, the first word can be said.
export function caughtUp() {
  welcome = true;
  draw();
}

export { draw };
export const hasAny = () => waiting.entries.length + shown.entries.length > 0;
export const seenUpTo = () => lastSeen;

// ---- who is who, when it is known late

const namesakes = new Set();

function redraw(wanted) {
  for (const entry of shown.entries) if (entry.m && wanted(entry)) {
    const old = entry.box;
    entry.box = boxOf(entry, old.classList.contains("along"));
    old.replaceWith(entry.box);
  }
}

// Two have this name: from now on, and so far, they can be told apart.
export function tellApart(name) {
  if (namesakes.has(name)) return;
  if (namesakes.size >= MOST) namesakes.clear();
  namesakes.add(name);
  redraw((entry) => entry.m.name === name);
}

// These were mine, in another tab.
export function claim(uids) {
  for (const { entries } of [waiting, shown]) for (const entry of entries)
    if (entry.m && uids.has(entry.m.uid)) entry.own = true;
  redraw((entry) => uids.has(entry.m.uid));
}
