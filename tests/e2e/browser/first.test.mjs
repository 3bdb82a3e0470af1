// SPDX-License-Identifier: MIT
// Goal: the first minute is clear, on a desk and on a phone.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { Server, browser, eventually, from, newRoom, notInFirefox, running,
         server, stage, welcome } from "./support.mjs";

stage();

const phone = { viewport: { width: 360, height: 640 }, isMobile: true,
  hasTouch: true };

test("one can type at once, and wherever the focus is", async () => {
  const ann = await browser.person(server, null, { room: newRoom() });
  await ann.page.keyboard.type("at once");
  assert.equal(await ann.text.inputValue(), "at once");
  await ann.page.locator("#scroll").focus();
  await ann.page.keyboard.type(", and");
  await ann.page.locator("#settings").focus();
  await ann.page.keyboard.type("here");
  assert.equal(await ann.text.inputValue(), "at once, andhere");
  // Not so what is meant for a button, a shortcut, another field.
  await ann.page.locator("#settings").focus();
  await ann.page.keyboard.press("Space");
  await ann.page.getByRole("dialog").waitFor();
  await ann.page.keyboard.type("x");
  await ann.page.keyboard.press("Escape");
  await ann.page.locator("#name").fill("");
  await ann.page.locator("#name").pressSequentially("Ann");
  assert.equal(await ann.text.inputValue(), "at once, andhere");
});

test("a guest is offered a name, once", async () => {
  const ann = await browser.person(server, null, { room: newRoom() });
  const offer = ann.page.getByText(/The others see you as “Guest [0-9a-f]{4}”/);
  assert.equal(await offer.isVisible(), false);
  await ann.say("hello");
  await offer.waitFor();
  await ann.page.getByRole("button", { name: "Say who you are" }).click();
  await ann.page.keyboard.type("Ann");
  await ann.page.keyboard.press("Enter");
  await ann.say("it is me");
  assert.equal(await offer.isVisible(), false);
  const ben = await browser.person(server, "Ben", { room: newRoom() });
  await ben.say("hello");
  await ben.reads(["hello"]);
  assert.equal(await ben.page.locator("#offer").isVisible(), false);
});

test("the link of a room can be copied", async () => {
  const room = "房间 " + newRoom();
  const ann = await browser.person(server, "Ann", { room,
    permissions: ["clipboard-read", "clipboard-write"] });
  await ann.page.locator("#room").click();
  await ann.page.getByRole("button", { name: "Copy the link" }).click();
  await ann.page.getByRole("button", { name: "Copied" }).waitFor();
  const link = await ann.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, server.url + "/chat/" + encodeURIComponent(room));
});

test("a room is called empty only when that is known", async () => {
  let say;
  const { page, person } = await browser.scripted(server, (s) => {
    say = s;
  });
  const empty = page.getByText("Nobody has said anything here yet");
  await page.waitForTimeout(300);
  assert.equal(await empty.isVisible(), false);
  say(welcome("me", "a-1"));
  await page.waitForTimeout(300);
  assert.equal(await empty.isVisible(), false);
  say(from("ben", "a-1", "hello"));
  await person.reads(["hello"]);
  assert.equal(await empty.isVisible(), false);
  const ann = await browser.person(server, "Ann", { room: newRoom() });
  await ann.page.getByText("Nobody has said anything here yet").waitFor();
});

test("composed or decomposed, a name is one room", async () => {
  const room = "caf\u00e9-" + newRoom();
  const ann = await browser.person(server, "Ann", { room });
  const ben = await browser.person(server, "Ben",
    { room: room.normalize("NFD") });
  await ben.say("here too");
  await ann.reads(["here too"]);
  assert.equal(await ben.page.locator("#here").textContent(), room);
  await ann.page.locator("#room").click();
  await ann.page.getByRole("textbox", { name: "Room" })
    .fill(room.normalize("NFD") + "2");
  await ann.page.keyboard.press("Enter");
  await ann.page.waitForURL("**/chat/" + encodeURIComponent(room + "2"));
});

test("a welcome that announces nothing is not waited for", async () => {
  const { person, page } = await browser.scripted(server, (say, ws) => {
    say(welcome("me", "a-41", { following: 0 }));
    ws.onMessage((m) => say(from("me", "a-42", JSON.parse(m).message)));
  });
  await page.locator("[data-state=ready]").waitFor({ timeout: 900 });
  await person.say("at once");
  await person.reads(["at once"]);
});

