// SPDX-License-Identifier: MIT
// Goal: a developer can send anything, see it come back, and close in any way.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Browser, Server, eventually, running } from "./support.mjs";

let server, browser;
before(async () => {
  server = await Server.start();
  browser = await Browser.start();
});
afterEach(() => browser.quiet());
after(async () => {
  await browser.close();
  await server.stop();
});

async function tester(options) {
  const page = await browser.page(server.url + "/echo", options);
  const send = page.getByRole("button", { name: /send/i });
  const log = page.getByRole("log");
  await page.getByText("Connected", { exact: true }).waitFor();
  return { page, log,
    send: () => send.click(),
    // The log as rows of cells: mark, time, type, size, trip, words.
    rows: () => log.locator(".line").evaluateAll((lines) => lines.map((l) =>
      [...l.children].map((c) => c.textContent))),
    count: (words, ms) => eventually(async () =>
      assert.equal(await page.locator("#count").textContent(), words), ms),
  };
}

test("text comes back, with type, size, time and round trip", async () => {
  const e = await tester();
  await e.page.getByRole("textbox", { name: /message/i }).fill("grüß dich");
  await e.send();
  await e.count("1 sent · 1 back · 0 changed");
  const [open, sent, back] = await e.rows();
  assert.deepEqual([open[0], open[2]], ["○", "open"]);
  assert.deepEqual([sent[0], sent[2], sent[3], sent[5]],
    ["↑", "text", "11 B", "grüß dich"]);
  assert.deepEqual([back[0], back[2], back[3], back[5]],
    ["↓", "text", "11 B", "grüß dich"]);
  assert.match(back[1], /^\d\d:\d\d:\d\d\.\d{3}$/);
  assert.match(back[4], /^[\d.,]+ ms$/);
  assert.match(await e.page.locator("#stats").textContent(), /median/);
  assert.match(await e.page.locator("#line").getAttribute("d"), /^M0/);
});

test("an empty message is a message", async () => {
  const e = await tester();
  await e.page.getByRole("textbox", { name: /message/i }).fill("");
  await e.send();
  await e.count("1 sent · 1 back · 0 changed");
});

test("hex is sent as binary, and a wrong digit is told", async () => {
  const e = await tester();
  await e.page.getByRole("radio", { name: "Hex" }).check();
  const field = e.page.getByLabel("Bytes in hex");
  await field.fill("0xFF, 00 7f:80\n01");
  await e.send();
  await e.count("1 sent · 1 back · 0 changed");
  assert.deepEqual((await e.rows()).at(-1).slice(2, 6).toSpliced(2, 1),
    ["binary", "5 B", "ff 00 7f 80 01"]);
  await field.fill("12 3g");
  await e.send();
  await e.page.getByText("“g” is not a hex digit").waitFor();
  await field.fill("123");
  await e.send();
  await e.page.getByText("One hex digit is left over").waitFor();
  await e.count("1 sent · 1 back · 0 changed");
});

test("a file is sent as binary", async () => {
  const e = await tester();
  await e.page.getByRole("radio", { name: "File" }).check();
  await e.send();
  await e.page.getByText("Choose a file first").waitFor();
  await e.page.getByLabel(/A file/).setInputFiles({ name: "a.bin",
    mimeType: "application/octet-stream", buffer: Buffer.from([0, 1, 2, 3]) });
  await e.send();
  await e.count("1 sent · 1 back · 0 changed");
  assert.equal((await e.rows()).at(-1)[5], "00 01 02 03");
});

for (const [pattern, type] of [["count", "binary"], ["zero", "binary"],
  ["noise", "binary"], ["letters", "text"]])
  test(`n bytes of a pattern: ${pattern}`, async () => {
    const e = await tester();
    await e.page.getByRole("radio", { name: "Pattern" }).check();
    await e.page.getByLabel("Bytes", { exact: true }).fill("200001");
    await e.page.getByLabel("of", { exact: true }).selectOption(pattern);
    await e.send();
    await e.count("1 sent · 1 back · 0 changed");
    assert.deepEqual((await e.rows()).at(-1).slice(2, 4), [type, "195.3 KiB"]);
  });

test("a burst is counted, summed up, and the log stays bounded", async () => {
  const e = await tester({ permissions: ["clipboard-read", "clipboard-write"] });
  await e.page.getByLabel("Times").fill("3000");
  await e.send();
  await e.count("3,000 sent · 3,000 back · 0 changed", 30000);
  await eventually(async () =>
    assert.match((await e.rows()).at(-1)[5], /^3,000 in .* a second$/));
  assert.equal((await e.rows()).length, 500);
  assert.ok((await e.page.locator("#line").getAttribute("d")).length < 2000);
  await e.page.getByRole("button", { name: "Copy" }).click();
  await e.page.getByRole("button", { name: "Copied" }).waitFor();
  const text = await e.page.evaluate(() => navigator.clipboard.readText());
  assert.match(text, /^5502 earlier lines are gone\n/);
  assert.equal(text.split("\n").length, 501);
});

