// SPDX-License-Identifier: MIT
// Goal: a developer can send anything, see it come back, and close in any way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, browser, eventually, newRoom, running, server, stage }
  from "./support.mjs";

stage();

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
    await e.page.getByRole("button", { name: "Connect", exact: true }).click();
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
  await e.page.getByRole("button", { name: "Connect", exact: true }).click();
  await e.page.getByText("Connected", { exact: true }).waitFor();
  assert.equal(await e.page.locator("#chosen").textContent(), "none");
  assert.match(await e.page.locator("#extensions").textContent(),
    /permessage-deflate|none/);
  await e.page.getByRole("button", { name: "Disconnect" }).click();
  await e.page.getByLabel("Subprotocols").fill("not(a)token");
  await e.page.getByRole("button", { name: "Connect", exact: true }).click();
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

// ---- a line that is opened

const opened = (e) => e.log.locator(".opened");
const line = (e, n) => e.log.locator(".line").nth(n);

test("a line opens: the whole text, and the frame of either direction",
  async () => {
    const e = await tester();
    const long = "x".repeat(500) + "end";
    await e.page.getByRole("textbox", { name: /message/i }).fill(long);
    await e.send();
    await e.count("1 sent · 1 back · 0 changed");
    await line(e, 1).click();
    assert.equal(await opened(e).locator("pre").textContent(), long);
    const frame = () => opened(e).getByRole("img").getAttribute("aria-label");
    assert.match(await frame(), new RegExp("^final, text: 81; " +
      "masked, 126: the length follows: fe; 503 bytes: 01 f7; " +
      "masking key: (.. ){3}..; your text"));
    await opened(e).getByText("The masking key is made up").waitFor();
    assert.deepEqual(await opened(e).locator(".fin .bits > span")
      .allTextContents(), ["1 FIN §5.4", "000 RSV1–3 §5.2", "0001 opcode §5.6"]);
    await line(e, 1).click();
    assert.equal(await opened(e).count(), 0);
    await line(e, 2).click();
    assert.match(await frame(), /^final, text: 81; not masked, 126: .*: 7e; /);
    await opened(e).getByText("A server does not mask").waitFor();
  });

test("a line opens by keyboard", async () => {
  const e = await tester();
  await e.send();
  await e.count("1 sent · 1 back · 0 changed");
  const button = line(e, 1).getByRole("button");
  await button.focus();
  await e.page.keyboard.press("Enter");
  await opened(e).waitFor();
  assert.equal(await button.getAttribute("aria-expanded"), "true");
  await e.page.keyboard.press("Enter");
  await opened(e).waitFor({ state: "detached" });
});

test("JSON is folded, and unfolds piece by piece", async () => {
  const e = await tester();
  await e.page.getByRole("textbox", { name: /message/i })
    .fill('{"a":[1,{"deep":"<b>no markup</b>"}],"n":null}');
  await e.send();
  await e.count("1 sent · 1 back · 0 changed");
  await line(e, 2).click();
  await opened(e).getByText("a: [2]").click();
  await opened(e).getByText("1: {1}").click();
  await opened(e).getByText('"<b>no markup</b>"', { exact: true }).waitFor();
  assert.equal(await opened(e).locator("b:not(.bytes b)").count(), 0);
});

test("bytes open as bytes, and what is too much is forgotten", async () => {
  const e = await tester();
  await e.page.getByRole("radio", { name: "Hex" }).check();
  await e.send();
  await e.count("1 sent · 1 back · 0 changed");
  await line(e, 2).click();
  assert.equal(await opened(e).locator("pre").textContent(), "48 65 6c 6c 6f");
  await line(e, 2).click();
  await e.page.getByRole("radio", { name: "Pattern" }).check();
  await e.page.getByLabel("Bytes", { exact: true }).fill("20000000");
  await e.send();
  await e.count("2 sent · 2 back · 0 changed", 30000);
  await line(e, 2).click();
  await opened(e).getByText("its bytes are gone").waitFor();
});

test("any path of this server, and what it says is not compared", async () => {
  const e = await tester();
  const room = newRoom();
  await e.page.getByRole("button", { name: "Disconnect" }).click();
  await e.page.getByLabel("Path").fill("/ws/" + room);
  await e.page.getByLabel("Subprotocols").fill("chatd.v1");
  await e.page.getByRole("button", { name: "Connect", exact: true }).click();
  await e.page.getByText("Connected", { exact: true }).waitFor();
  await e.page.getByRole("textbox", { name: /message/i })
    .fill('{"message":"hello"}');
  await e.send();
  await e.count("1 sent · 2 back · 0 changed");
  const rows = (await e.rows()).slice(-2).map((row) => row[5]);
  assert.ok(rows.some((words) => /"message":"hello"/.test(words)), `${rows}`);
});

test("a message is kept for another day", async () => {
  const e = await tester();
  const text = e.page.getByRole("textbox", { name: /message/i });
  await text.fill('{"ping":1}');
  await e.page.getByRole("button", { name: "Keep this message" }).click();
  await e.page.reload();
  await e.page.getByRole("button", { name: '{"ping":1}', exact: true }).click();
  assert.equal(await text.inputValue(), '{"ping":1}');
  await e.page.getByRole("button", { name: 'Forget {"ping":1}' }).click();
  await e.page.reload();
  assert.equal(await e.page.locator(".chip").count(), 0);
});

test("the log can be searched, also for what its lines do not show",
  async () => {
    const e = await tester();
    const text = e.page.getByRole("textbox", { name: /message/i });
    for (const s of ["one", "x".repeat(400) + "NEEDLE", "three"]) {
      await text.fill(s);
      await e.send();
    }
    await e.count("3 sent · 3 back · 0 changed");
    await e.page.getByRole("searchbox").fill("needle");
    const seen = () => e.log.locator(".line:visible").count();
    assert.equal(await seen(), 2);
    await text.fill("another");
    await e.send();
    await e.count("4 sent · 4 back · 0 changed");
    assert.equal(await seen(), 2);
    await e.page.getByRole("searchbox").fill("");
    assert.equal(await seen(), 9);
  });

test("the plot has numbers, and a phone shows the answer at once", async () => {
  const e = await tester({ viewport: { width: 360, height: 640 },
    isMobile: true, hasTouch: true });
  await e.send();
  await e.count("1 sent · 1 back · 0 changed");
  const box = await line(e, 2).boundingBox();
  assert.ok(box.y + box.height <= 640, JSON.stringify(box));
  const [top, half] = [await e.page.locator("#top").textContent(),
    await e.page.locator("#half").textContent()].map(parseFloat);
  assert.ok(top > half && half > 0, `${top} ${half}`);
  // The bar holds what is in it.
  const [state, button] = await Promise.all(["#state", "#connect"].map((s) =>
    e.page.locator(s).boundingBox()));
  assert.ok(state.x + state.width <= button.x);
  assert.ok(button.x + button.width <= 360);
});

test("a dropped file is the one to send", async () => {
  const e = await tester();
  await e.page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array([7, 8])], "a.bin"));
    document.getElementById("log").dispatchEvent(new DragEvent("drop",
      { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await e.send();
  await e.count("1 sent · 1 back · 0 changed");
  assert.equal((await e.rows()).at(-1)[5], "07 08");
});
