// SPDX-License-Identifier: MIT
// What a token allows, in words above the text. People call it a pass.

import { $, t } from "/common.js";

let runsOutAt = 0, counting = 0; // with a timer, from when that is told

// Read out, but not every second of a countdown.
function putPass(words, aloud) {
  $("pass").setAttribute("aria-live", aloud ? "polite" : "off");
  $("pass").textContent = words;
  $("pass").hidden = !words;
}

function passWords(words) {
  clearInterval(counting);
  putPass(words, true);
}

const noPass = (why) =>
  /: none$/.test(why)
    ? t("This room wants a pass: open the link that you were given.",
        "进这个房间要有通行证：请打开你收到的链接。")
  : /expired$/.test(why)
    ? t("Your pass has run out: open a new link. What you wrote stays.",
        "你的通行证已过期：请打开新的链接。你写的内容会保留。")
  : /room$/.test(why)
    ? t("Your pass is not for this room.", "你的通行证不适用于这个房间。")
    : t("Your pass is not valid here: open its link again, or a new one.",
        "你的通行证在这里无效：请重新打开链接，或打开新的链接。");

// Whether a connection may speak, and when it ends, it is told anew.
export function showPass(state, why) {
  if (state === "barred") passWords(noPass(why));
  else if (state !== "ready") passWords("");
}

export const listensOnly = () =>
  passWords(t("You may read here, but not write. Your text stays.",
              "你在这里只能阅读，不能发言。你写的文字会保留。"));

function countDown(aloud) {
  const n = Math.max(0, Math.ceil((runsOutAt - performance.now()) / 1000));
  putPass(t(`Your pass runs out in ${n} s.`, `你的通行证将在 ${n} 秒后过期。`),
    aloud);
}

// 0: not any more.
export function runsOut(seconds) {
  passWords("");
  if (!seconds) return;
  runsOutAt = performance.now() + seconds * 1000;
  counting = setInterval(countDown, 1000);
  countDown(true);
}