test("a burst with a pause can be stopped", async () => {
  const e = await tester();
  await e.page.getByLabel("Times").fill("1000");
  await e.page.getByLabel("every ms").fill("50");
  await e.send();
  await eventually(async () =>
    assert.ok((await e.rows()).length > 5));
  await e.page.getByRole("button", { name: "Stop" }).click();
  await eventually(async () => assert.match(
    await e.page.locator("#count").textContent(), /^(\d+) sent · \1 back/));
  assert.ok((await e.rows()).length < 200);
});

test("a close with code and reason, and what came back, in plain words",
  async () => {
    const e = await tester();
    const code = e.page.getByLabel("Code"), reason = e.page.getByLabel("Reason");
    await code.fill("1001");
    await e.page.getByText("a browser may send 1000 and 3000").waitFor();
    await code.fill("4321");
    await reason.fill("é".repeat(62));
    await e.page.getByText("the reason has 124 bytes, 123 fit").waitFor();
    await reason.fill("bye <b>now</b>");
    await e.page.getByRole("button", { name: "Close" }).click();
    await e.page.getByText("Not connected").waitFor();
    await eventually(async () => {
      const rows = await e.rows();
      assert.equal(rows.at(-2)[2], "closing");
      assert.match(rows.at(-2)[5],
        /^4321 · a private meaning · “bye <b>now<\/b>”$/);
      assert.equal(rows.at(-1)[2], "close");
      assert.match(rows.at(-1)[5], /^4321 · a private meaning/);
    });
    await e.page.getByRole("button", { name: "Connect" }).click();
    await e.page.getByText("Connected", { exact: true }).waitFor();
  });

test("disconnect and connect, with another subprotocol", async () => {
  const e = await tester();
  assert.equal(await e.page.locator("#chosen").textContent(), "echo");
  await e.page.getByRole("button", { name: "Disconnect" }).click();
  await e.page.getByText("Not connected").waitFor();
  assert.equal(await e.page.getByRole("button", { name: /send/i }).isDisabled(),
    true);
  await e.page.getByLabel("Subprotocols").fill("");
  await e.page.getByRole("button", { name: "Connect" }).click();
  await e.page.getByText("Connected", { exact: true }).waitFor();
  assert.equal(await e.page.locator("#chosen").textContent(), "none");
  assert.match(await e.page.locator("#extensions").textContent(),
    /permessage-deflate|none/);
  await e.page.getByRole("button", { name: "Disconnect" }).click();
  await e.page.getByLabel("Subprotocols").fill("not(a)token");
  await e.page.getByRole("button", { name: "Connect" }).click();
  await eventually(async () =>
    assert.equal((await e.rows()).at(-1)[2], "error"));
});

test("a server that stops is told by its code",
  { skip: running && "needs a server of its own" }, async () => {
    const own = await Server.start();
    const page = await browser.page(own.url + "/echo");
    await page.getByText("Connected", { exact: true }).waitFor();
    await own.stop();
    await page.getByText(/^1001 · the server stops/).waitFor();
  });

test("the log can be copied and cleared", async () => {
  const e = await tester({ permissions: ["clipboard-read", "clipboard-write"] });
  await e.send();
  await e.count("1 sent · 1 back · 0 changed");
  await e.page.getByRole("button", { name: "Copy" }).click();
  await e.page.getByRole("button", { name: "Copied" }).waitFor();
  const text = await e.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(text.split("\n").length, 3);
  assert.match(text, /\t↑\ttext\t5 B\t\tHello$/m);
  await e.page.getByRole("button", { name: "Clear" }).click();
  await e.count("0 sent · 0 back · 0 changed");
  assert.deepEqual(await e.rows(), []);
});

for (const [kind, sent, back] of [["Text", "Hello", "Hellp"],
  ["Hex", "48 65 6c 6c 6f", "48 65 6c 6c 70"]])
  test(`an echo that is not the same is called out: ${kind}`, async () => {
    const e = await tester();
    await e.page.getByRole("radio", { name: kind }).check();
    await e.page.evaluate(() => {
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function (data) {
        if (typeof data === "string") return send.call(this, "Hellp");
        const bytes = new Uint8Array(data.slice());
        bytes[4] ^= 0x1f;
        send.call(this, bytes);
      };
    });
    await e.send();
    await e.count("1 sent · 1 back · 1 changed");
    assert.deepEqual((await e.rows()).slice(1).map((row) => row[5]),
      [sent, "CHANGED: " + back]);
  });
