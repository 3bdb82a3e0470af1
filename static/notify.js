// SPDX-License-Identifier: MIT
// For who is not looking: a count in the title, a notification, a sound.

import { $, local, looking, oncePerFrame, t } from "/common.js";
import { guest } from "/message.js";

let place = ""; // the room
let unread = 0;
let untold = []; // came since the last notification

export function title(room = place) {
  place = room;
  document.title = (unread ? `(${unread}) ` : "") + room + " · chatd";
  if (unread) navigator.setAppBadge?.(unread).catch(() => {});
  else navigator.clearAppBadge?.().catch(() => {});
}

const show = oncePerFrame(() => title());

function tell() {
  if (local.get("notify")) notify(untold);
  if (local.get("sound")) blip();
  untold = [];
}

// Somebody said something. Silent: it was there before this page was.
export function missed(m, silent) {
  if (looking()) return;
  unread++;
  show();
  if (silent) return;
  if (!untold.length) setTimeout(tell, 100); // for all that come together
  untold = [m, ...untold].slice(0, 99);
}

function looked() {
  if (!looking() || !unread) return;
  unread = 0;
  title();
}
addEventListener("focus", looked);
document.addEventListener("visibilitychange", looked);

// ---- notifications

function notify([m, ...more]) {
  const who = m.name || guest(m.uid);
  const words = (m.message || "").slice(0, 200);
  const n = more.length + 1;
  try {
    const note = more.length
      ? new Notification(place, { tag: "chatd." + place,
          body: t(`${n} new. ${who}: ${words}`, `${n} 条新消息。${who}：${words}`) })
      : new Notification(who + " · " + place,
          { tag: "chatd." + place, body: words });
    note.onclick = () => {
      window.focus();
      note.close();
    };
  } catch { /* some phones allow it to service workers only */ }
}

// Why not, or nothing.
async function refusal() {
  if (!isSecureContext)
    return t("Browsers allow it only over https, or on localhost.",
             "浏览器只在 https 或 localhost 上允许通知。");
  if (!("Notification" in window))
    return t("This browser has no notifications.", "这个浏览器没有通知功能。");
  const answer = await Notification.requestPermission();
  if (answer === "granted") return "";
  return answer === "denied"
    ? t("The browser forbids it for this site: see its site settings.",
        "浏览器禁止本站通知，请看它的网站设置。")
    : t("It was not allowed.", "没有得到许可。");
}

// ---- sound

let audio, beeped;
function blip() {
  audio ??= new AudioContext();
  audio.resume();
  const now = audio.currentTime; // stands still until sound is allowed
  if (now === beeped) return;
  beeped = now;
  const tone = audio.createOscillator(), gain = audio.createGain();
  tone.frequency.value = 770;
  gain.gain.setValueAtTime(0.08, now);
  gain.gain.exponentialRampToValueAtTime(0.001, now + 0.3);
  tone.connect(gain).connect(audio.destination);
  tone.start(now);
  tone.stop(now + 0.3);
}

// ---- settings

$("sound").onchange = () => {
  local.set("sound", $("sound").checked || null);
  if ($("sound").checked) blip();
};

$("notify").onchange = async () => {
  const why = $("notify").checked ? await refusal() : "";
  if (why) $("notify").checked = false;
  $("options-bad").textContent = why;
  local.set("notify", $("notify").checked || null);
};

for (const id of ["notify", "sound"]) $(id).checked = local.get(id, false);
$("settings").onclick = () => $("options").showModal();
