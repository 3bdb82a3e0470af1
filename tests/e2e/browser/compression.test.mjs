// SPDX-License-Identifier: MIT
// Goal: Chromium compresses by itself, and nobody notices but the network.

import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, eventually, server, stage } from "./support.mjs";

stage();

test("a large text through the page's connection", async () => {
  const page = await browser.page(server.url + "/echo");
  await page.getByText("Connected", { exact: true }).waitFor();
  assert.match(await page.locator("#extensions").textContent(),
    /permessage-deflate/);
  for (const pattern of ["letters", "noise"]) {
    await page.getByRole("radio", { name: "Pattern" }).check();
    await page.getByLabel("Bytes", { exact: true }).fill("2000001");
    await page.getByLabel("of", { exact: true }).selectOption(pattern);
    await page.getByRole("button", { name: /send/i }).click();
  }
  await eventually(async () => assert.equal(
    await page.locator("#count").textContent(),
    "2 sent · 2 back · 0 changed"), 30000);
});

test("text and bytes of every kind, by the browser's own zlib", async () => {
  const page = await browser.page(server.url + "/echo");
  const seen = await page.evaluate(async (url) => {
    const ws = new WebSocket(url);
    ws.binaryType = "arraybuffer";
    const waiting = [];
    ws.onmessage = (e) => waiting.shift()(e.data);
    await new Promise((done, fail) => {
      ws.onopen = done;
      ws.onerror = fail;
    });
    const echo = (data) => new Promise((done) => {
      waiting.push(done);
      ws.send(data);
    });
    const wrong = [];
    const row = "grüß dich, 🙂 and <b>again</b>\n";
    for (const n of [0, 1, 31, 700, 20_000]) {
      const text = Array.from({ length: n }, (_, i) => i + row).join("");
      if (await echo(text) !== text) wrong.push(`text of ${n} rows`);
      const bytes = new TextEncoder().encode(text);
      const back = new Uint8Array(await echo(bytes));
      if (back.length !== bytes.length || back.some((b, i) => b !== bytes[i]))
        wrong.push(`bytes of ${n} rows`);
    }
    ws.close(1000);
    const code = await new Promise((done) => {
      ws.onclose = (e) => done(e.code);
    });
    return { extensions: ws.extensions, wrong, code };
  }, server.url.replace("http", "ws") + "/echo");
  assert.match(seen.extensions, /^permessage-deflate\b/);
  assert.deepEqual(seen.wrong, []);
  assert.equal(seen.code, 1000);
});

test("two browsers in one room, as if there were no compression", async () => {
  const ann = await browser.person(server, "Ann", { room: "zip" });
  const bob = await browser.person(server, "Bob", { room: "zip" });
  const long = "all work and no play makes Jack a dull boy ".repeat(200);
  await ann.say(long + "A");
  await bob.reads([long + "A"]);
  await bob.say(long + "B");
  for (const person of [ann, bob])
    await person.reads([long + "A", long + "B"]);
});
