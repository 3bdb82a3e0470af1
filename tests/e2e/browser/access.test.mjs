// SPDX-License-Identifier: MIT
// Goal: the pages serve whoever comes: by keyboard, with a screen reader, on a
// phone, in the dark, in English and Chinese; and load nothing from elsewhere.

import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Browser, Wire, accessible, browser, eventually, from, newRoom, server,
         stage, welcome } from "./support.mjs";

const phone = { viewport: { width: 360, height: 640 }, isMobile: true,
  hasTouch: true, deviceScaleFactor: 2 };

stage();

async function talk(options) {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room, ...options });
  const ben = await browser.person(server, "Ben", { room });
  await ben.say("see https://example.com\nand `code`\n```\n" +
    "long ".repeat(100) + "\n```");
  await ben.say("line\n".repeat(40));
  await ann.text.fill("mine, with https://example.com and `code`");
  await ann.send.click(); // on a phone Enter is a new line
  await eventually(async () => assert.equal((await ann.said()).length, 3));
  return ann;
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing: the start page, ${colorScheme}`, async () => {
    const page = await browser.page(server.url + "/", { colorScheme });
    await page.getByText(/connected: \d/).waitFor();
    await accessible(page, "start");
  });

  test(`axe finds nothing: the chat, ${colorScheme}`, async () => {
    const ann = await talk({ colorScheme });
    await accessible(ann.page, "chat");
    await ann.page.getByRole("button", { name: "Settings" }).click();
    await accessible(ann.page, "settings");
    await ann.page.keyboard.press("Escape");
    await ann.page.locator("#room").click();
    await accessible(ann.page, "rooms");
  });

  test(`axe finds nothing: who is here, and what was missed, ${colorScheme}`,
    async () => {
      let say;
      const { person, page } = await browser.scriptedWith({ colorScheme },
        server, (s) => {
          say = s;
          s(welcome("me", null, { following: 0, who: [
            { uid: "me" }, { uid: "ben", name: "Ben" }] }));
        });
      await person.connected();
      await person.say("a guest");
      say(from("me", "a", "a guest", { name: undefined }));
      say({ event: "members", members: 3, who: [{ uid: "me" },
        { uid: "ben", name: "Ben" }, { uid: "cy", name: "Ben" }] });
      await person.looks(false);
      for (let i = 0; i < 40; i++) say(from("ben", "a" + i, "line " + i));
      say(from("cy", "b", "I am another"));
      say(from("ben", "c", "So you are"));
      say({ event: "gap" });
      await page.locator("#offer").waitFor();
      await page.getByText("So you are").waitFor();
      await accessible(page, "missed");
      await page.getByRole("button", { name: "3 here" }).click();
      await accessible(page, "who");
    });

  test(`axe finds nothing: the chat without a server, ${colorScheme}`,
    async () => {
      const room = newRoom(), wire = await Wire.to(server.port);
      const ann = await browser.person(wire, "Ann", { room, colorScheme });
      wire.mute();
      await ann.say("lost");
      wire.cut();
      await ann.state(/lost|No server/);
      await ann.say("queued");
      await accessible(ann.page, "waiting");
      wire.open();
      await ann.connected(20000);
      await ann.page.getByText("Perhaps not delivered").waitFor();
      await accessible(ann.page, "unsure");
      wire.close();
    });

  test(`axe finds nothing: the echo tester, ${colorScheme}`, async () => {
    const page = await browser.page(server.url + "/echo", { colorScheme });
    for (const kind of ["Hex", "File", "Pattern", "Text"]) {
      await page.getByRole("radio", { name: kind }).check();
      await accessible(page, kind);
    }
    await page.getByRole("textbox", { name: "Message" }).fill('{"a":[1,{}]}');
    await page.getByRole("button", { name: "Keep this message" }).click();
    await page.getByRole("button", { name: "Send" }).click();
    for (const n of [1, 2]) await page.locator(".line").nth(n).click();
    await page.getByText("a: [2]").first().click();
    await accessible(page, "opened");
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByText("Not connected").waitFor();
    await accessible(page, "closed");
  });

  test(`the page is ${colorScheme} when asked to be`, async () => {
    for (const at of ["/", "/chat", "/echo"]) {
      const page = await browser.page(server.url + at, { colorScheme });
      const [r, g, b] = await page.evaluate(() =>
        getComputedStyle(document.documentElement).backgroundColor
          .match(/\d+/g).map(Number));
      assert.equal(r + g + b > 380, colorScheme === "light", at);
      await page.close();
    }
  });
}

test("the keyboard alone is enough to chat", async () => {
  const ann = await browser.person(server, null, { room: newRoom() });
  const { page } = ann;
  const focused = () => page.evaluate(() => document.activeElement.id ||
    document.activeElement.tagName);
  const order = [];
  assert.equal(await focused(), "text"); // one can type at once
  for (let i = 0; i < 5; i++) await page.keyboard.press("Shift+Tab");
  for (let i = 0; i < 8; i++) {
    if (i) await page.keyboard.press("Tab");
    order.push(await focused());
    // The focus can be seen.
    const shown = await page.evaluate(() => {
      const e = document.activeElement, s = getComputedStyle(e);
      return s.outlineStyle !== "none" ||
        getComputedStyle(e.closest("form") || e).boxShadow !== "none";
    });
    assert.ok(shown, order.at(-1));
  }
  assert.deepEqual(order,
    ["A", "room", "members", "settings", "scroll", "text", "name", "BUTTON"]);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.type("Ann");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "text");
  await page.keyboard.type("by keyboard");
  await page.keyboard.press("Enter");
  await ann.reads(["by keyboard"]);
  assert.equal(await focused(), "text");
  // A dialog opens, keeps the focus, and gives it back.
  for (let i = 0; i < 2; i++) await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() =>
    Boolean(document.activeElement.closest("dialog"))), true);
  await page.keyboard.press("Escape");
  assert.equal(await focused(), "settings");
});

test("the keyboard alone is enough for an echo", async () => {
  const page = await browser.page(server.url + "/echo");
  await page.getByText("Connected", { exact: true }).waitFor();
  await page.getByRole("radio", { name: "Text" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "hex");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("c0ffee");
  for (let i = 0; i < 3; i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("c0 ff ee").first().waitFor();
});

test("a screen reader hears what is new, not a whole history", async () => {
  const room = newRoom();
  const ben = await browser.person(server, "Ben", { room });
  await ben.say("old");
  await ben.reads(["old"]);
  const page = await browser.page();
  await page.addInitScript(() => {
    window.heard = [];
    addEventListener("DOMContentLoaded", () => {
      const log = document.getElementById("log");
      new MutationObserver((all) => {
        for (const m of all) for (const n of m.addedNodes)
          window.heard.push([log.ariaLive, n.textContent]);
      }).observe(log, { childList: true });
    });
  });
  await page.goto(`${server.url}/chat/${room}`);
  await eventually(async () => assert.equal(
    await page.locator("#log").getAttribute("aria-live"), "polite"));
  await ben.say("new");
  await page.getByText("new", { exact: true }).waitFor();
  const heard = await page.evaluate(() => window.heard);
  assert.ok(heard.some(([live, s]) => live === "off" && s.endsWith("old")));
  assert.deepEqual(heard.filter(([live]) => live === "polite").length, 1);
  assert.match(heard.at(-1)[1], /^Ben .*new$/);
});

test("on a phone everything is within reach and within the screen", async () => {
  const ann = await talk(phone);
  const fits = (page) => page.evaluate(() =>
    document.documentElement.scrollWidth <= innerWidth);
  assert.ok(await fits(ann.page));
  const box = await ann.send.boundingBox();
  assert.ok(box.y + box.height <= 640 && box.x + box.width <= 360);
  assert.ok(box.height >= 40);
  await ann.text.fill("from a phone");
  await ann.send.tap();
  await ann.page.getByText("from a phone").waitFor();
  for (const at of ["/", "/echo"]) {
    const page = await browser.page(server.url + at, phone);
    await page.waitForTimeout(300);
    assert.ok(await fits(page), at);
    await page.close();
  }
  const chinese = await browser.page(server.url + "/echo",
    { ...phone, locale: "zh-CN" });
  await chinese.getByText("已连接").waitFor();
  assert.ok(await fits(chinese));
});

test("on a phone the bar holds even without a server", async () => {
  const wire = await Wire.to(server.port);
  const ann = await browser.person(wire, "Ann",
    { room: "a-room-with-a-rather-long-name-" + newRoom(), ...phone });
  wire.cut();
  await ann.state(/No server/, 20000);
  const [a, b] = await Promise.all(["#now", "#settings"].map((s) =>
    ann.page.locator(s).boundingBox()));
  assert.ok(a.x + a.width <= b.x && b.x + b.width <= 360, JSON.stringify([a, b]));
  assert.ok((await ann.page.locator("#room").boundingBox()).width > 40);
  wire.close();
});

test("no word is left in English on a Chinese page", async () => {
  for (const at of ["/", "/chat/" + newRoom(), "/echo"]) {
    const page = await browser.page(server.url + at, { locale: "zh-CN" });
    await page.waitForTimeout(400);
    const left = await page.evaluate(() => [...document.querySelectorAll(
      "h1, h2, h3, p, label, button, dt, legend, strong, span, option")]
      .filter((e) => !e.children.length && e.checkVisibility() &&
        /^[A-Z]?[a-z]+( [a-z]+)+/.test(e.textContent.trim()))
      .map((e) => e.textContent));
    assert.deepEqual(left, [], at);
    await page.close();
  }
});

// The body as it goes over the network: fetch would unpack it.
function received(url) {
  return new Promise((done, fail) => {
    http.get(url, { headers: { "Accept-Encoding": "gzip" } }, async (r) => {
      const body = Buffer.concat(await r.toArray());
      done({ bytes: body.length, text: (r.headers["content-encoding"] === "gzip"
        ? gunzipSync(body) : body).toString() });
    }).on("error", fail);
  });
}

test("a page is at most 24 KiB to receive, and all of them 32", async (t) => {
  const all = new Map();
  async function visit(at, seen) {
    if (seen.has(at)) return;
    seen.add(at);
    if (!all.has(at)) all.set(at, await received(server.url + at));
    for (const [, other] of all.get(at).text.matchAll(
      /"?(\/[a-z]+\.(?:js|css|svg|webmanifest)(?:\?v=\w+)?)/g))
      await visit(other, seen);
  }
  const sum = (names) => [...names].reduce((n, at) => n + all.get(at).bytes, 0);
  for (const at of ["/index.html", "/chat.html", "/echo.html"]) {
    const seen = new Set();
    await visit(at, seen);
    t.diagnostic(`${at}: ${seen.size} files, ${sum(seen)} bytes`);
    assert.ok(seen.size >= 5 && sum(seen) <= 24 * 1024, `${at}: ${sum(seen)}`);
  }
  t.diagnostic(`all: ${all.size} files, ${sum(all.keys())} bytes`);
  assert.ok(sum(all.keys()) <= 32 * 1024, `${sum(all.keys())}`);
});

test("nothing is loaded from elsewhere, and the policy forbids it", async () => {
  for (const at of ["/", "/chat", "/echo"]) {
    const page = await browser.page();
    const asked = [];
    page.on("request", (r) => asked.push(r.url()));
    const response = await page.goto(server.url + at);
    await page.waitForTimeout(300);
    for (const url of asked) assert.ok(url.startsWith(server.url), url);
    const policy = response.headers()["content-security-policy"];
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(response.headers()["x-content-type-options"], "nosniff");
    assert.equal(response.headers()["referrer-policy"], "no-referrer");
    assert.doesNotMatch(await response.text(),
      /<style|<script(?![^>]*src=)| style=| on\w+=/);
    await page.close();
  }
});

test("the start page: live state, a frame, commands to copy", async () => {
  const page = await browser.page(server.url + "/",
    { permissions: ["clipboard-read", "clipboard-write"] });
  await page.getByText(/connected: \d+ · rooms: \d+/).waitFor();
  const frame = page.getByRole("img", { name: /masking key/ });
  // The example of RFC 6455 5.7.
  assert.match(await frame.getAttribute("aria-label"),
    /: 81; .*: 85; .*: 37 fa 21 3d; .*: 7f 9f 4d 51 58$/);
  await page.getByLabel("When a browser sends").fill("é");
  assert.match(await frame.getAttribute("aria-label"), /: 82; .*: f4 53$/);
  const host = new URL(server.url).host;
  for (const name of ["curl", "wscat", "websocat", "Browser console", "Python"]) {
    const command = page.locator(".command").filter({
      has: page.getByRole("heading", { name }) });
    await command.getByRole("button").click();
    await command.getByText("Copied").waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(text, await command.locator("code").textContent());
    assert.ok(text.includes(host), name);
  }
  await page.getByRole("link", { name: /^Chat/ }).click();
  await page.waitForURL("**/chat");
});
