// SPDX-License-Identifier: MIT
// What is done with text alone: names, rooms, addresses, code. It needs no
// document, so that it is tested without a browser.
//
// Other people write most of it, 64 KiB at a time. Every pattern and loop here
// takes time in proportion to the length, whatever the text. A pattern that
// must reach $ and may begin anywhere does not: /[.]+$/ tries each dot of a
// line of dots, and from each it looks at all the others.

const MOST_BYTES = 64;              // of a name, of a room
const LONG = 1500, LONG_LINES = 16; // beyond it a message is folded

const encoder = new TextEncoder();
export const utf8 = (s) => encoder.encode(s);

export const hex = (bytes) => Array.from(bytes,
  (b) => b.toString(16).padStart(2, "0")).join(" ");

// A lone surrogate is not UTF-8; the server would refuse it.
export const wellFormed = (s) => new TextDecoder().decode(utf8(s));

// ---- names and rooms

const controls = /[\0-\x1f\x7f-\x9f]+/;

export function cleanName(s) {
  let kept = "", left = MOST_BYTES;
  for (const c of wellFormed(s).split(controls).join(" ").trim()) {
    left -= utf8(c).length;
    if (left < 0) break;
    kept += c;
  }
  return kept.trim();
}

export const validRoom = (s) => Boolean(s) && utf8(s).length <= MOST_BYTES &&
  !controls.test(s) && !s.includes("/") && s !== "." && s !== "..";

export const roomPath = (s) =>
  s === "lobby" ? "/chat" : "/chat/" + encodeURIComponent(wellFormed(s));

// ---- addresses

// Bidirectional controls and closing marks are no part of an address.
const address =
  /https?:\/\/[^\s<>"'`\u202a-\u202e\u2066-\u2069，。、；：！？（）「」『』《》【】]+/gi;

const count = (s, c) => s.split(c).length - 1;

// Without the marks that belong to the sentence around it, and without a
// bracket that was opened before it.
function trimAddress(s) {
  let end = s.length;
  let extra = count(s, ")") - count(s, "(");
  for (; end > 0; end--)
    if (s[end - 1] === ")" && extra > 0) extra--;
    else if (!".,;:!?*_~".includes(s[end - 1])) break;
  return s.slice(0, end);
}

// URL.canParse is younger than the browsers this is for.
function isAddress(s) {
  try {
    return Boolean(new URL(s));
  } catch {
    return false;
  }
}

function linked(s) {
  const parts = [];
  let from = 0;
  for (const { 0: found, index } of s.matchAll(address)) {
    const url = trimAddress(found);
    if (!isAddress(url)) continue;
    parts.push(["text", s.slice(from, index)], ["link", url]);
    from = index + url.length;
  }
  return [...parts, ["text", s.slice(from)]];
}

// ---- a message

// Its parts, as [kind, text]: text, link, code, block. ```fences``` and `ticks`
// are code, addresses links; nothing else is special.
export function parts(s) {
  return s.split(/```(?:[\w+-]*\n)?([^]*?)\n?```\n?/).flatMap((outer, i) =>
    i % 2 ? [["block", outer]]
          : outer.split(/`([^`\n]+)`/).flatMap((inner, j) =>
              j % 2 ? [["code", inner]] : linked(inner)),
  ).filter(([kind, text]) => text || kind === "block");
}

export const isLong = (s) => s.length > LONG || count(s, "\n") >= LONG_LINES;

// Of a long one [the first parts, the last of them cut, the rest as text].
export function beginning(all) {
  const kept = [];
  let left = LONG, lines = LONG_LINES;
  for (const [kind, text] of all) {
    const rows = text.slice(0, left).split("\n", lines);
    const cut = rows.join("\n");
    kept.push([cut === text || kind !== "link" ? kind : "text", cut]);
    left -= cut.length;
    lines -= rows.length - 1;
    if (cut !== text || left <= 0 || lines <= 1) break;
  }
  const whole = all.map(([, text]) => text).join("");
  const long = kept.reduce((sum, [, text]) => sum + text.length, 0);
  return [kept, whole.slice(long)];
}
