// SPDX-License-Identifier: MIT
// Goal: whatever happens to server or network, nothing is lost without a word
// and nothing is there twice.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, Wire, browser, eventually, newRoom, running, server, sleep,
         stage } from "./support.mjs";

stage();

for (const signal of ["SIGTERM", "SIGKILL"]) {
  test(`server restarted after ${signal}: both come back, nothing lost or doubled`,
    { skip: running && "needs a server of its own" }, async () => {
      const room = newRoom();
      const ann = await browser.person(server, "Ann", { room });
      const ben = await browser.person(server, "Ben", { room });
      await ann.say("before");
      await ben.reads(["before"]);
      await server.stop(signal);
      await ann.state(/lost|No server/);
      await ann.say("while it was away");
      await ann.say("and more");
      await ann.text.fill("a draft");
      assert.deepEqual(await ann.outbox().locator(".fate").allTextContents(),
        ["Waits for the connection", "Waits for the connection"]);
      await server.start();
      await ann.connected(20000);
      await ben.connected(20000);
      const all = ["before", "while it was away", "and more"];
      await ann.reads(all);
      await ben.reads(all);
      assert.equal(await ann.outbox().count(), 0);
      assert.equal(await ann.text.inputValue(), "a draft");
      // The history went with the server, and the page says so.
      assert.equal(await ben.log.locator(".gap").count(), 1);
      await ben.say("again");
      await ann.reads([...all, "again"]);
    });
}

test("a cut wire: what others said meanwhile comes once, without a gap",
  async () => {
    const room = newRoom(), wire = await Wire.to(server.port);
    const ann = await browser.person(wire, "Ann", { room });
    const ben = await browser.person(server, "Ben", { room });
    await ben.say("1");
    await ann.reads(["1"]);
    wire.cut();
    await ann.state(/lost|No server/);
    for (const s of ["2", "3", "4"]) await ben.say(s);
    await ann.say("from the tunnel");
    wire.open();
    await ann.triesNow();
    const all = ["1", "2", "3", "4", "from the tunnel"];
    await ann.reads(all);
    await ben.reads(all);
    assert.equal(await ann.log.locator(".gap").count(), 0);
    wire.close();
  });

test("a message under way when the wire broke is asked about, not repeated",
  async () => {
    const room = newRoom(), wire = await Wire.to(server.port);
    const ann = await browser.person(wire, "Ann", { room });
    const ben = await browser.person(server, "Ben", { room });
    wire.mute();
    await ann.say("did you get this?");
    assert.equal(await ann.outbox().locator(".fate").textContent(), "Sending");
    wire.cut();
    await ann.state(/lost|No server/);
    wire.open();
    await ann.connected(20000);
    await ann.page.getByText("Perhaps not delivered").waitFor();
    await ben.reads([]);
    await ann.page.getByRole("button", { name: "Send again" }).click();
    await ben.reads(["did you get this?"]);
    await ann.reads(["did you get this?"]);
    assert.equal(await ann.outbox().count(), 0);
    wire.close();
  });

test("a message that arrives late after all is recognised, and not repeated",
  async () => {
    const room = newRoom(), wire = await Wire.to(server.port);
    const ann = await browser.person(wire, "Ann", { room });
    const ben = await browser.person(server, "Ben", { room });
    wire.mute();
    await ann.say("slow boat");
    await eventually(async () => assert.equal(
      await ann.outbox().locator(".fate").textContent(), "Sending"));
    await sleep(200);
    const late = wire.cutOneSide();
    await ann.state(/lost|No server/);
    wire.open();
    await ann.connected(20000);
    await ann.page.getByText("Perhaps not delivered").waitFor();
    late.deliver();
    await ben.reads(["slow boat"]);
    await ann.reads(["slow boat"]);
    assert.equal(await ann.outbox().count(), 0);
    assert.equal(await ann.log.locator(".own").count(), 1);
    wire.close();
  });

test("one that can be taken back goes to where it is written", async () => {
  const room = newRoom(), wire = await Wire.to(server.port);
  const ann = await browser.person(wire, "Ann", { room });
  wire.mute();
  await ann.say("oh, never mind");
  wire.cut();
  await ann.state(/lost|No server/);
  wire.open();
  await ann.connected(20000);
  await ann.page.getByRole("button", { name: "Take back" }).click();
  assert.equal(await ann.text.inputValue(), "oh, never mind");
  assert.equal(await ann.outbox().count(), 0);
  wire.close();
});

test("a connection that only looks alive is noticed and replaced", async () => {
  const room = newRoom(), wire = await Wire.to(server.port);
  const ann = await browser.person(wire, "Ann", { room });
  const ben = await browser.person(server, "Ben", { room });
  await ann.say("1");
  await ben.reads(["1"]);
  wire.mute();
  await ben.say("2");
  await sleep(100);
  // Somebody looks at the page: it asks with little patience.
  const asked = Date.now();
  await ann.page.evaluate(() =>
    document.dispatchEvent(new Event("visibilitychange")));
  await ann.state(/lost|No server/, 8000);
  assert.ok(Date.now() - asked < 8000);
  wire.open();
  await ann.connected(20000);
  await ann.reads(["1", "2"]);
  wire.close();
});

test("unsent messages survive a reload, to be asked about", async () => {
  const room = newRoom(), wire = await Wire.to(server.port);
  const ann = await browser.person(wire, "Ann", { room });
  const ben = await browser.person(server, "Ben", { room });
  wire.mute();
  await ann.say("keep me");
  wire.cut();
  await ann.state(/lost|No server/);
  wire.open();
  await ann.page.reload();
  await ann.connected(20000);
  await ann.page.getByText("Perhaps not delivered").waitFor();
  await ben.reads([]);
  await ann.page.getByRole("button", { name: "Send again" }).click();
  await ben.reads(["keep me"]);
  await ann.reads(["keep me"]);
  wire.close();
});

test("a message over the server's limit is shown as not delivered, the rest goes",
  { skip: running && "needs a server of its own" }, async () => {
    const small = await Server.start("--max-message", "1000");
    try {
      const ann = await browser.person(small, "Ann", { room: newRoom() });
      await ann.say("fits");
      await ann.reads(["fits"]);
      await ann.paste("x".repeat(3000));
      await ann.page.keyboard.press("Enter");
      await ann.page.getByText("Not delivered").waitFor();
      await ann.connected(20000);
      await ann.say("fits too");
      await ann.reads(["fits", "fits too"]);
      assert.equal(await ann.outbox().count(), 1);
    } finally {
      await small.stop();
    }
  });
