// SPDX-License-Identifier: MIT
// Goal: where the server wants a token, a person is told in words what is
// missing, goes on with another without losing anything, and shows the token to
// nobody but the server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Person, Wire, accessible, browser, eventually, from, newRoom,
         notInFirefox, running, sleep, stage, startWithTokens, welcome }
  from "./support.mjs";

stage();

const skip = running && "needs a server of its own";
let gate; // a server that wants tokens
before(async () => {
  if (!running) gate = await startWithTokens("--token-cookie", "pass");
});
after(() => gate?.stop());

const ann = "sub=ann,name=Ann,join=*";
const good = (claims = ann) => gate.sign(claims + ",ttl=1h");
const at = (room) => gate.url + "/chat/" + room;

const none = /wants a pass/, ended = /has run out/;

// A page that counts its attempts, and says what it offers.
async function visit(url, { cookie, ...options } = {}) {
  const page = await browser.page(null, options);
  page.printed = [];
  page.on("console", (m) => page.printed.push(m.text()));
  await page.addInitScript(() => {
    const Real = WebSocket;
    window.offers = [];
    window.sends = 0;
    window.WebSocket = class extends Real {
      constructor(url, protocols) {
        super(url, protocols);
        window.offers.push(String(protocols));
      }
      send(data) {
        if (data.includes("message")) window.sends++;
        super.send(data);
      }
    };
  });
  if (cookie) await setCookie(page, cookie);
  await page.goto(url);
  return Object.assign(new Person(page), {
    pass: page.locator("#pass"),
    attempts: () => page.evaluate(() => window.offers.length),
  });
}

const setCookie = (page, value) => page.context().addCookies(
  [{ name: "pass", value, url: gate.url, httpOnly: true }]);

// A link that is opened in the tab of the page.
const opens = (person, token) => person.page.evaluate((hash) => {
  location.hash = hash;
}, "#token=" + token);

async function told(person, words) {
  await eventually(async () => {
    assert.match(await person.pass.textContent(), words);
    assert.ok(await person.pass.isVisible());
  });
}

const untold = (person) => person.pass.waitFor({ state: "hidden" });

async function barred(person, words, attempts) {
  await person.state(/Not let in/);
  await told(person, words);
  await sleep(1500); // the first pause would be a second at most
  assert.equal(await person.attempts(), attempts);
}

// Wherever somebody might come across it, but in this tab's own memory. How the
// page was loaded a browser remembers for its scripts, until the next load.
async function nowhere(person, token) {
  const { page } = person;
  const seen = await page.evaluate(async () => JSON.stringify([
    location.href, document.URL, document.referrer, document.cookie,
    document.documentElement.outerHTML, { ...localStorage }, history.state,
    performance.getEntriesByType("resource"), window.name, document.title,
    [...document.querySelectorAll("input, textarea")].map((e) => e.value),
    window.navigation?.entries().map((e) => e.url),
  ]));
  const [, , signature] = token.split(".");
  assert.ok(!seen.includes(signature), "it is in " +
    seen.slice(seen.indexOf(signature) - 200).slice(0, 260));
  assert.ok(!page.printed.join().includes(signature), "in the console");
  assert.ok(!gate.said.includes(signature), "in the server's log");
}

test("a link's token opens the room, is kept for the tab, and seen nowhere",
  { skip }, async () => {
    const token = good(), room = newRoom();
    const written = token.replaceAll(".", "%2E");
    const one = await visit(`${at(room)}?x=1#a=1&token=${written}&b`);
    await one.connected();
    await one.say("let in");
    await one.reads(["let in"]);
    assert.equal(await one.page.evaluate(() => location.search + location.hash),
      "?x=1#a=1&b");
    assert.deepEqual(await one.page.evaluate(() => window.offers),
      ["chatd.v1,bearer." + token]);
    await nowhere(one, token);
    await one.page.reload();
    await one.connected();
    await one.reads(["let in"]);
    await nowhere(one, token);
    // Another room, by this tab; and back.
    await one.page.goto(at(newRoom()));
    await one.connected();
    await one.page.goBack();
    await one.connected();
    await nowhere(one, token);
    // Not so another tab.
    const tab = await one.page.context().newPage();
    await tab.goto(at(room));
    await tab.getByText(none).waitFor();
  });

test("the link that is copied has no token", { skip }, async () => {
  const token = good(), room = newRoom();
  const one = await visit(`${at(room)}#token=${token}`);
  await one.connected();
  await one.page.evaluate(() => {
    Object.defineProperty(navigator, "clipboard", { value: {
      writeText: async (text) => { window.copied = text; } } });
  });
  await one.page.locator("#room").click();
  await one.page.getByRole("button", { name: "Copy the link" }).click();
  await one.page.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await one.page.evaluate(() => window.copied), at(room));
});

