// SPDX-License-Identifier: MIT
// Goal: it is clear who is who: oneself in every tab, namesakes, and those who
// are here.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person, browser, eventually, from, newRoom, server, stage, welcome }
  from "./support.mjs";

stage();

// Another tab of the same browser, in the same room.
async function tab(person) {
  const page = await person.page.context().newPage();
  await page.goto(person.page.url());
  const other = new Person(page);
  await other.connected();
  return other;
}

test("what one says in one tab is one's own in all of them", async () => {
  const room = newRoom();
  const one = await browser.person(server, "Ann", { room });
  const two = await tab(one);
  const ben = await browser.person(server, "Ben", { room });
  await one.say("from one");
  await two.reads(["from one"]);
  await two.say("from two");
  await ben.say("from Ben");
  for (const person of [one, two]) {
    await person.reads(["from one", "from two", "from Ben"]);
    await eventually(async () => assert.deepEqual(
      await person.log.locator(".own .text").allTextContents(),
      ["from one", "from two"]));
  }
  assert.equal(await ben.log.locator(".own").count(), 1);
});

test("two tabs have a draft and a name each", async () => {
  const room = newRoom();
  const one = await browser.person(server, "Ann", { room });
  await one.text.fill("a long draft in tab one");
  const two = await tab(one);
  await two.name("Anna");
  await two.say("x");
  await one.reads(["x"]);
  const name = (person) =>
    person.page.getByRole("textbox", { name: /name/i }).inputValue();
  for (let i = 0; i < 2; i++) {
    assert.equal(await one.text.inputValue(), "a long draft in tab one");
    assert.equal(await two.text.inputValue(), "");
    assert.equal(await name(one), "Ann");
    assert.equal(await name(two), "Anna");
    await one.page.reload();
    await two.page.reload();
    await one.connected();
    await two.connected();
  }
});

test("two who have the same name are told apart", async () => {
  let say;
  const { person, page } = await browser.scripted(server, (s) => {
    say = s;
    s(welcome("me", null));
  });
  await person.connected();
  say(from("aaaa1", "1", "first"));
  say(from("bbbb2", "2", "perhaps the first again, after an outage"));
  await person.reads(["first", "perhaps the first again, after an outage"]);
  const who = () => page.locator("bdi.who").allTextContents();
  assert.deepEqual(await who(), ["Ben", "Ben"]);
  say(from("aaaa1", "3", "no, two"));
  await eventually(async () => assert.deepEqual(await who(),
    ["Ben aaaa", "Ben bbbb", "Ben aaaa"]));
  // And at once who calls himself as oneself.
  await person.name("Ann");
  say(from("cccc3", "4", "hello", { name: "Ann" }));
  await eventually(async () =>
    assert.equal((await who()).at(-1), "Ann cccc"));
});

const ann = { uid: "me", name: "Ann" }, ben = { uid: "ben", name: "Ben" };
const cy = { uid: "cy", name: "Cy" }, nobody = { uid: "eeee5" };

test("those who are here are named, and who comes and goes", async () => {
  let say;
  const { person, page } = await browser.scripted(server, (s) => {
    say = s;
    s(welcome("me", null, { members: 3, following: 0,
      who: [ann, ben, nobody] }));
  });
  await person.connected();
  await page.getByRole("button", { name: "3 here" }).click();
  assert.deepEqual(await page.locator("#people-list li").allTextContents(),
    ["Ann (you)", "Ben", "Guest eeee"]);
  await page.keyboard.press("Escape");
  const told = () => page.locator(".coming").allTextContents();
  say({ event: "members", members: 4, who: [ann, ben, nobody, cy] });
  await eventually(async () => assert.deepEqual(await told(), ["Cy came"]));
  say({ event: "members", members: 3,
    who: [ann, cy, { ...nobody, name: "Eve" }] });
  await eventually(async () => assert.deepEqual(await told(),
    ["Cy came · Ben left · Guest eeee is now Eve"]));
  // Who only came back under another number has not been away.
  say({ event: "members", members: 3, who: [ann, { ...cy, uid: "cy2" },
    { ...nobody, name: "Eve" }] });
  say(from("cy2", "1", "hello", { name: "Cy" }));
  say({ event: "members", members: 2, who: [ann, { ...cy, uid: "cy2" }] });
  await eventually(async () => assert.deepEqual(await told(),
    ["Cy came · Ben left · Guest eeee is now Eve", "Eve left"]));
  // A list that is not told is not made up.
  say({ event: "members", members: 60 });
  await page.getByRole("button", { name: "60 here" }).click();
  await page.getByText("Their names are not told").waitFor();
  assert.equal(await page.locator("#people-list li").count(), 0);
});
