// SPDX-License-Identifier: MIT
// Goal: the page keeps its promises whatever a server says. The server of
// these tests is a script that answers the page's socket; pages and files come
// from the real one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person, Server, browser, eventually, from, newRoom, server, stage,
  welcome } from "./support.mjs";

stage();

const scripted = (...answers) => browser.scripted(server, ...answers);

test("it asks for what comes after the last message it has", async () => {
  const { person, urls } = await scripted((say, ws) => {
    say(welcome("me", "a1-41"));
    say(from("ben", "a1-40", "forty"));
    say(from("ben", "a1-41", "forty-one"));
    say(from("ben", "a1-42", "live"));
    setTimeout(() => ws.close({ code: 1013 }), 300);
  }, (say) => say(welcome("me2", "a1-42")));
  await person.connected();
  await eventually(() => assert.equal(urls.length, 2));
  assert.equal(urls[0].searchParams.get("since"), null);
  assert.equal(urls[0].searchParams.get("history"), "100");
  assert.equal(urls[1].searchParams.get("since"), "a1-42");
  await person.connected();
  await person.reads(["forty", "forty-one", "live"]);
  assert.equal(await person.log.locator(".gap").count(), 0);
});

test("where nothing is kept one can speak at once, by the welcome's word",
  async () => {
    const server = await Server.start("--history", "0");
    const room = newRoom();
    const ann = await browser.person(server, "Ann", { room });
    await ann.say("said before");
    await ann.reads(["said before"]);
    const page = await browser.page();
    // Whoever waits for a history waits for ever.
    await page.addInitScript(() => {
      const set = setTimeout;
      window.setTimeout = (f, ms, ...more) =>
        ms >= 1000 && ms <= 5000 ? -1 : set(f, ms, ...more);
    });
    await page.goto(server.url + "/chat/" + room);
    const ben = new Person(page);
    await ben.say("at once");
    await ann.reads(["said before", "at once"]);
    await ben.reads(["at once"]);
    await server.stop();
  });

test("what it has already is not shown again", async () => {
  const { person } = await scripted((say) => {
    say(welcome("me", "a1-2"));
    for (const id of ["a1-1", "a1-2", "a1-1", "a1-2", "a1-3", "a1-3"])
      say(from("ben", id, id));
  });
  await person.reads(["a1-1", "a1-2", "a1-3"]);
});

test("an id is opaque: another epoch alone is no gap", async () => {
  const { person, urls } = await scripted((say, ws) => {
    say(welcome("me", "a1-7"));
    say(from("ben", "a1-7", "old"));
    setTimeout(() => ws.close({ code: 1001 }), 300);
  }, (say) => {
    say(welcome("me2", "b2-2"));
    say(from("ben", "b2-1", "new one"));
    say(from("ben", "b2-2", "new two"));
  });
  await person.reads(["old", "new one", "new two"]);
  assert.equal(await person.log.locator(".gap").count(), 0);
  assert.equal(urls[1].searchParams.get("since"), "a1-7");
});

test("what was sent before a gap with nothing behind it is not sent again",
  async () => {
    let again = 0;
    const { person } = await scripted((say, ws) => {
      say(welcome("me", "a1-7", { following: 1 }));
      say(from("ben", "a1-7", "seven"));
      ws.onMessage((text) => {
        if (JSON.parse(text).message) ws.close({ code: 1001 });
      });
    }, (say, ws) => {
      ws.onMessage((text) => { again += Boolean(JSON.parse(text).message); });
      say(welcome("me2", null, { following: 0 }));
      say({ event: "gap" });
    });
    await person.reads(["seven"]);
    await person.say("once");
    await person.outbox().getByText("Send again").waitFor();
    assert.equal(await person.log.locator(".gap").count(), 1);
    assert.equal(again, 0);
  });

test("a gap that is told is shown where it is", async () => {
  const { person } = await scripted((say, ws) => {
    say(welcome("me", "a1-7"));
    say(from("ben", "a1-7", "seven"));
    setTimeout(() => ws.close({ code: 1013 }), 300);
  }, (say) => {
    say(welcome("me2", "a1-500"));
    say({ event: "gap" });
    say(from("ben", "a1-500", "five hundred"));
  });
  await person.reads(["seven", "five hundred"]);
  assert.deepEqual(await person.log.locator(".msg .text, .gap")
    .allTextContents(),
    ["seven", "Messages may be missing here", "five hundred"]);
});

test("each gap of a connection is shown",
  async () => {
    let say;
    const { person } = await scripted((words) => {
      say = words;
      say(welcome("me", "a1-1"));
      say(from("ben", "a1-1", "one"));
    });
    await person.connected();
    for (const n of [3, 5]) {
      say({ event: "gap" });
      say(from("ben", `b${n}-1`, String(n)));
    }
    await person.reads(["one", "3", "5"]);
    assert.deepEqual(await person.log.locator(".msg .text, .gap")
      .allTextContents(),
      ["one", "Messages may be missing here", "3",
        "Messages may be missing here", "5"]);
  });