test("without one the page says so, waits, and goes on with the link",
  { skip }, async () => {
    const token = good();
    const one = await visit(at(newRoom()));
    await barred(one, none, 1);
    await one.say("said outside");
    await one.text.fill("a draft");
    // Looking at it, or the network, is no reason to ask again.
    await one.page.evaluate(() => {
      dispatchEvent(new Event("online"));
      document.dispatchEvent(new Event("visibilitychange"));
    });
    assert.equal(await one.attempts(), 1);
    await one.page.getByRole("button", { name: "Try now" }).click();
    await barred(one, none, 2);
    await opens(one, token);
    await one.connected();
    await one.reads(["said outside"]);
    await untold(one);
    assert.equal(await one.text.inputValue(), "a draft");
    assert.equal(await one.outbox().count(), 0);
    assert.equal(await one.page.evaluate(() => location.hash), "");
    await nowhere(one, token);
  });

test("one that has run out is said to have, and one that is no token is not",
  { skip }, async () => {
    const old = await visit(at(newRoom()) + "#token=" +
      gate.sign(ann + ",exp=5"));
    await barred(old, ended, 2); // the second with a cookie, if there were one
    const bad = await visit(at(newRoom()) + "#token=%3Cb%3Eno%20t%C3%B6ken");
    await barred(bad, /is not valid here/, 2);
    await opens(bad, "%zz");
    await barred(bad, /is not valid here/, 4);
    assert.deepEqual(await bad.page.evaluate(() => window.offers),
      ["chatd.v1,bearer.bnotken", "chatd.v1",
        "chatd.v1,bearer.zz", "chatd.v1"]);
  });

test("one for other rooms is said to be", { skip }, async () => {
  const one = await visit(at(newRoom()) + "#token=" + good("sub=a,join=tea"));
  await barred(one, /not for this room/, 1);
  await opens(one, good());
  await one.connected();
  await untold(one);
});

test("one runs out: that is told before and after, and nothing is lost",
  { skip }, async () => {
    const room = newRoom();
    const ben = await visit(`${at(room)}#token=${good("sub=ben,join=*")}`);
    const one = await visit(at(room) + "#token=" + gate.signEnding(5, ann));
    await told(one, /runs out in \d s/);
    await one.say("before");
    await ben.reads(["before"]);
    await told(one, ended);
    assert.equal(await one.attempts(), 2);
    await ben.say("meanwhile");
    await one.say("after");
    await one.text.fill("a draft");
    await opens(one, good());
    await one.connected();
    await one.reads(["before", "meanwhile", "after"]);
    await ben.reads(["before", "meanwhile", "after"]);
    assert.equal(await one.text.inputValue(), "a draft");
    assert.equal(await one.log.locator(".gap").count(), 0);
    await untold(one);
  });

test("the network goes, and with it comes whoever was in", { skip },
  async () => {
    const wire = await Wire.to(gate.port);
    const one = await visit(`${wire.url}/chat/${newRoom()}#token=${good()}`);
    await one.connected();
    await one.say("before");
    await one.reads(["before"]);
    wire.cut();
    await one.state(/lost|No server/);
    await one.say("meanwhile");
    wire.open();
    await one.connected();
    await one.reads(["before", "meanwhile"]);
    wire.close();
  });

test("with another the open connection goes on", { skip }, async () => {
  const one = await visit(at(newRoom()) + "#token=" + gate.signEnding(20, ann));
  await told(one, /runs out in/);
  await opens(one, good());
  await untold(one);
  await one.say("still here");
  await one.reads(["still here"]);
  assert.equal(await one.attempts(), 1);
});

test("another that is no good changes nothing", { skip }, async () => {
  const one = await visit(at(newRoom()) + "#token=" + good());
  await one.connected();
  await opens(one, gate.sign(ann + ",exp=5"));
  await one.page.getByText("you go on with the one you had").waitFor();
  await one.say("still here");
  await one.reads(["still here"]);
  assert.equal(await one.attempts(), 1);
  await one.page.reload();
  await one.connected();
});

test("another person's makes them that person", { skip }, async () => {
  const room = newRoom();
  const ben = await visit(`${at(room)}#token=${good("sub=ben,join=*")}`);
  await ben.connected();
  const one = await visit(at(room) + "#token=" + good());
  await one.say("as Ann");
  await ben.reads(["as Ann"]);
  await opens(one, good("sub=cy,name=Cy,join=*"));
  await eventually(async () => assert.equal(await one.attempts(), 2));
  await one.say("as Cy");
  await ben.reads(["as Ann", "as Cy"]);
  assert.deepEqual(await ben.log.locator(".who").allTextContents(),
    ["Ann", "Cy"]);
});

