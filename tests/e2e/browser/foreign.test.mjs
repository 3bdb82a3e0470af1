// SPDX-License-Identifier: MIT
// Goal: a page of another origin says nothing in a room, however it asks; a
// page of ours may post.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { browser, newRoom, server, stage } from "./support.mjs";

stage();

// A page of its own, that may connect to anywhere.
const elsewhere = http.createServer((request, response) => {
  response.setHeader("Content-Type", "text/html");
  response.end("<!DOCTYPE html><title>elsewhere</title>");
});

before(() => new Promise((done) => elsewhere.listen(0, "127.0.0.1", done)));
after(() => elsewhere.close());

const post = (page, url, options) => page.evaluate(([url, options]) =>
  fetch(url, { method: "POST", body: "evil", ...options }).then(
    async (r) => `${r.type} ${r.status} ${await r.text()}`,
    (e) => e.name), [url, options]);

test("a page of another origin publishes nothing", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  for (const host of ["127.0.0.1", "localhost"]) {
    const page = await browser.page(
      `http://${host}:${elsewhere.address().port}/`);
    const url = `${server.url}/chat/${room}`;
    // Without CORS it may ask, and is told nothing; with it likewise, and what
    // is not simple is not even asked (fetch 4.8).
    assert.equal(await post(page, url, { mode: "no-cors" }), "opaque 0 ");
    assert.equal(await post(page, url, { mode: "cors" }), "TypeError");
    assert.equal(await post(page, url, { mode: "no-cors",
      referrerPolicy: "no-referrer" }), "opaque 0 ");
    assert.equal(await post(page, url, { mode: "cors",
      headers: { "Content-Type": "application/octet-stream" } }), "TypeError");
    assert.ok(await page.evaluate((url) => navigator.sendBeacon(url, "evil"),
      url));
    // A form needs nobody's leave.
    await page.evaluate((url) => {
      document.body.innerHTML = `<form method=post enctype=text/plain
        action="${url}"><input name=evil value=1></form>`;
      document.forms[0].submit();
    }, url);
    await page.getByText("Origin not allowed").waitFor();
    await page.close();
  }
  for (const complaint of browser.complaints.splice(0))
    assert.match(complaint, /CORS|status of 40[345]/);
  await ann.say("only this");
  await ann.reads(["only this"]);
});

test("a page of ours may post, and hears it", async () => {
  const room = newRoom();
  const ann = await browser.person(server, "Ann", { room });
  const answer = await post(ann.page, `/ws/${room}?name=Post`,
    { body: "from a page" });
  assert.match(answer, /^basic 200 \{"id":"[0-9a-f]+-1"\}\n$/);
  await ann.reads(["from a page"]);
});
