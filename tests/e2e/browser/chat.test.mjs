// SPDX-License-Identifier: MIT
// Goal: two people have a conversation, and nothing anybody writes can do more
// than be read.

import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, eventually, newRoom, notInFirefox, server, sleep, stage }
  from "./support.mjs";

stage();

test("two people chat, and each knows the own messages", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  const ben = await browser.person(server, "Ben", { room });
  await ann.say("Hello Ben");
  await ben.reads(["Hello Ben"]);
  await ben.say("Hello Ann");
  await ann.reads(["Hello Ben", "Hello Ann"]);
  await ben.reads(["Hello Ben", "Hello Ann"]);
  assert.deepEqual(await ann.log.locator(".own .text").allTextContents(),
    ["Hello Ben"]);
  assert.deepEqual(await ann.log.locator("bdi.who").allTextContents(), ["Ben"]);
  await eventually(async () => assert.equal(
    await ann.page.locator("#members").textContent(), "2 here"));
});

test("history greets a newcomer, with a mark for the day", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  for (const s of ["one", "two", "three"]) await ann.say(s);
  await ann.reads(["one", "two", "three"]);
  const ben = await browser.person(server, "Ben", { room });
  await ben.reads(["one", "two", "three"]);
  assert.deepEqual(await ben.log.locator(".day").allTextContents(), ["Today"]);
  assert.equal(await ben.log.locator(".own").count(), 0);
});

test("a reload keeps name, draft, and what was one's own", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  await ann.say("mine");
  await ann.reads(["mine"]);
  await ann.text.fill("half a thou");
  await ann.page.reload();
  await ann.connected();
  assert.equal(await ann.text.inputValue(), "half a thou");
  assert.equal(
    await ann.page.getByRole("textbox", { name: /name/i }).inputValue(), "Ann");
  await ann.reads(["mine"]);
  assert.equal(await ann.log.locator(".own").count(), 1);
});

test("hostile names, messages and rooms are only text",
  { skip: notInFirefox.lines }, async () => {
  const room = `<img src=x onerror=alert(1)>&"'` + newRoom();
  const eve = await browser.person(server, null, { room });
  const ann = await browser.person(server, "Ann", { room });
  await eve.name(`<b onclick=alert(1)>x</b>`);
  const evil = [
    `<script>alert(1)</script>`,
    `<img src=x onerror="alert(1)">`,
    `javascript:alert(1) data:text/html,<script>alert(1)</script>`,
    `"></div><iframe src=//example.com>`,
    `{"event":"welcome","uid":"x"}`,
    `{{constructor.constructor("alert(1)")()}} \${alert(1)}`,
    `http://"onmouseover=alert(1)// https://x.example/'"><svg/onload=alert(1)>`,
    "\u202eesrever \u2066isolated\u2069 \u0000\u0007 nul",
    "Z\u0351\u036b\u0343a\u0330\u0333l\u0321\u032fgo ".repeat(20),
    "w".repeat(5000),
    "```\n" + "x".repeat(3000) + "\n```",
    "__proto__",
    "\ufffd lone",
  ];
  for (const s of evil.slice(0, -1)) await eve.say(s);
  // Half a character, which no keyboard and no protocol of ours would carry.
  await eve.text.evaluate((e) => { e.value = "\ud800 lone"; });
  await eve.send.click();
  await eventually(async () =>
    assert.equal((await ann.said()).length, evil.length));
  const said = await ann.said();
  assert.equal(said[0], evil[0]);
  assert.equal(said[1], evil[1]);
  assert.equal(said[9], evil[9]);
  assert.equal(said.at(-1), evil.at(-1));
  assert.equal(await ann.page.locator("#log").locator(
    "script, img, iframe, svg, [onclick], [onerror]").count(), 0);
  assert.equal(await ann.log.locator("bdi.who").first().textContent(),
    `<b onclick=alert(1)>x</b>`);
  for (const link of await ann.log.locator("a").all()) {
    assert.match(await link.getAttribute("href"), /^https?:\/\//);
    assert.match(await link.getAttribute("rel"), /noopener/);
  }
  // Nothing leaves its box.
  const wide = await ann.page.evaluate(() => ({
    page: document.documentElement.scrollWidth > innerWidth,
    log: document.getElementById("scroll").scrollWidth >
      document.getElementById("scroll").clientWidth,
    clipped: [...document.querySelectorAll(".text")].some((e) =>
      e.scrollWidth > e.clientWidth),
  }));
  assert.deepEqual(wide, { page: false, log: false, clipped: false });
  assert.equal(await ann.page.locator("#here").textContent(), room);
});

test("a name too long is cut to 64 bytes, between characters", async () => {
  const ann = await browser.person(server, "\u{1f600}".repeat(30),
    { room: newRoom() });
  assert.equal(
    await ann.page.getByRole("textbox", { name: /name/i }).inputValue(),
    "\u{1f600}".repeat(16));
  await ann.say("still here");
  await ann.reads(["still here"]);
});

test("a name can be taken back", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  const ben = await browser.person(server, "Ben", { room });
  await ann.say("with");
  await ben.reads(["with"]);
  await ann.name("");
  await ann.say("without");
  await ben.reads(["with", "without"]);
  const names = await ben.log.locator("bdi.who").allTextContents();
  assert.equal(names[0], "Ann");
  assert.match(names[1], /^Guest /);
  await ann.reads(["with", "without"]);
});