test("nothing is sent, and nothing read out, before the history is there",
  async () => {
    let ws, sent = [];
    const { person, page } = await scripted((say, socket) => {
      ws = { say, socket };
      socket.onMessage((m) => sent.push(JSON.parse(m)));
      say(welcome("me", "a1-2", { following: 2 })); // else it waits not for long
      say(from("ben", "a1-1", "one"));
    });
    await person.reads(["one"]);
    await person.say("me too");
    await page.waitForTimeout(200);
    assert.deepEqual(sent, []);
    assert.equal(await person.log.getAttribute("aria-live"), "off");
    ws.say(from("ben", "a1-2", "two"));
    await eventually(() => assert.deepEqual(sent, [{ message: "me too" }]));
    ws.say(from("me", "a1-3", "me too"));
    await person.reads(["one", "two", "me too"]);
    await eventually(async () => assert.equal(
      await person.log.getAttribute("aria-live"), "polite"));
    // And off again for the history of the next connection.
    await ws.socket.close({ code: 1013 });
    await eventually(async () => assert.equal(
      await person.log.getAttribute("aria-live"), "off"));
  });

test("after an orderly close, the log proves what never arrived", async () => {
  const got = [];
  const { person } = await scripted((say, ws) => {
    say(welcome("me", null));
    ws.onMessage((m) => {
      got.push(["first", JSON.parse(m).message]);
      if (got.length === 2) ws.close({ code: 1013 });
    });
  }, (say, ws) => {
    // "a" was published, "b" was not.
    say(welcome("me2", "a1-1"));
    say(from("me", "a1-1", "a"));
    ws.onMessage((m) => {
      const { message } = JSON.parse(m);
      got.push(["second", message]);
      say(from("me2", "a1-2", message));
    });
  });
  await person.connected();
  await person.say("a");
  await person.say("b");
  await person.reads(["a", "b"]);
  assert.deepEqual(got, [["first", "a"], ["first", "b"], ["second", "b"]]);
  assert.equal(await person.outbox().count(), 0);
});

test("after a close by which nobody knows, the person is asked", async () => {
  for (const reason of ["Redis is away", "it is not known whether it was said"]) {
    const { person, page } = await scripted((say, ws) => {
      say(welcome("me", null));
      ws.onMessage(() => ws.close({ code: 1013, reason }));
    }, (say) => say(welcome("me2", null)));
    await person.connected();
    await person.say("a");
    await page.getByText("Perhaps not delivered").waitFor();
  }
});

test("a message passed over by the ones after it was refused", async () => {
  const { person, page } = await scripted((say, ws) => {
    say(welcome("me", null));
    ws.onMessage((m) => {
      const { message } = JSON.parse(m);
      if (message === "bad") say({ event: "error", error: "no <b>such</b>" });
      else say(from("me", "a1-1", message));
    });
  });
  await person.connected();
  await person.say("bad");
  await page.getByText("The server says: no <b>such</b>").waitFor();
  await person.say("good");
  await page.getByText("Not delivered").waitFor();
  await person.reads(["good"]);
});

test("pauses between attempts grow, and differ", async () => {
  const times = [];
  const { page, urls } = await scripted((say, ws) => {
    times.push(Date.now());
    ws.close({ code: 1013 });
  });
  await eventually(() => assert.ok(urls.length >= 5), 20000);
  const pauses = times.slice(1).map((t, i) => t - times[i]);
  // 1, 2, 4, 8 seconds at most, half of it at least.
  pauses.slice(0, 4).forEach((p, i) => {
    assert.ok(p >= 500 * 2 ** i - 50 && p <= 1000 * 2 ** i + 700, `${pauses}`);
  });
  assert.ok(pauses.some((p, i) => p < 950 * 2 ** i), `${pauses}`);
  await page.close();
});

test("silence is answered with a question, and then with another connection",
  async () => {
    const page = await browser.page();
    await page.clock.install();
    const asked = [];
    let connections = 0;
    await page.routeWebSocket(/\/ws\//, (ws) => {
      connections++;
      ws.send(JSON.stringify(welcome("me" + connections, null)));
      ws.onMessage((m) => {
        const { ping } = JSON.parse(m);
        asked.push(ping);
        // The first question is answered, those after it are not.
        if (asked.length === 1)
          ws.send(JSON.stringify({ pong: ping }));
      });
    });
    await page.goto(server.url + "/chat/" + newRoom());
    await new Person(page).connected();
    await page.clock.runFor(16000);
    await eventually(() => assert.equal(asked.length, 1));
    await page.clock.runFor(16000);
    assert.equal(connections, 1);
    await page.clock.runFor(16000);
    await eventually(() => assert.equal(asked.length, 2));
    await page.clock.runFor(16000);
    await page.clock.runFor(2000);
    await eventually(() => assert.equal(connections, 2));
  });
