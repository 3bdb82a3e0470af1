// SPDX-License-Identifier: MIT
// A server, a wire that can be cut, and people with browsers.
//
//   CHATD=path      the binary to start (default: ./chatd of this repository)
//   CHATD_URL=http  a server that runs already; tests that stop it are skipped
//   E2E_BROWSER=firefox  Debian's firefox-esr in place of Chromium

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium, firefox } from "playwright-core";

export const running = process.env.CHATD_URL;
const binary = process.env.CHATD ||
  fileURLToPath(new URL("../../../chatd", import.meta.url));
export const inFirefox = process.env.E2E_BROWSER === "firefox";
// Why a test is left out there: the driver is new.
export const notInFirefox = {
  lines: inFirefox && "its driver types the end of a line as Enter, which sends",
  phone: inFirefox && "its driver emulates no finger",
  print: inFirefox && "its driver emulates no paper, nor forced colours",
};

// Firefox as it is, by WebDriver BiDi; it is asked to call nobody.
const launch = () => inFirefox
  ? firefox.launch({ channel: "moz-firefox",
      executablePath: process.env.FIREFOX || "/usr/bin/firefox-esr",
      firefoxUserPrefs: { "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
        "browser.safebrowsing.provider.mozilla.updateURL": "",
        "services.settings.server": "http://127.0.0.1:9/v1",
        "toolkit.telemetry.enabled": false, "app.update.enabled": false } })
  : chromium.launch({
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update",
        "--disable-sync"] });

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Until it does not throw any more; then what it gives.
export async function eventually(check, ms = 10000) {
  for (const end = Date.now() + ms; ; await sleep(50)) {
    try {
      return await check();
    } catch (e) {
      if (Date.now() > end) throw e;
    }
  }
}

function freePort() {
  return new Promise((done) => {
    const s = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = s.address();
      s.close(() => done(port));
    });
  });
}

// ---- the server

const open = new Set(); // to be closed when a test failed before it did

export class Server {
  static async start(...options) {
    const server = new Server();
    server.options = options;
    if (running) server.port = Number(new URL(running).port || 80);
    else {
      server.port = await freePort();
      await server.start();
    }
    return server;
  }
  get url() { return running || `http://127.0.0.1:${this.port}`; }
  async start() {
    open.add(this);
    this.child = spawn(binary,
      ["--addr", `127.0.0.1:${this.port}`, ...this.options],
      { stdio: ["ignore", "ignore", "pipe"] });
    this.said = "";
    this.child.stderr.setEncoding("utf8").on("data", (text) => {
      this.said += text;
      if (process.env.VERBOSE) process.stderr.write(text);
    });
    this.gone = new Promise((done) => this.child.once("close", done));
    await eventually(async () =>
      assert.ok((await fetch(this.url + "/healthz")).ok));
  }
  async stop(signal = "SIGTERM") {
    const child = this.child;
    if (running || !child) return;
    this.child = null;
    child.kill(signal);
    const hung = setTimeout(() => child.kill("SIGKILL"), 10000);
    await this.gone;
    clearTimeout(hung);
    assert.doesNotMatch(this.said, /Sanitizer|runtime error:/);
  }
  close() { return this.stop(); }
  async restart(signal) {
    await this.stop(signal);
    await this.start();
  }
}

// ---- tokens

