// SPDX-License-Identifier: MIT
// The state of the connection, in words and a dot.

import { $, health, noServer, t } from "/common.js";

let until = 0, ticking = 0; // of the pause before the next attempt

const say = (words) => { $("state").textContent = words; };

export function showState(name, detail) {
  clearInterval(ticking);
  $("pause").textContent = "";
  $("now").hidden = name !== "waiting" && name !== "barred";
  if (name === "ready") say(t("Connected", "已连接"));
  if (name === "connecting" && !document.body.dataset.state)
    say(t("Connecting", "连接中"));
  if (name === "barred") say(t("Not let in", "未获准进入"));
  document.body.dataset.state = name;
  if (name !== "waiting") return;
  until = performance.now() + detail.pause;
  ticking = setInterval(tick, 500);
  tick();
  explain(detail);
}

function tick() {
  const n = Math.ceil((until - performance.now()) / 1000);
  $("pause").textContent = n > 1 ? t(`again in ${n} s`, `${n} 秒后重试`) : "";
}

// A browser does not tell why a handshake was refused. /healthz tells whether
// anybody is there, and is refused itself where nobody more is let in.
async function explain({ opened }) {
  if (!navigator.onLine) return say(t("You are offline", "你已离线"));
  if (opened) return say(t("Connection lost", "连接断开"));
  const { status } = await health();
  if (document.body.dataset.state === "ready") return;
  say(status === "ok" ? t("The server refuses the connection", "服务器拒绝了连接")
                      : noServer(status));
}
