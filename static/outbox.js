// SPDX-License-Identifier: MIT
// The messages that are not in the room yet, below those that are, each with
// what has become of it.

import { $, el, oncePerFrame, size, t, utf8 } from "/common.js";
import { draw } from "/log.js";
import { body, reachCode } from "/message.js";

const USUAL_MOST = 64 << 10; // bytes of a message, as JSON

const out = $("out");
const boxes = new Map(); // item -> its element

const reach = oncePerFrame(() => reachCode([...boxes.values()]));

const bytesOf = (s) => utf8(JSON.stringify({ message: s })).length;

function fate({ state, why, text }) {
  if (state === "queued") return t("Waits for the connection", "等待连接");
  if (state === "sent") return t("Sending", "发送中");
  if (state === "lost") return t("Perhaps not delivered", "可能未送达");
  const refused = t("Not delivered", "未送达");
  if (why !== 1009) return refused;
  const n = bytesOf(text), long = size(n);
  return refused + (n > USUAL_MOST
    ? t(`: too long, ${long} of 64 KiB`, `：太长，${long}，上限 64 KiB`)
    : t(`: too long for this server, ${long}`, `：超出这台服务器的上限，${long}`));
}

function choice(words, action) {
  const button = el("button", { className: "quiet", textContent: words });
  button.onclick = action;
  return button;
}

// An item is new, has changed, or is gone. Two things can be done with one
// that failed: again(item), back(item).
export function showItem(item, { again, back }) {
  let box = boxes.get(item);
  draw();
  if (item.state === "gone") {
    boxes.delete(item);
    return box?.remove();
  }
  if (!box) {
    box = el("div", {}, ...body(item.text), el("p", { role: "status" }));
    boxes.set(item, box);
    out.append(box);
    reach();
  }
  box.className = "msg own " + item.state;
  const words = box.lastChild;
  words.className = "fate";
  words.textContent = fate(item);
  if (item.state === "lost" || item.state === "refused") words.append(
    choice(t("Send again", "重新发送"), () => again(item)),
    choice(t("Take back", "取回"), () => back(item)));
}

addEventListener("beforeunload", (e) => boxes.size && e.preventDefault());
