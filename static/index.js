// SPDX-License-Identifier: MIT
// The start page: live state, one frame byte by byte, commands to copy.

import { $, copyBy, el, enterRoom, frameBox, frameOf, health, linkRooms,
         noServer, recentRooms, t, utf8, wsURL } from "/common.js";

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
  const payload = utf8($("said").value);
  for (const [id, key] of [["frame", KEY], ["answer", null]])
    $(id).replaceChildren(frameBox(frameOf({ payload, text: true, key })));
}
$("said").oninput = draw;
draw();

// ---- a room

$("enter").onsubmit = (e) => {
  e.preventDefault();
  enterRoom($("room").value || "lobby", $("room-bad"));
};
linkRooms($("recent"), recentRooms());

// ---- commands, each with what it prints

const http = location.origin, echo = wsURL("/echo");
const lines = (...all) => all.join("\n");
const comesBack = t("what you type comes back", "输入什么就返回什么");

const upgrade = ["Connection: Upgrade", "Upgrade: websocket",
  "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
const upgraded = ["HTTP/1.1 101 Switching Protocols", ...upgrade.slice(0, 2),
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="];
$("handshake").textContent = lines("GET /echo HTTP/1.1",
  "Host: " + location.host, ...upgrade, "", ...upgraded);

for (const [name, commands, printed] of [
  ["curl", lines(`curl ${http}`, `curl -iN --http1.1 ${http}/echo \\`,
    upgrade.map((field) => `  -H '${field}'`).join(" \\\n")),
   lines('{"msg":"HelloWebSocket"}', ...upgraded)],
  ["wscat", `npx wscat -c ${echo}`, comesBack],
  ["websocat", `websocat ${echo}`, comesBack],
  [t("Browser console", "浏览器控制台"), lines(`ws = new WebSocket("${echo}")`,
    "ws.onmessage = (e) => console.log(e.data)",
    'ws.onopen = () => ws.send("hello")'), "hello"],
  ["Python (websockets)", lines("from websockets.sync.client import connect",
    `with connect("${echo}") as ws:`,
    '    ws.send("hello"); print(ws.recv())'), "hello"],
  [t("The chat, as JSON", "聊天的 JSON 形式"),
    lines(`websocat "${wsURL("/ws/lobby")}?name=Ann&history=10"`,
      '{"message":"hello"}'),
    t("what the others say, as JSON", "别人说的话，JSON 形式")],
  [t("Any frame, explained", "解释任何一帧"),
    "echo 81 85 37 FA 21 3D 7F 9F 4D 51 58 | ./chatd --explain",
    lines("> text frame, 5 bytes, masked                                byte 0",
      ">   81  1... ....  FIN 1: the whole message is in this frame    5.4")],
]) {
  const button = el("button", { className: "quiet",
    textContent: t("Copy", "复制") });
  button.setAttribute("aria-description", name);
  button.onclick = () => copyBy(button, commands);
  $("commands").append(el("section", { className: "command" },
    el("h3", { textContent: name }), button,
    el("pre", { tabIndex: 0 }, el("code", { textContent: commands }),
      el("samp", { textContent: "\n" + printed }))));
}
