// SPDX-License-Identifier: MIT
// The start page: live state, one frame byte by byte, commands to copy.

import { $, copyBy, el, health, noServer, t, wsURL } from "/common.js";
import { hex, utf8 } from "/text.js";

// ---- live state

async function look() {
  if (document.hidden) return;
  const h = await health(), ok = h.status === "ok";
  document.body.dataset.state = ok ? "ready" : "waiting";
  const words = !ok ? noServer(h.status)
    : t(`connected: ${h.clients} · rooms: ${h.rooms}`,
        `连接 ${h.clients} · 房间 ${h.rooms}`);
  if ($("state").textContent !== words) $("state").textContent = words;
}
setInterval(look, 5000);
document.addEventListener("visibilitychange", look);
look();

// ---- a frame, RFC 6455 5.2

const KEY = [0x37, 0xfa, 0x21, 0x3d]; // of the example in RFC 6455 5.7

function draw() {
  const payload = utf8($("said").value), n = payload.length;
  const parts = [
    ["fin", [0x81], t("final, text", "末帧，文本")],
    ["length", [0x80 | n], t(`masked, ${n} bytes`, `有掩码，${n} 字节`)],
    ["key", KEY, t("masking key", "掩码")],
    ["payload", payload.map((b, i) => b ^ KEY[i % 4]),
      t("your text, each byte XOR the key", "你的文字，逐字节与掩码异或")],
  ].filter((part) => part[1].length);
  $("frame").replaceChildren(...parts.map(([name, bytes, words]) =>
    el("span", { className: "part " + name },
      el("span", { className: "bytes" }, ...hex(bytes).split(" ").map((b) =>
        el("b", { textContent: b }))), words)));
  $("frame").ariaLabel =
    parts.map(([, bytes, words]) => words + ": " + hex(bytes)).join("; ");
}
$("said").oninput = draw;
draw();

// ---- commands

const http = location.origin, echo = wsURL("/echo");
for (const [name, lines] of [
  ["curl", `curl ${http}
curl -iN --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' \\
  -H 'Sec-WebSocket-Version: 13' \\
  -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' ${http}/echo`],
  ["wscat", `npx wscat -c ${echo}`],
  ["websocat", `websocat ${echo}`],
  [t("Browser console", "浏览器控制台"), `ws = new WebSocket("${echo}")
ws.onmessage = (e) => console.log(e.data)
ws.onopen = () => ws.send("hello")`],
  ["Python (websockets)", `from websockets.sync.client import connect
with connect("${echo}") as ws:
    ws.send("hello"); print(ws.recv())`],
  [t("The chat, as JSON", "聊天的 JSON 形式"),
    `websocat "${wsURL("/ws/lobby")}?name=Ann&history=10"
{"message":"hello"}`],
]) {
  const button = el("button", { className: "quiet",
    textContent: t("Copy", "复制"), ariaDescription: name });
  button.onclick = () => copyBy(button, lines);
  $("commands").append(el("section", { className: "command" },
    el("h3", { textContent: name }), button,
    el("pre", { tabIndex: 0 }, el("code", { textContent: lines }))));
}
