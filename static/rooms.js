// SPDX-License-Identifier: MIT
// The room of this page, its link, and the way to others.

import { $, copyBy, enterRoom, linkRooms, local, onEnter, recentRooms,
         roomPath } from "/common.js";

const RECENT = 8;

// The server gives this page to well-formed rooms only. One name, one room:
// composed (NFC), however it was typed.
const asked = decodeURIComponent(location.pathname.split("/")[2] || "lobby");
export const room = asked.normalize();
if (room !== asked) location.replace(roomPath(room));

const go = () => enterRoom($("other").value, $("other-bad"));
$("go").onclick = go;
onEnter($("other"), go);

$("room").onclick = () => $("rooms").showModal();
$("here").textContent = room;
$("link").onclick = () =>
  copyBy($("link"), location.origin + roomPath(room));

const others = recentRooms().filter((r) => r !== room);
local.set("rooms", [room, ...others].slice(0, RECENT));
linkRooms($("recent"), new Set(["lobby", ...others].filter((r) => r !== room)));
