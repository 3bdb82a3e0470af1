// SPDX-License-Identifier: MIT
// Goal: what the page says is so: why nobody gets in, why a message was
// refused, what day and what time it is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person, Server, browser, eventually, from, newRoom, running, server,
         stage, welcome } from "./support.mjs";

stage();

// A page whose WebSockets are refused, and whose /healthz answers like this.
async function refused(answer) {
  const page = await browser.page();
  await page.routeWebSocket(/\/ws\//, (ws) => ws.close({ code: 1011 }));
  await page.addInitScript(() => {
    window.WebSocket = class {
      constructor() { setTimeout(() => this.onclose({ code: 1006 }), 50); }
    };
  });
  await page.route("**/healthz", (route) => route.fulfill(answer));
  await page.goto(server.url + "/chat/" + newRoom());
  return new Person(page);
}

for (const [words, answer] of [
  [/^The server refuses the connection$/, { json: { status: "ok" } }],
  [/^The server is full$/, { status: 503, body: "no slot\n" }],
  [/^Too many connections from your address$/, { status: 429, body: "no\n" }],
  [/^The server is stopping$/, { status: 503, json: { status: "draining" } }],
  [/^The server answers 502$/, { status: 502, body: "<html>" }],
]) test(`refused: ${words.source.replace(/[\\^$]/g, "")}`, async () => {
  const person = await refused(answer);
  await person.state(words);
  // A room that could not be looked into is not called empty.
  assert.equal(await person.page.locator("#empty").isVisible(), false);
});

test("a message that is too long is told how long",
  { skip: running && "needs a server of its own" }, async () => {
    const ann = await browser.person(server, "Ann", { room: newRoom() });
    await ann.text.fill("x".repeat(72000));
    await ann.send.click();
    await ann.page.getByText("Not delivered: too long, 70.3 KiB of 64 KiB")
      .waitFor();
    const small = await Server.start("--max-message", "1000");
    const ben = await browser.person(small, "Ben", { room: newRoom() });
    await ben.text.fill("x".repeat(3000));
    await ben.send.click();
    await ben.page.getByText(
      "Not delivered: too long for this server, 2.9 KiB").waitFor();
    await small.stop();
  });

for (const [locale, time] of [["en-GB", "00:05"], ["en-US", "12:05 AM"],
  ["de-DE", "00:05"], ["zh-CN", "00:05"]])
  test(`five past midnight as in ${locale}`, async () => {
    const { page } = await browser.scriptedWith(
      { locale, timezoneId: "UTC" }, server, (say) => {
        say(welcome("me", "a-1"));
        say(from("ben", "a-1", "late", { time: Date.UTC(2026, 0, 1, 0, 5) }));
      });
    await eventually(async () => assert.equal(
      (await page.locator("#log time").textContent()).replace(/\s/g, " "),
      time));
  });

test("midnight draws a line, and today becomes yesterday", async () => {
  const evening = Date.UTC(2026, 5, 5, 23, 50);
  const page = await browser.page(null, { timezoneId: "UTC" });
  await page.clock.install({ time: evening });
  let say;
  await page.routeWebSocket(/\/ws\//, (ws) => {
    say = (m) => ws.send(JSON.stringify(m));
    say(welcome("me", "a-1"));
    say(from("ben", "a-1", "before", { time: evening - 1000 }));
  });
  await page.goto(server.url + "/chat/" + newRoom());
  const person = new Person(page);
  await page.clock.runFor(1000);
  await person.connected();
  await eventually(async () =>
    assert.deepEqual(await person.lines(), ["Today", "before"]));
  await page.clock.runFor(15 * 60 * 1000);
  assert.deepEqual(await person.lines(), ["Yesterday", "before"]);
});

test("after midnight what is said has a line of its own", async () => {
  const evening = Date.UTC(2026, 5, 5, 23, 59, 50);
  const page = await browser.page(null, { timezoneId: "UTC" });
  await page.clock.install({ time: evening });
  let say;
  await page.routeWebSocket(/\/ws\//, (ws) => {
    say = (m) => ws.send(JSON.stringify(m));
    say(welcome("me", "a-1"));
    say(from("ben", "a-1", "before", { time: evening }));
  });
  await page.goto(server.url + "/chat/" + newRoom());
  const person = new Person(page);
  await page.clock.runFor(20000);
  await eventually(() => person.connected());
  say(from("ben", "a-2", "after", { time: evening + 20000 }));
  await eventually(async () => {
    await page.clock.runFor(100);
    assert.deepEqual(await person.lines(),
      ["Yesterday", "before", "Today", "after"]);
  });
});

test("a notification that cannot be has a reason", async () => {
  for (const [init, words] of [
    [() => {
      Object.defineProperty(window, "isSecureContext", { value: false });
    }, /only over https/],
    [() => { delete window.Notification; }, /has no notifications/],
    [() => { Notification.requestPermission = async () => "denied"; },
      /forbids it for this site/],
  ]) {
    const { page, person } = await browser.scriptedWith({ init }, server,
      (say) => say(welcome("me", null)));
    await person.connected();
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByLabel(/Notify/).click();
    await eventually(async () => assert.match(
      await page.locator("#options-bad").textContent(), words));
    assert.equal(await page.getByLabel(/Notify/).isChecked(), false);
    await page.close();
  }
});

test("a clock that is set back does not cost the connection", async () => {
  const page = await browser.page();
  await page.addInitScript(() => {
    let back = 0;
    const now = Date.now;
    Date.now = () => now() - back;
    window.setBack = () => { back = 3600e3; };
  });
  let connections = 0, asked = 0;
  await page.routeWebSocket(/\/ws\//, (ws) => {
    connections++;
    ws.send(JSON.stringify(welcome("me", null)));
    ws.onMessage(async (m) => {
      asked++;
      await page.evaluate(() => window.setBack());
      ws.send(JSON.stringify({ pong: JSON.parse(m).ping }));
    });
  });
  await page.goto(server.url + "/chat/" + newRoom());
  await new Person(page).connected();
  await page.evaluate(() => {
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await eventually(() => assert.equal(asked, 1));
  await page.waitForTimeout(4500); // the patience of such a question
  assert.equal(await page.locator("[data-state=ready]").count(), 1);
  assert.equal(connections, 1);
});
