// SPDX-License-Identifier: MIT
// Goal: however much is said at once, the page does not stand still, and
// what it keeps does not grow.

import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, eventually, from, newRoom, server, stage, welcome }
  from "./support.mjs";

stage();

// Counts frames, draws (changes of the log) and, by Chromium, layouts.
async function counted(page, action) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");
  const metrics = async () => Object.fromEntries(
    (await cdp.send("Performance.getMetrics")).metrics
      .map(({ name, value }) => [name, value]));
  await page.evaluate(() => {
    window.frames_ = window.draws = 0;
    const frame = () => { window.frames_++; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    new MutationObserver(() => { window.draws++; })
      .observe(document.getElementById("log"), { childList: true });
  });
  const before = await metrics();
  await action();
  const then = await metrics();
  const [frames, draws] =
    await page.evaluate(() => [window.frames_, window.draws]);
  return { frames, draws, layouts: then.LayoutCount - before.LayoutCount,
    busy: Math.round(1000 * (then.TaskDuration - before.TaskDuration)) };
}

test("2,000 short messages are drawn once a frame, not once each",
  async (t) => {
    let say;
    const { person, page } = await browser.scripted(server, (s) => {
      say = s;
      s(welcome("me", null));
    });
    await person.connected();
    const { frames, draws, layouts, busy } = await counted(page, async () => {
      for (let i = 1; i <= 2000; i++) say(from("ben", "a-" + i, "line " + i));
      await page.getByText("line 2000", { exact: true }).waitFor();
    });
    t.diagnostic(`${frames} frames, ${draws} draws, ${layouts} layouts, ` +
      `${busy} ms of the page's time`);
    assert.ok(draws <= frames + 1, `${draws} draws in ${frames} frames`);
    assert.ok(layouts <= 3 * frames + 10, `${layouts} layouts`);
    const said = await person.said();
    assert.equal(said.length, 1000);
    assert.deepEqual([said[0], said.at(-1)], ["line 1001", "line 2000"]);
    // The first that is left has its day and its head.
    assert.equal(await person.log.locator(".day").count(), 1);
    assert.equal(
      await person.log.locator(".day + .msg:not(.along)").count(), 1);
    assert.ok(await page.locator("#scroll").evaluate((e) =>
      e.scrollHeight - e.scrollTop - e.clientHeight < 3));
  });

test("a history is kept by its weight: sixteen of 64 KiB, not a thousand",
  async () => {
    let say;
    const { person, page } = await browser.scripted(server, (s) => {
      say = s;
      s(welcome("me", null));
    });
    await person.connected();
    for (let i = 1; i <= 60; i++)
      say(from("ben", "a-" + i, i + " " + "`x` ".repeat(16000)));
    await eventually(async () =>
      assert.match((await person.said()).at(-1), /^60 /));
    const n = await person.messages.count();
    assert.ok(n >= 10 && n <= 17, `${n}`);
    // Of each only the beginning is made.
    assert.ok(await page.locator("#log code").count() <= n * 800);
  });

test("after 100,000 messages a page is no larger than after 20,000",
  async (t) => {
    const page = await browser.page();
    await page.addInitScript(() => {
      window.WebSocket = class {
        static at;
        readyState = 1;
        constructor() { window.socket = this; }
        send() {}
        close() {}
      };
      window.hear = (m) =>
        window.socket.onmessage({ data: JSON.stringify(m) });
    });
    await page.goto(server.url + "/chat/" + newRoom());
    await page.evaluate((m) => window.hear(m), welcome("me", null));
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable");
    async function grown(from, to) {
      await page.evaluate(async ([from, to]) => {
        for (let i = from; i < to; i++) {
          window.hear({ id: "a-" + i, time: 1e12 + i * 1000,
            uid: "u" + i % 3000, name: "n" + i % 5000, message: "message " + i });
          if (i % 100 === 0) window.hear({ event: "error", error: "no " + i });
          if (i % 500 === 0) await new Promise(requestAnimationFrame);
        }
        await new Promise((done) => setTimeout(done, 300));
      }, [from, to]);
      await cdp.send("HeapProfiler.collectGarbage");
      const { metrics } = await cdp.send("Performance.getMetrics");
      const value = (name) => metrics.find((m) => m.name === name).value;
      return [value("Nodes"), value("JSHeapUsedSize")];
    }
    const [nodes, heap] = await grown(1, 20000);
    const [moreNodes, moreHeap] = await grown(20000, 100000);
    t.diagnostic(`nodes ${nodes}, ${moreNodes}; heap ${heap}, ${moreHeap}`);
    assert.ok(moreNodes < nodes * 1.2 + 2000);
    assert.ok(moreHeap < heap * 1.3 + 2e6);
    assert.ok(await page.locator("#log > *").count() <= 1100);
  });

test("who reads further up keeps the place through a burst", async () => {
  let say;
  const { person, page } = await browser.scripted(server, (s) => {
    say = s;
    s(welcome("me", null));
  });
  await person.connected();
  for (let i = 1; i <= 60; i++) say(from("ben", "a-" + i, "line " + i));
  await page.getByText("line 60", { exact: true }).waitFor();
  const scroll = page.locator("#scroll");
  await scroll.evaluate((e) => { e.scrollTop = 100; });
  await page.waitForTimeout(100);
  for (let i = 61; i <= 4000; i++) say(from("ben", "a-" + i, "line " + i));
  await page.getByRole("button", { name: "3940 new ↓" }).waitFor();
  assert.equal(await scroll.evaluate((e) => e.scrollTop), 100);
  assert.equal((await person.said())[0], "line 1");
  assert.ok(await page.locator("#log > *").count() <= 2010);
  // First to where the new begins, then to the end, all of which is there.
  await page.locator("#newer").click();
  await eventually(async () => {
    const y = await page.locator(".new").evaluate((e) =>
      e.getBoundingClientRect().y - e.closest("#scroll")
        .getBoundingClientRect().y);
    assert.ok(y >= 0 && y < 60, `${y}`);
  });
  await page.getByRole("button", { name: "To the end ↓" }).click();
  await eventually(async () =>
    assert.equal((await person.said()).at(-1), "line 4000"));
  await page.locator("#newer").waitFor({ state: "hidden" });
});