test("one that is renewed without this room ends it", { skip }, async () => {
  const one = await visit(at(newRoom()) + "#token=" + good());
  await one.connected();
  await opens(one, good("sub=ann,join=tea"));
  await barred(one, /not for this room/, 1);
});

test("who may only listen is told, and keeps the text", { skip }, async () => {
  const room = newRoom(), claims = "sub=ann,join=*";
  const one = await visit(at(room) + "#token=" + good(claims + ",say="));
  const ben = await visit(`${at(room)}#token=${good("sub=ben,join=*")}`);
  await ben.say("hello");
  await one.reads(["hello"]);
  await one.paste("can you\nhear me?");
  await one.page.keyboard.press("Enter");
  await told(one, /read here, but not write/);
  assert.equal(await one.text.inputValue(), "can you\nhear me?");
  assert.equal(await one.outbox().count(), 0);
  await one.page.keyboard.press("Enter"); // no need to ask again
  assert.equal(await one.text.inputValue(), "can you\nhear me?");
  assert.equal(await one.page.evaluate(() => window.sends), 1);
  await opens(one, good(claims));
  await untold(one);
  await one.page.keyboard.press("Enter");
  await ben.reads(["hello", "can you\nhear me?"]);
  assert.equal(await one.attempts(), 1);
});

test("what was queued for a room where one only listens comes back in order",
  { skip }, async () => {
    const one = await visit(at(newRoom()));
    await told(one, none);
    for (const words of ["one", "two", "three"]) await one.say(words);
    await opens(one, good("sub=ann,join=*,say="));
    await told(one, /read here, but not write/);
    assert.equal(await one.text.inputValue(), "one\ntwo\nthree");
    assert.equal(await one.outbox().count(), 0);
  });

test("a name that the token gives is shown, and is not one's own to change",
  { skip }, async () => {
    const one = await visit(at(newRoom()) + "#token=" + good());
    const name = one.page.locator("#name");
    await one.connected();
    assert.equal(await name.getAttribute("readonly"), null);
    await one.say("who am I?"); // a guest, as far as the page knows
    await eventually(async () => assert.equal(await name.inputValue(), "Ann"));
    assert.equal(await name.getAttribute("readonly"), "");
    assert.equal(await one.page.locator("#offer").isVisible(), false);
    // Another with it; then one that names nobody: it is one's own again.
    await opens(one, good());
    await one.say("and now?");
    await one.reads(["who am I?", "and now?"]);
    assert.equal(await name.inputValue(), "Ann");
    await opens(one, good("sub=ben,join=*"));
    await eventually(async () => assert.equal(
      await name.getAttribute("readonly"), null));
    await one.connected();
    await one.name("Ben");
    await one.say("myself");
    await one.reads(["who am I?", "and now?", "myself"]);
    assert.equal(await name.inputValue(), "Ben");
    assert.equal(await name.getAttribute("readonly"), null);
  });

test("whoever tries to change it has it back", { skip }, async () => {
  const one = await visit(at(newRoom()) + "#token=" + good());
  const name = one.page.locator("#name");
  await one.connected();
  await one.name("Bob");
  await eventually(async () => assert.equal(
    await name.getAttribute("readonly"), ""));
  assert.equal(await name.inputValue(), "");
  assert.equal(await name.getAttribute("placeholder"), "Your pass gives it");
  await one.say("and I am");
  await eventually(async () => assert.equal(await name.inputValue(), "Ann"));
  assert.equal(await one.log.locator(".gap").count(), 0);
});

test("a cookie does as well, and a newer one carries on", { skip }, async () => {
  const one = await visit(at(newRoom()),
    { cookie: gate.signEnding(6, ann) });
  await one.connected();
  await one.say("by cookie");
  await one.reads(["by cookie"]);
  await setCookie(one.page, good());
  await eventually(async () => assert.equal(await one.attempts(), 2), 15000);
  await one.connected();
  await one.say("by another");
  await one.reads(["by cookie", "by another"]);
  await untold(one);
});

test("a cookie opens what a token of old does not", { skip }, async () => {
  const one = await visit(at(newRoom()) + "#token=" +
    gate.sign(ann + ",exp=5"), { cookie: good() });
  await one.connected();
  assert.equal(await one.attempts(), 2);
  await one.page.reload(); // and it is forgotten
  await one.connected();
  assert.deepEqual(await one.page.evaluate(() => window.offers), ["chatd.v1"]);
});

