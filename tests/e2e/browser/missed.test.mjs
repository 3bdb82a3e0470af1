// SPDX-License-Identifier: MIT
// Goal: whoever was away is told what was missed, and where it begins.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Wire, browser, eventually, from, newRoom, server, stage, welcome }
  from "./support.mjs";

stage();

// What is said, and the lines between; but not who comes, and takes a name,
// which may be told at any moment.
const lines = async (person) => (await person.lines())
  .filter((line) => !/ (came|left)$| is now /.test(line));

test("what comes while nobody looks is counted, below a line", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  const ben = await browser.person(server, "Ben", { room });
  await ben.say("before");
  await ann.reads(["before"]);
  await ann.looks(false); // the window is in sight, but not in front
  await ben.say("one");
  await ben.say("two");
  await ann.reads(["before", "one", "two"]);
  assert.deepEqual(await lines(ann), ["Today", "before", "New", "one", "two"]);
  await eventually(async () =>
    assert.equal(await ann.page.title(), `(2) ${room} · chatd`));
  // The line stays until something else is missed, or one speaks oneself.
  await ann.looks(true);
  await eventually(async () =>
    assert.equal(await ann.page.title(), `${room} · chatd`));
  await ben.say("seen");
  await ann.reads(["before", "one", "two", "seen"]);
  await ann.looks(false);
  await ben.say("three");
  await ann.reads(["before", "one", "two", "seen", "three"]);
  assert.deepEqual(await lines(ann),
    ["Today", "before", "one", "two", "seen", "New", "three"]);
  await ann.looks(true);
  await ann.say("mine");
  await eventually(async () => assert.deepEqual(await lines(ann),
    ["Today", "before", "one", "two", "seen", "three", "mine"]));
});

test("who comes back to more than a screen is led to where it begins",
  async () => {
    const room = newRoom();
    const ann = await browser.person(server, "Ann", { room });
    const ben = await browser.person(server, "Ben", { room });
    await ben.say("before");
    await ann.reads(["before"]);
    await ann.looks(false);
    for (let i = 0; i < 40; i++) await ben.say("line " + i);
    await eventually(async () => assert.equal((await ann.said()).length, 41));
    await ann.looks(true);
    await ann.page.getByRole("button", { name: "40 new ↑" }).click();
    await eventually(async () => {
      const box = await ann.page.locator(".new").boundingBox();
      assert.ok(box.y > 50 && box.y < 150, JSON.stringify(box));
    });
  });

test("what was said during an outage is below a line, and counted", async () => {
  const room = newRoom(), wire = await Wire.to(server.port);
  const ann = await browser.person(wire, "Ann", { room });
  const ben = await browser.person(server, "Ben", { room });
  await ben.say("1");
  await ann.reads(["1"]);
  await ann.looks(false);
  wire.cut();
  await ann.state(/lost|No server/);
  await ben.say("2");
  await ben.say("3");
  wire.open();
  await ann.connected(20000);
  await ann.reads(["1", "2", "3"]);
  assert.deepEqual(await lines(ann), ["Today", "1", "New", "2", "3"]);
  await eventually(async () =>
    assert.equal(await ann.page.title(), `(2) ${room} · chatd`));
  wire.close();
});

test("a notification tells of an outage's messages once", async () => {
  const init = () => {
    window.shown = [];
    window.Notification = class {
      static requestPermission = async () => "granted";
      constructor(...what) { window.shown.push([what[0], what[1].body]); }
    };
    try {
      localStorage.setItem("chatd.notify", "true");
    } catch { /* of the blank page before ours */ }
    document.hasFocus = () => false;
  };
  const room = newRoom();
  const { person, page } = await browser.scriptedWith({ init, room }, server,
    (say, ws) => {
      say(welcome("me", "a-1"));
      say(from("ben", "a-1", "history is no news"));
      setTimeout(() => ws.close({ code: 1013 }), 300);
    }, (say) => {
      say(welcome("me2", "a-3"));
      say(from("ben", "a-2", "two"));
      say(from("ben", "a-3", "three"));
    });
  await person.reads(["history is no news", "two", "three"]);
  await eventually(async () => assert.deepEqual(
    await page.evaluate(() => window.shown), [[room, "2 new. Ben: three"]]));
});

test("a page that is opened again shows where one had stopped reading",
  async () => {
    const room = newRoom();
    const ann = await browser.person(server, "Ann", { room });
    const ben = await browser.person(server, "Ben", { room });
    for (const s of ["1", "2"]) await ben.say(s);
    await ann.reads(["1", "2"]);
    await ann.page.goto(server.url + "/");
    for (const s of ["3", "4"]) await ben.say(s);
    await ben.reads(["1", "2", "3", "4"]);
    await ann.page.goto(server.url + "/chat/" + room);
    await ann.reads(["1", "2", "3", "4"]);
    assert.deepEqual(await lines(ann), ["Today", "1", "2", "New", "3", "4"]);
    await ann.page.reload();
    await ann.reads(["1", "2", "3", "4"]);
    assert.equal(await ann.page.locator(".new").count(), 0);
  });
