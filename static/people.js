// SPDX-License-Identifier: MIT
// Who is who: which messages are one's own, in whatever tab they were said; who
// is here, who came and who left; who only has the same name.

import { $, el, local, t } from "/common.js";
import { addNews, claim, tellApart } from "/log.js";
import { guest } from "/message.js";

const OWN = 200;    // connections of this browser that are remembered
const KNOWN = 2000; // strangers, and names, that are remembered here
const CHANGES = 6;  // in one line

// ---- one's own

// Each tab writes down its connections: a uid is new with each of them.
const own = new Set(local.get("uids", []));
const strangers = new Set();

function readUids() {
  for (const uid of local.get("uids", [])) own.add(uid);
}

export function isMine(uid) {
  if (own.has(uid)) return true;
  if (strangers.has(uid)) return false;
  readUids();
  if (own.has(uid)) return true;
  if (strangers.size >= KNOWN) strangers.clear();
  strangers.add(uid);
  return false;
}

export function remember(uid) {
  if (own.has(uid)) return;
  own.add(uid);
  local.set("uids", [...local.get("uids", []), uid].slice(-OWN));
}

// Another tab wrote; perhaps after its first words were heard here.
addEventListener("storage", (e) => {
  if (e.key !== "chatd.uids") return;
  readUids();
  const late = new Set([...strangers].filter((uid) => own.has(uid)));
  if (!late.size) return;
  for (const uid of late) strangers.delete(uid);
  claim(late);
});

// ---- namesakes

const speakers = new Map(); // name -> uids, the one who spoke last at the end

// Two connections of one name may be one person who came back. When the first
// speaks again after the second, or the name is ours, they are two.
export function heardFrom({ name, uid }, mine, ownName) {
  if (!name) return;
  if (speakers.size >= KNOWN) speakers.clear();
  const uids = speakers.get(name) || [];
  const last = uids.at(-1);
  if (last === uid) return;
  if (uids.includes(uid) || (!mine && name === ownName)) tellApart(name);
  speakers.set(name, [...uids.filter((one) => one !== uid), uid].slice(-9));
}

// ---- who is here

let here; // uid -> name; undefined where the server does not tell

function compare(before, now) {
  const names = (a, b) => {
    const others = new Set(b.values());
    return [...a].filter(([uid, name]) =>
      !isMine(uid) && !b.has(uid) && !others.has(name)).map(([, name]) => name);
  };
  const renamed = [...now].filter(([uid, name]) =>
    !isMine(uid) && before.has(uid) && before.get(uid) !== name);
  return [
    ...names(now, before).map((name) => t(`${name} came`, `${name} 来了`)),
    ...names(before, now).map((name) => t(`${name} left`, `${name} 走了`)),
    ...renamed.map(([uid, name]) =>
      t(`${before.get(uid)} is now ${name}`, `${before.get(uid)} 改名为 ${name}`)),
  ];
}

export function members(number, who, arrived) {
  $("members").textContent = t(`${number} here`, `${number} 人在线`);
  $("members").hidden = false;
  const now = who && new Map(who.map(({ uid = "", name, sub }, i) =>
    [uid || i, name || sub || guest(uid)]));
  const news = here && now && !arrived ? compare(here, now) : [];
  if (news.length) addNews("coming", news, CHANGES);
  here = now;
  const names = new Set();
  for (const { name } of who || [])
    if (names.has(name)) tellApart(name);
    else if (name) names.add(name);
  list(number);
}

function list(number) {
  $("people-list").replaceChildren(...[...here || []].map(([uid, name]) =>
    el("li", {}, el("bdi", { textContent: name }),
      isMine(uid) ? t(" (you)", "（你）") : "")));
  $("people-note").textContent = here ? "" :
    t(`${number} here. Their names are not told.`, `${number} 人在线，名字未知。`);
}

$("members").onclick = () => $("people").showModal();