test("the echo tester shows one, too, and to nobody else", { skip }, async () => {
  const token = good();
  const one = await visit(gate.url + "/echo#token=" + token);
  await one.page.getByText("Connected", { exact: true }).waitFor();
  assert.equal(await one.page.locator("#chosen").textContent(), "echo");
  await one.page.getByRole("button", { name: "Send" }).click();
  await one.page.getByText("1 sent · 1 back · 0 changed").waitFor();
  await nowhere(one, token);
  // Where nothing else is offered, the server has something to choose.
  await one.page.getByRole("button", { name: "Disconnect" }).click();
  await one.page.locator("#protocol").fill("");
  await one.page.getByRole("button", { name: "Connect", exact: true }).click();
  await eventually(async () => assert.equal(
    await one.page.locator("#chosen").textContent(), "bearer"));
  await nowhere(one, token);
  const without = await visit(gate.url + "/echo");
  await without.page.getByText("Not connected").waitFor();
});

// ---- for everybody

for (const colorScheme of ["light", "dark"])
  test(`axe finds nothing: what is said of tokens, ${colorScheme}`, { skip },
    async () => {
      const one = await visit(at(newRoom()), { colorScheme });
      await told(one, none);
      await accessible(one.page, "barred");
      await opens(one, gate.signEnding(20, ann + ",say="));
      await told(one, /runs out/);
      await accessible(one.page, "runs out");
      await one.name("Bob");
      await one.say("hello?");
      await told(one, /but not write/);
      await accessible(one.page, "listens only, with a name that is given");
      await opens(one, gate.sign(ann + ",exp=5"));
      await one.page.getByText("you go on with the one you had").waitFor();
      await accessible(one.page, "another was not taken");
    });

test("in Chinese, too, and within a phone",
  { skip: skip || notInFirefox.phone },
  async () => {
    const one = await visit(at(newRoom()), { locale: "zh-CN", isMobile: true,
      hasTouch: true, viewport: { width: 360, height: 640 } });
    const text = one.page.locator("#text");
    const fits = async (words) => {
      await told(one, words);
      const { page } = one;
      assert.ok(await page.evaluate(() =>
        document.documentElement.scrollWidth <= innerWidth));
      const box = await page.locator("#form button.main").boundingBox();
      assert.ok(box.y + box.height <= 640 && box.x + box.width <= 360);
      assert.doesNotMatch(await page.locator("#pass, #state").allTextContents()
        .then(String), /[A-Za-z]{2}/);
    };
    await fits(/要有通行证/);
    await one.page.locator("#now").waitFor();
    await opens(one, gate.sign(ann + ",exp=5"));
    await fits(/已过期/);
    await opens(one, good("sub=ann,join=x"));
    await fits(/不适用于/);
    await opens(one, "a.b.c");
    await fits(/无效/);
    await opens(one, gate.signEnding(20, ann + ",say="));
    await fits(/秒后过期/);
    await text.fill("你好");
    await one.page.locator("#form button.main").click();
    await fits(/不能发言/);
    assert.equal(await text.inputValue(), "你好");
  });

// ---- a server that is a script

const room = { room: "tea" };

test("what was on its way when one ran out is sent again if the log proves it",
  { skip }, async () => {
    const got = [];
    const { page, person } = await browser.scriptedWith(room, gate,
      (say, ws) => {
        say(welcome("me", null, { following: 0 }));
        ws.onMessage((m) => {
          if (JSON.parse(m).message === "two")
            ws.close({ code: 4401, reason: "token: expired" });
        });
      }, (say, ws) => ws.close({ code: 4401, reason: "token: none" }),
      (say, ws) => {
        ws.onMessage((m) => {
          got.push(JSON.parse(m).message);
          say(from("me3", "a-2", got.at(-1)));
        });
        say(welcome("me3", "a-1", { following: 1 }));
        say(from("me", "a-1", "one"));
      });
    await person.connected();
    await person.say("one");
    await person.say("two");
    await told({ pass: page.locator("#pass") }, ended);
    assert.equal(await person.outbox().getByText("Sending").count(), 2);
    await opens({ page }, "a.b.c");
    await person.reads(["one", "two"]);
    assert.deepEqual(got, ["two"]);
    assert.equal(await person.outbox().count(), 0);
  });

test("another that comes before the welcome is shown at once", { skip },
  async () => {
    const { page, urls } = await browser.scriptedWith(room, gate, () => {},
      (say) => say(welcome("me", null, { following: 0 })));
    await eventually(() => assert.equal(urls.length, 1));
    await opens({ page }, "a.b.c");
    await page.locator("[data-state=ready]").waitFor();
    assert.equal(urls.length, 2);
  });

test("a name that is given before the welcome is told after it", { skip },
  async () => {
    const got = [];
    let say;
    const { page, person } = await browser.scriptedWith(room, gate, (s, ws) => {
      say = s;
      ws.onMessage((m) => got.push(JSON.parse(m)));
    });
    await eventually(() => assert.ok(say));
    await person.name("Ann");
    say(welcome("me", null, { following: 0 }));
    await page.locator("[data-state=ready]").waitFor();
    await eventually(() => assert.deepEqual(got, [{ name: "Ann" }]));
  });
