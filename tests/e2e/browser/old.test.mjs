// SPDX-License-Identifier: MIT
// Goal: a browser of early 2023 is enough, and whatever goes wrong on the
// screen, the stream and the outbox go on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, eventually, from, newRoom, server, stage, welcome }
  from "./support.mjs";

stage();

// What Chrome 111, Firefox 113 and Safari 16 do not have, of what was once used
// here or might be.
function takeAway() {
  delete URL.canParse;
  delete Promise.withResolvers;
  delete Object.groupBy;
  delete Map.groupBy;
  delete AbortSignal.any;
  for (const name of ["isWellFormed", "toWellFormed"])
    delete String.prototype[name];
  for (const name of ["toSorted", "toReversed", "toSpliced", "with"])
    delete Array.prototype[name];
  for (const name of ["union", "intersection", "difference", "isSubsetOf"])
    delete Set.prototype[name];
  for (const name of ["ariaLive", "ariaLabel", "ariaDescription"])
    delete Element.prototype[name];
  delete Element.prototype.checkVisibility;
  delete Element.prototype.setHTML;
  delete HTMLElement.prototype.showPopover;
  delete Navigator.prototype.setAppBadge;
  delete Navigator.prototype.clearAppBadge;
}

test("a conversation in a browser of early 2023", async () => {
  const room = newRoom();
  const page = await browser.page();
  await page.addInitScript(takeAway);
  await page.goto(server.url + "/chat/" + room);
  const ben = await browser.person(server, "Ben", { room });
  await ben.say("see https://example.com/x");
  await page.locator("#log a").waitFor();
  await page.locator("#text").fill("I see it: https://example.com/x");
  await page.keyboard.press("Enter");
  await ben.reads(["see https://example.com/x",
    "I see it: https://example.com/x"]);
  await eventually(async () => {
    assert.equal(await page.locator("#out .msg").count(), 0);
    assert.equal(await page.locator("#log").getAttribute("aria-live"),
      "polite");
  });
});

test("the start page and the echo tester in a browser of early 2023",
  async () => {
    const page = await browser.page();
    await page.addInitScript(takeAway);
    await page.goto(server.url + "/");
    await page.getByText(/connected: \d/).waitFor();
    await page.getByRole("img", { name: /masking key/ }).waitFor();
    await page.goto(server.url + "/echo");
    await page.getByText("Connected", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("1 sent · 1 back · 0 changed").waitFor();
  });

// Something of the browser's fails from now on.
const broken = {
  "times": () => { Intl.DateTimeFormat.prototype.format = () => { throw 1; }; },
  "addresses": () => { window.URL = () => { throw Error("no URL"); }; },
  "elements": () => {
    const create = document.createElement;
    document.createElement = function (tag) {
      if (tag === "a" || tag === "bdi") throw Error("no " + tag);
      return create.call(this, tag);
    };
  },
};
for (const [what, breakIt] of Object.entries(broken))
  test(`the stream goes on when drawing fails: ${what}`, async () => {
    const { person, page } = await browser.scripted(server, (say, ws) => {
      say(welcome("me", "a-1"));
      say(from("ben", "a-1", "before"));
      let n = 1;
      ws.onMessage((m) => {
        const { message } = JSON.parse(m);
        say(from("ben", `b-${++n}`, "see https://example.com/ " + n,
          { time: 1e12 + n * 1e9 }));
        say(from("me", `c-${n}`, message));
      });
    });
    await person.reads(["before"]);
    await page.evaluate(breakIt);
    await person.say("one");
    await person.say("two");
    await eventually(async () => assert.deepEqual(await person.said(),
      ["before", "see https://example.com/ 2", "one",
        "see https://example.com/ 3", "two"]));
    assert.equal(await person.outbox().count(), 0);
    browser.complaints.length = 0; // that it failed is told in the console
  });

test("messages that no server of ours would send are lived with", async () => {
  const { person, page } = await browser.scripted(server, (say, ws) => {
    say(welcome("me", "a-9"));
    ws.send("not JSON");
    say(7);
    say(null);
    say(from("ben", "a-1", "no time", { time: "never" }));
    say(from("ben", "a-2", "far", { time: 1e300 }));
    say(from("ben", "a-3", 5));
    say(from(undefined, "a-4", "no uid", { name: undefined }));
    say(from("ben", "a-5", undefined, { binary: "%%%" }));
    say({ event: "members", members: 2, who: "nobody" });
    say(from("ben", "a-9", "the last"));
  });
  await eventually(async () => assert.equal((await person.said()).at(-1),
    "the last"));
  await page.locator("[data-state=ready]").waitFor();
  assert.equal((await person.said()).length, 6);
  browser.complaints.length = 0;
});