test("links, lines and code", { skip: notInFirefox.lines }, async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  await ann.text.fill("see https://example.com/a_(b)?q=1. And");
  await ann.page.keyboard.press("Shift+Enter");
  await ann.page.keyboard.type("a second line with `code`");
  await ann.page.keyboard.press("Enter");
  const text = ann.messages.first();
  await text.waitFor();
  assert.equal(await text.locator("a").getAttribute("href"),
    "https://example.com/a_(b)?q=1");
  assert.equal(await text.locator("code").textContent(), "code");
  assert.match(await text.textContent(), /And\na second line/);
  await ann.say("(see https://example.com/x) https://example.com/a_(b)");
  await ann.messages.nth(1).locator("a").nth(1).waitFor();
  assert.deepEqual(await ann.messages.nth(1).locator("a").evaluateAll(
    (all) => all.map((a) => a.href)),
    ["https://example.com/x", "https://example.com/a_(b)"]);
  await ann.say("```c\nint x;\n  int y;\n```");
  assert.equal(await ann.messages.nth(2).locator("pre").textContent(),
    "int x;\n  int y;");
});

test("a very long message is folded and can be unfolded",
  { skip: notInFirefox.lines }, async () => {
  const ann = await browser.person(server, "Ann", { room: newRoom() });
  await ann.say(Array.from({ length: 60 }, (_, i) => "line " + i).join("\n"));
  const text = ann.messages.first();
  await text.waitFor();
  const folded = (await text.boundingBox()).height;
  await ann.log.getByRole("button", { name: "Show all" }).click();
  assert.ok((await text.boundingBox()).height > 3 * folded);
});

test("who unfolds the last message is not moved on by the next", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  const ben = await browser.person(server, "Ben", { room });
  await ben.paste("word ".repeat(3000));
  await ben.send.click();
  await ann.log.getByRole("button", { name: "Show all" }).click();
  const top = () => ann.page.locator("#scroll").evaluate((e) => e.scrollTop);
  const before = await top();
  await ben.say("next");
  await ann.page.getByRole("button", { name: "1 new" }).waitFor();
  assert.equal(await top(), before);
});

test("what one sends is in sight, however large its field had grown",
  async () => {
    const ann = await browser.person(server, "Ann", { room: newRoom() });
    for (let i = 0; i < 20; i++) await ann.say("line " + i);
    await eventually(async () => assert.equal((await ann.said()).length, 20));
    await ann.paste("long\n".repeat(30) + "x".repeat(72000));
    await ann.send.click();
    await ann.page.getByText("Not delivered: too long").waitFor();
    await eventually(async () => assert.ok(await ann.page.locator("#scroll")
      .evaluate((e) => e.scrollHeight - e.scrollTop - e.clientHeight < 3)));
  });

test("an input method's Enter does not send", async () => {
  const ann = await browser.person(server, "Ann", { room: newRoom() });
  await ann.text.fill("ni hao");
  await ann.text.evaluate((e) => e.dispatchEvent(new KeyboardEvent("keydown",
    { key: "Enter", isComposing: true, bubbles: true, cancelable: true })));
  assert.equal(await ann.text.inputValue(), "ni hao");
});

