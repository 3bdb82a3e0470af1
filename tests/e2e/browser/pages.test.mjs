// SPDX-License-Identifier: MIT
// A real browser on the real pages: headless Chromium, two tabs that chat.
// CHROMIUM names another binary than Debian's.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import WebSocket from 'ws';
import { PATIENCE, start, within } from '../server.mjs';
import { ChatPage, EchoPage } from './pages.mjs';

const limit = { timeout: 10 * PATIENCE };
let server;
let context;
let profile;
const trouble = [];

before(async () => {
  server = await start();
  profile = mkdtempSync(path.join(tmpdir(), 'chatd-e2e-'));
  // No sandbox: the tests may run as root. The rest keeps Chromium from
  // looking for hosts that are not there.
  context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    headless: true,
    timeout: 6 * PATIENCE,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
      '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
      '--disable-dev-shm-usage'],
  });
  context.setDefaultTimeout(PATIENCE);
}, { timeout: 12 * PATIENCE });

after(async () => {
  await context?.close();
  if (profile) rmSync(profile, { recursive: true, force: true });
  await server?.stop();
}, limit);

afterEach(() => {
  // A page that throws, or refuses its own script, is broken even where it
  // looks right.
  assert.deepEqual(trouble.splice(0), []);
});

async function tab() {
  const page = await context.newPage();
  page.on('pageerror', (error) => trouble.push(String(error)));
  page.on('console', (line) => {
    if (/Content Security Policy/.test(line.text())) trouble.push(line.text());
  });
  page.on('dialog', async (dialog) => {
    trouble.push(`a dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  return page;
}

async function room(name) {
  const chat = new ChatPage(await tab());
  await chat.open(server.http, name);
  return chat;
}

test('two tabs chat with each other', limit, async () => {
  const ann = await room('tabs');
  const bob = await room('tabs');
  await ann.say('hello from the first tab');
  await bob.sees('hello from the first tab');
  await ann.sees('hello from the first tab');
  await bob.sayWithEnter('and é 𝄞 from the second');
  await ann.sees('and é 𝄞 from the second');
  await bob.sees('and é 𝄞 from the second');
  await ann.page.close();
  await bob.page.close();
});

test('tabs of different rooms are apart', limit, async () => {
  const here = await room('here');
  const there = await room('thé re');
  const other = await room('thé re');
  await there.say('only there');
  await other.sees('only there');
  assert.equal(await here.log.getByText('only there').count(), 0);
  for (const chat of [here, there, other]) await chat.page.close();
});

test('hostile text is shown as text', limit, async () => {
  const ann = await room('hostile');
  const bob = await room('hostile');
  const lines = ['<img src=x onerror="window.hacked=1">',
    '<script>window.hacked=1</script>',
    '"><svg onload=window.hacked=1>', '&lt;b&gt; & &amp;',
    'javascript:window.hacked=1'];
  for (const line of lines) {
    await ann.say(line);
    await bob.sees(line);
    await ann.sees(line);
  }
  for (const chat of [ann, bob]) {
    assert.equal(await chat.page.evaluate(() => window.hacked), undefined);
    assert.equal(await chat.log.locator('img, script, svg[onload]').count(),
      0);
    await chat.page.close();
  }
});

test('a page meets a plain client', limit, async () => {
  const chat = await room('mixed');
  const ws = new WebSocket(`${server.ws}/chat/mixed`);
  await within(new Promise((resolve) => { ws.once('open', resolve); }),
    'the open');
  ws.send('from a program <b>');
  await chat.sees('from a program <b>');
  const heard = new Promise((resolve) => {
    ws.on('message', (data) => {
      if (data.toString() === 'to a program') resolve();
    });
  });
  await chat.say('to a program');
  await within(heard, 'the line of the page');
  ws.terminate();
  await chat.page.close();
});

test('the echo page sends and gets back', limit, async () => {
  const page = await tab();
  const sent = [];
  const back = [];
  page.on('websocket', (ws) => {
    ws.on('framesent', ({ payload }) => sent.push(String(payload)));
    ws.on('framereceived', ({ payload }) => back.push(String(payload)));
  });
  const echo = new EchoPage(page);
  await echo.open(server.http);
  const text = 'echo of é';
  await echo.say(text);
  await within((async () => {
    while (!back.includes(text)) await page.waitForTimeout(50);
  })(), 'the echo');
  assert.ok(sent.includes(text));
  await echo.sees(text);
  await page.close();
});

test('the start page leads to both', limit, async () => {
  const page = await tab();
  const answer = await page.goto(`${server.http}/`);
  assert.match(answer.headers()['content-type'], /text\/html/);
  const links = await page.getByRole('link').evaluateAll(
    (all) => all.map((a) => new URL(a.href).pathname));
  assert.ok(links.includes('/echo'), String(links));
  assert.ok(links.some((l) => l.startsWith('/chat')), String(links));
  await page.close();
});
