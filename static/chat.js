// SPDX-License-Identifier: MIT
// The chat page: what link.js tells goes to the screen, what is written goes to
// link.js. Each part of the screen has a file of its own.
//
//   link.js     the connection, and what is not delivered yet
//   log.js      the conversation; message.js makes its elements, text.js reads
//               what is in a text
//   outbox.js   what is not delivered yet, with its fate
//   people.js   who is here, and who is oneself
//   state.js    the connection in words
//   pass.js     a token in words
//   write.js    the draft, the name, the keys
//   notify.js   title, notifications, sound
//   rooms.js    this room and others

import { $, local, t } from "/common.js";
import { Link } from "/link.js";
import { addLine, addMessage, caughtUp, draw, hasAny, live, seenUpTo, toEnd }
  from "/log.js";
import { guest } from "/message.js";
import { missed, title } from "/notify.js";
import { showItem } from "/outbox.js";
import { listensOnly, runsOut, showPass } from "/pass.js";
import { heardFrom, isMine, members, remember } from "/people.js";
import { exists, room } from "/rooms.js";
import { showState } from "/state.js";
import { fixName, offerName, ownName, start, takeBack } from "/write.js";

// ---- what was there before this page

// In the first history, what comes after the message that was seen last, here
// or in another tab, is new.
const seenBefore = local.get("seen." + room);
let caught = false, beyondSeen = false, arriving = false;

function keepSeen() {
  if (seenUpTo()) local.set("seen." + room, seenUpTo());
}
addEventListener("pagehide", keepSeen);
document.addEventListener("visibilitychange", keepSeen);

// ---- what the connection tells

function state(name, detail) {
  showState(name, detail);
  showPass(name, detail);
  if (link.token || name === "barred") $("whoever").textContent =
    t("Whoever has its link, and a pass, can come in.",
      "有链接和通行证的人能进来。");
  if (name === "open") {
    live(false);
    remember(link.uid);
    arriving = true;
  }
  if (name !== "ready") return;
  caught = true;
  caughtUp();
  setTimeout(() => live(link.ready), 500);
}

function message(m, own, replayed) {
  const mine = own || isMine(m.uid);
  const isNew = !mine && (caught || beyondSeen);
  heardFrom(m, mine, link.fixed || link.name);
  if (m.uid === link.uid && !m.name) offerName(guest(m.uid));
  addMessage(m, mine, isNew && replayed);
  if (isNew) missed(m, !caught);
  if (m.id === seenBefore) beyondSeen = true;
}

const link = new Link(room, ownName(), {
  state,
  message,
  gap() {
    if (hasAny()) addLine("gap", t("Messages may be missing here",
                                   "这里可能缺少消息"));
  },
  members(number, who) {
    members(number, who, arriving);
    arriving = false;
  },
  notice(words) {
    addLine("gap", t("The server says: ", "服务器说：") + words);
  },
  out(item) { showItem(item, { again, back }); },
  expiring: runsOut,
  listen(words) {
    takeBack(words);
    listensOnly();
  },
  named: fixName,
  kept() {
    addLine("gap", t("That pass is not valid: you go on with the one you had",
                     "那个通行证无效：继续使用原来的"));
  },
});

// ---- what the person does

function again(item) {
  link.forget(item);
  link.say(item.text);
  $("text").focus();
}

function back(item) {
  link.forget(item);
  takeBack(item.text);
}

$("now").onclick = () => {
  link.wake(true);
  $("text").focus();
};

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.onclick = (e) => { if (e.target === dialog) dialog.close(); };
  dialog.querySelector(".close").onclick = () => dialog.close();
}

title(room);
start(room, {
  rename: (name) => link.rename(name),
  say(words) {
    link.say(words);
    toEnd();
  },
});
for (const item of link.items) showItem(item, { again, back });
draw();
if (exists) link.open();