test("as many are waited for as the welcome announces", async () => {
  let say, sent = [];
  const { person, page } = await browser.scripted(server, (s, ws) => {
    say = s;
    ws.onMessage((m) => sent.push(m));
    say(welcome("me", "x", { following: 3 }));
    say(from("ben", "p", "one"));
    say(from("ben", "x", "two"));
  });
  await person.reads(["one", "two"]);
  await person.say("mine");
  await page.waitForTimeout(1500);
  assert.deepEqual(sent, []);
  say(from("ben", "q", "three"));
  await eventually(() => assert.equal(sent.length, 1));
});

test("a dropped file does not replace the page", async () => {
  const ann = await browser.person(server, "Ann", { room: newRoom() });
  const prevented = await ann.page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(["x"], "x.txt"));
    return ["dragover", "drop"].map((type) => {
      const e = new DragEvent(type, { dataTransfer: data, bubbles: true,
        cancelable: true });
      document.getElementById("scroll").dispatchEvent(e);
      return e.defaultPrevented;
    });
  });
  assert.deepEqual(prevented, [true, true]);
  await ann.page.getByText("A room takes text, no files").waitFor();
});

test("on a phone Enter is a new line, and the button sends",
  { skip: notInFirefox.phone }, async () => {
  const ann = await browser.person(server, null, { room: newRoom(), ...phone });
  assert.notEqual(await ann.page.evaluate(() => document.activeElement.id),
    "text"); // or the keyboard would cover the room
  await ann.text.tap();
  await ann.page.keyboard.type("one");
  await ann.page.keyboard.press("Enter");
  await ann.page.keyboard.type("two");
  await ann.send.tap();
  await ann.reads(["one\ntwo"]);
});

test("on a phone the bar has room for the room's name", async () => {
  const room = "kitchen-table";
  const ann = await browser.person(server, null, { room, ...phone });
  const cut = await ann.page.locator("#here").evaluate((e) =>
    e.scrollWidth > e.clientWidth);
  assert.equal(cut, false);
  assert.equal(await ann.page.locator("#state").textContent(), "Connected");
});

test("on paper is the whole conversation",
  { skip: notInFirefox.print }, async () => {
  const ann = await browser.person(server, "Ann", { room: newRoom() });
  for (let i = 0; i < 40; i++) await ann.say("line " + i);
  await eventually(async () => assert.equal((await ann.said()).length, 40));
  await ann.page.emulateMedia({ media: "print" });
  const { whole, box } = await ann.page.evaluate(() => {
    const scroll = document.getElementById("scroll");
    return { whole: scroll.scrollHeight <= scroll.clientHeight,
      box: document.querySelector(".composer").checkVisibility() };
  });
  assert.deepEqual([whole, box], [true, false]);
});

test("with colours of the reader's own the state has its dot",
  { skip: notInFirefox.print }, async () => {
  const ann = await browser.person(server, "Ann",
    { room: newRoom(), forcedColors: "active" });
  const [dot, bar] = await ann.page.evaluate(() => [
    getComputedStyle(document.getElementById("state"), "::before"),
    getComputedStyle(document.querySelector(".bar")),
  ].map((style) => style.backgroundColor));
  assert.notEqual(dot, bar);
});

test("a path that is no room says so, and leads to rooms", async () => {
  const page = await browser.page();
  for (const path of ["/chat/a/b", "/chat/" + "x".repeat(65), "/chat/%ff"]) {
    const answer = await page.goto(server.url + path);
    assert.equal(answer.status(), 404);
    await page.getByText("A room is 1 to 64 bytes, without a slash").waitFor();
    assert.equal(await page.locator("body[data-state]").count(), 0);
  }
  const room = newRoom();
  await page.goto(server.url + "/chat/a/b");
  await page.getByRole("textbox", { name: "Room" }).fill(room);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/chat/" + room);
  browser.complaints.length = 0; // the 404 is told in the console
  // Who is no browser gets a line.
  const plain = await fetch(server.url + "/chat/a/b");
  assert.equal(plain.status, 404);
  assert.ok((await plain.text()).length < 100);
});

// What is compiled in is pasted together by scripts/embed.c.
test("the modules work as they lie in static/, too",
  { skip: running && "needs a server of its own" }, async () => {
    const folder = path.resolve(import.meta.dirname, "../../../static");
    const loose = await Server.start("--static", folder);
    const ann = await browser.person(loose, "Ann", { room: newRoom() });
    await ann.say("see https://example.com");
    await ann.reads(["see https://example.com"]);
    const page = await browser.page(loose.url + "/");
    await page.getByRole("img", { name: /masking key/ }).waitFor();
    await page.goto(loose.url + "/echo");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("1 sent · 1 back · 0 changed").waitFor();
    const files = await page.evaluate(() =>
      performance.getEntriesByType("resource").map((e) => e.name));
    assert.ok(files.some((name) => name.endsWith("/wire.js")), `${files}`);
    await loose.stop();
  });