// A server that wants one, with a key of its own.
export async function startWithTokens(...options) {
  const folder = mkdtempSync(path.join(tmpdir(), "chatd-keys-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  const keys = path.join(folder, "keys");
  writeFileSync(keys, `k ${randomBytes(32).toString("base64")}\n`,
    { mode: 0o600 });
  const server = await Server.start("--token-key", keys, ...options);
  server.sign = (claims) => execFileSync(binary,
    ["--token-key", keys, "--sign", claims], { encoding: "utf8" }).trim();
  // One that ends so many seconds from now: 30 after its exp.
  server.signEnding = (seconds, claims) => server.sign(
    `${claims},exp=${Math.ceil(Date.now() / 1000) - 30 + seconds}`);
  return server;
}

// ---- a wire between one page and the server

// open: bytes pass. cut: connections are reset and refused. mute: bytes wait
// for ever. closedEnd: what the client sent reaches the server only after the
// client has gone, as it can with a network that comes back.
export class Wire {
  static async to(port) {
    const wire = new Wire();
    wire.state = "open";
    wire.pairs = new Set();
    open.add(wire);
    wire.server = net.createServer((client) => wire.join(client, port));
    await new Promise((done) => wire.server.listen(0, "127.0.0.1", done));
    wire.url = `http://127.0.0.1:${wire.server.address().port}`;
    return wire;
  }
  join(client, port) {
    if (this.state === "cut") return client.resetAndDestroy();
    const server = net.connect(port, "127.0.0.1");
    const pair = { client, server, late: [] };
    this.pairs.add(pair);
    const end = () => {
      if (pair.held) return;
      client.destroy();
      server.destroy();
      this.pairs.delete(pair);
    };
    for (const s of [client, server]) s.on("error", end).on("close", end);
    client.on("data", (d) => {
      if (this.state === "open" && !pair.held) server.write(d);
      else pair.late.push(d);
    });
    server.on("data", (d) => { if (this.state === "open") client.write(d); });
  }
  mute() { this.state = "mute"; }
  cut() {
    this.state = "cut";
    for (const { client } of this.pairs) client.resetAndDestroy();
  }
  // The client sees its connections die; the server does not, and what was
  // under way arrives when `deliver` is called.
  cutOneSide() {
    for (const pair of this.pairs) {
      pair.held = true;
      pair.client.resetAndDestroy();
    }
    this.state = "cut";
    return { deliver: () => {
      for (const pair of this.pairs)
        if (pair.held) for (const d of pair.late.splice(0)) pair.server.write(d);
    } };
  }
  open() { this.state = "open"; }
  close() {
    this.server.close();
    for (const { client, server } of this.pairs)
      client.destroy(), server.destroy();
  }
}

// ---- people

// What a browser's console says when a server refuses, or is away.
const usual = new RegExp("WebSocket|ERR_|status of (5|429)|" +
  "establish a connection|interrupted while the page");

export class Browser {
  static async start() {
    const b = new Browser();
    b.profile = mkdtempSync(path.join(tmpdir(), "chatd-browser-"));
    b.browser = await launch();
    b.complaints = [];
    return b;
  }
  // A page of its own context: nobody shares storage with anybody.
  async page(url, options = {}) {
    const context = await this.browser.newContext({ locale: "en-GB",
      viewport: { width: 1000, height: 700 }, ...options });
    context.setDefaultTimeout(10000);
    const page = await context.newPage();
    // Chromium's pages all believe that they are looked at; so be it here.
    if (inFirefox) await page.addInitScript(() => {
      document.hasFocus = () => true;
    });
    page.on("pageerror", (e) => {
      if (!usual.test(String(e))) this.complaints.push(String(e));
    });
    page.on("console", (m) => {
      if (m.type() === "error" && !usual.test(m.text()))
        this.complaints.push(m.text());
    });
    page.on("dialog", (d) => {
      if (d.type() !== "beforeunload") this.complaints.push("a dialog opened");
      d.accept();
    });
    if (url) await page.goto(url);
    return page;
  }
  async person(server, name, { room = "lobby", ...options } = {}) {
    const page = await this.page(null, options);
    const p = new Person(page);
    await page.goto(server.url + "/chat" +
      (room === "lobby" ? "" : "/" + encodeURIComponent(room)));
    await p.connected();
    if (name) await p.name(name);
    return p;
  }
  // A page in a room whose server is a script: each connection is answered by
  // the next of `answers`: (say, socket). Pages and files are the real one's.
  async scripted(server, ...answers) {
    return this.scriptedWith({}, server, ...answers);
  }
  async scriptedWith(options, server, ...answers) {
    const { room = newRoom(), init, ...others } = options;
    const page = await this.page(null, others);
    const urls = [], sockets = [];
    if (init) await page.addInitScript(init);
    await page.routeWebSocket(/\/ws\//, (ws) => {
      urls.push(new URL(ws.url()));
      sockets.push(ws);
      answers[Math.min(sockets.length, answers.length) - 1](
        (m) => ws.send(JSON.stringify(m)), ws);
    });
    await page.goto(server.url + "/chat/" + encodeURIComponent(room));
    return { person: new Person(page), page, urls, sockets };
  }
  async close() {
    await this.browser.close();
    for (const one of open) await one.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
  // No script error, no refused script: asserted after each test.
  quiet() {
    assert.deepEqual(this.complaints.splice(0), []);
  }
}

// What such a script says.
export const welcome = (uid, last, more) =>
  ({ event: "welcome", uid, room: "r", members: 2, last, ...more });
export const from = (uid, id, message, more) =>
  ({ id, time: Date.now(), uid, name: "Ben", message, ...more });

export class Person {
  constructor(page) {
    this.page = page;
    this.text = page.getByRole("textbox", { name: /message/i });
    this.send = page.getByRole("button", { name: /send/i });
    this.log = page.getByRole("log");
    this.messages = this.log.locator(".msg .text");
  }
  state(words, ms) {
    return eventually(async () => assert.match(
      await this.page.locator("#state").textContent(), words), ms);
  }
  connected(ms) { return this.state(/Connected/, ms); }
  // By the button, unless the page was faster.
  async triesNow() {
    const button = this.page.getByRole("button", { name: "Try now" });
    await Promise.race([button.click(), this.connected()]);
    await this.connected();
  }
  async name(name) {
    await this.page.getByRole("textbox", { name: /name/i }).fill(name);
    await this.page.keyboard.press("Enter");
  }
  // Whether somebody looks at the page, as far as it can tell.
  async looks(on) {
    await this.page.evaluate((focus) => {
      document.hasFocus = () => focus;
      window.dispatchEvent(new Event(focus ? "focus" : "blur"));
    }, on);
  }
  // What stands in the log, line by line: messages, and lines between them.
  lines() {
    return this.log.locator(".msg .text, .divider").allTextContents();
  }
  async say(words) {
    await this.text.fill(words);
    await this.page.keyboard.press("Enter");
  }
  // As from the clipboard: Firefox's driver fills a field key by key.
  async paste(words) {
    await this.text.evaluate((e, value) => {
      e.value = value;
      e.dispatchEvent(new Event("input", { bubbles: true }));
    }, words);
  }
  said() { return this.messages.allTextContents(); }
  // Exactly these messages, in this order, and they stay so.
  async reads(expected, ms) {
    await eventually(async () =>
      assert.deepEqual(await this.said(), expected), ms);
    await sleep(150);
    assert.deepEqual(await this.said(), expected);
  }
  outbox() { return this.page.locator("#out .msg"); }
}

const axe = readFileSync(createRequire(import.meta.url)
  .resolve("axe-core/axe.min.js"), "utf8");

// Nothing serious or worse, by WCAG 2.2 AA and best practice.
export async function accessible(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document,
    { resultTypes: ["violations"] }));
  const told = violations.map((v) =>
    `${where}: ${v.impact} ${v.id} ${v.nodes.map((n) => n.html).join(" ")}`);
  assert.deepEqual(told.filter((s) => /: (serious|critical)/.test(s)), []);
  assert.deepEqual(told, []);
}

let rooms = 0;
export const newRoom = () =>
  `r${process.pid.toString(36)}-${Date.now().toString(36)}-${rooms++}`;

// ---- what each file of tests has

// One server and one browser for all tests of a file, from the first one on.
export let server, browser;

export function stage() {
  before(async () => {
    server = await Server.start();
    browser = await Browser.start();
  });
  afterEach(() => browser.quiet());
  after(async () => {
    await browser.close();
    await server.stop();
  });
}