test("a reader further up is not moved, and told how many are new", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  const ben = await browser.person(server, "Ben", { room });
  for (let i = 0; i < 40; i++) await ben.say("line " + i);
  await eventually(async () => assert.equal((await ann.said()).length, 40));
  const scroll = ann.page.locator("#scroll");
  const top = () => scroll.evaluate((e) => e.scrollTop);
  // Following until now.
  assert.ok(await scroll.evaluate((e) =>
    e.scrollHeight - e.scrollTop - e.clientHeight < 3));
  await scroll.evaluate((e) => { e.scrollTop = 200; });
  await sleep(100);
  for (let i = 0; i < 3; i++) await ben.say("more " + i);
  const button = ann.page.getByRole("button", { name: "3 new" });
  await button.waitFor();
  assert.equal(await top(), 200);
  await button.click();
  assert.ok(await scroll.evaluate((e) =>
    e.scrollHeight - e.scrollTop - e.clientHeight < 3));
  await button.waitFor({ state: "hidden" });
  await ben.say("after");
  await eventually(async () => assert.ok(await scroll.evaluate((e) =>
    e.lastElementChild && e.scrollHeight - e.scrollTop - e.clientHeight < 3)));
});

test("the title counts what came while the page was hidden", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  const ben = await browser.person(server, "Ben", { room });
  const hide = (hidden) => ann.page.evaluate((h) => {
    Object.defineProperty(document, "hidden", { value: h, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  await hide(true);
  await ben.say("psst");
  await ben.say("you there?");
  await eventually(async () =>
    assert.equal(await ann.page.title(), `(2) ${room} · chatd`));
  await hide(false);
  assert.equal(await ann.page.title(), `${room} · chatd`);
});

test("notifications and sound are off until asked for", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room,
    permissions: ["notifications"] });
  const ben = await browser.person(server, "Ben", { room });
  await ann.page.evaluate(() => {
    window.shown = [];
    window.Notification = class {
      static permission = "granted";
      static requestPermission = async () => "granted";
      constructor(title, options) { window.shown.push([title, options.body]); }
    };
    Object.defineProperty(document, "hidden", { value: true });
  });
  await ben.say("quiet");
  await ann.reads(["quiet"]);
  assert.deepEqual(await ann.page.evaluate(() => window.shown), []);
  await ann.page.getByRole("button", { name: "Settings" }).click();
  assert.equal(await ann.page.getByLabel(/sound/).isChecked(), false);
  await ann.page.getByLabel(/Notify/).check();
  await ann.page.getByRole("button", { name: "Done" }).click();
  await ben.say("loud");
  await ann.reads(["quiet", "loud"]);
  assert.deepEqual(await ann.page.evaluate(() => window.shown),
    [["Ben · " + room, "loud"]]);
});

test("another room is a dialog away, and stays in the list", async () => {
  const room = newRoom(), other = "房间 " + newRoom();
  const ann = await browser.person(server, "Ann", { room });
  await ann.page.getByRole("button", { name: room }).click();
  await ann.page.getByRole("textbox", { name: "Room" }).fill("a/b");
  await ann.page.keyboard.press("Enter");
  assert.match(await ann.page.getByRole("alert").first().textContent(), /slash/);
  await ann.page.getByRole("textbox", { name: "Room" }).fill(other);
  await ann.page.keyboard.press("Enter");
  await ann.page.waitForURL("**/chat/" + encodeURIComponent(other));
  await ann.connected();
  assert.equal(await ann.page.locator("#here").textContent(), other);
  await ann.page.getByRole("button", { name: other }).click();
  await ann.page.getByRole("link", { name: room }).click();
  await ann.page.waitForURL("**/chat/" + room);
});

test("a plain member's text and binary are shown too", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  await ann.page.evaluate((path) => new Promise((done) => {
    const ws = new WebSocket(location.origin.replace("http", "ws") + path);
    ws.onopen = () => {
      ws.send("plain");
      ws.send(new Uint8Array([1, 2, 255]));
      setTimeout(done, 200);
    };
  }), "/chat/" + room);
  await ann.reads(["plain", "3 B 01 02 ff"]);
});

test("in Chinese for a browser that asks for it", async () => {
  const page = await browser.page(server.url + "/chat/" + newRoom(),
    { locale: "zh-CN" });
  await page.getByText("已连接").waitFor();
  assert.equal(await page.getByRole("textbox", { name: "消息" }).count(), 1);
  assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
  await page.getByRole("textbox", { name: "消息" }).fill("你好");
  await page.getByRole("button", { name: "发送" }).click();
  await page.getByText("今天").waitFor();
});

test("right-to-left text reads from the right", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  const ben = await browser.person(server, "בן", { room });
  await ben.say("שלום, עולם!");
  await ann.reads(["שלום, עולם!"]);
  assert.equal(await ann.messages.first().evaluate((e) =>
    getComputedStyle(e).direction), "rtl");
});
