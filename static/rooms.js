// SPDX-License-Identifier: MIT
// The room of this page, its link, and the way to others.

import { $, copyBy, enterRoom, linkRooms, local, onEnter, recentRooms,
         roomPath, validRoom } from "/common.js";

const RECENT = 8;

// One name, one room: composed (NFC), however it was typed. A path that leads
// to no room gets this page, too.
let asked = location.pathname.replace(/^\/chat\/?/, "") || "lobby";
try {
  asked = decodeURIComponent(asked);
} catch {
  asked = "/"; // which no room is
}
export const room = asked.normalize();
export const exists = validRoom(room);
if (exists && room !== asked) location.replace(roomPath(room));

const go = () => enterRoom($("other").value, $("other-bad"));
$("go").onclick = go;
onEnter($("other"), go);

$("room").onclick = () => $("rooms").showModal();
$("here").textContent = room;
$("link").onclick = () =>
  copyBy($("link"), location.origin + roomPath(room));

const others = recentRooms().filter((r) => r !== room);
if (exists) local.set("rooms", [room, ...others].slice(0, RECENT));
linkRooms($("recent"), new Set(["lobby", ...others].filter((r) => r !== room)));

if (!exists) {
  enterRoom(room, $("other-bad"));
  $("rooms").showModal();
}
