// SPDX-License-Identifier: MIT
// permessage-deflate as the npm package `ws` speaks it: its own offers, its
// own zlib, fragments as its streams cut them.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { PATIENCE, start, within } from '../server.mjs';

const limit = { timeout: 6 * PATIENCE };
const HTML = Array.from({ length: 2000 }, (_, i) =>
  `<tr><td>${i}</td><td class="name">user-${i * 7919 % 1000}</td></tr>\n`)
  .join('');
let server;

before(async () => { server = await start(); }, limit);
after(async () => { await server?.stop(); }, limit);

/** An open connection that compresses everything, and its messages as a
 *  queue. */
async function open(path, perMessageDeflate = {}, protocols = []) {
  const ws = new WebSocket(server.ws + path, protocols, {
    perMessageDeflate: perMessageDeflate && { threshold: 0,
      ...perMessageDeflate },
  });
  const arrived = [];
  const waiting = [];
  ws.on('message', (data, binary) => {
    const one = binary ? data : data.toString();
    if (waiting.length) waiting.shift()(one);
    else arrived.push(one);
  });
  ws.next = () => within(new Promise((resolve) => {
    if (arrived.length) resolve(arrived.shift());
    else waiting.push(resolve);
  }), `a message on ${path}`);
  ws.gone = new Promise((resolve) => {
    ws.on('close', (code, reason) => resolve([code, reason.toString()]));
  });
  await within(new Promise((resolve, reject) => {
    ws.once('open', resolve);
    ws.once('error', reject);
  }), `opening ${path}`);
  ws.on('error', () => {});
  return ws;
}

async function leave(ws, code = 1000) {
  ws.close(code);
  return (await within(ws.gone, 'the close'))[0];
}

describe('negotiation', () => {
  test('is answered as ws wants it', limit, async () => {
    for (const options of [
      {},
      { serverNoContextTakeover: true, clientNoContextTakeover: true },
      { clientMaxWindowBits: true },
      ...[8, 9, 12, 15].map((bits) => ({ serverMaxWindowBits: bits })),
      ...[9, 12, 15].map((bits) => ({ clientMaxWindowBits: bits })),
      { serverMaxWindowBits: 10, clientMaxWindowBits: 11 },
    ]) {
      const ws = await open('/echo', options);
      assert.equal(ws.extensions, 'permessage-deflate');
      for (const data of [HTML, '', 'x', HTML.slice(0, 700)]) {
        ws.send(data);
        assert.equal(await ws.next(), data);
      }
      assert.equal(await leave(ws), 1000);
    }
  });

  test('none where none is wanted', limit, async () => {
    const ws = await open('/echo', false);
    assert.equal(ws.extensions, '');
    ws.terminate();
    const plain = await start('--no-compression');
    const other = new WebSocket(`${plain.ws}/echo`);
    await within(new Promise((r) => { other.once('open', r); }), 'opening');
    assert.equal(other.extensions, '');
    other.terminate();
    await plain.stop();
  });
});

describe('echo', () => {
  test('text and binary of many lengths, compressed and not', limit,
    async () => {
      const ws = await open('/echo');
      for (const n of [0, 1, 125, 126, 16384, 65535, 65536, 3_000_000]) {
        for (const compress of [true, false]) {
          const noise = randomBytes(n);
          ws.send(noise, { compress });
          assert.ok((await ws.next()).equals(noise), `noise of ${n}`);
          const text = HTML.repeat(n / HTML.length + 1).slice(0, n);
          ws.send(text, { compress });
          assert.equal(await ws.next(), text);
        }
      }
      assert.equal(await leave(ws), 1000);
    });

  test('fragments, a ping between them', limit, async () => {
    const ws = await open('/echo');
    const pong = new Promise((resolve) => { ws.once('pong', resolve); });
    for (let i = 0; i < HTML.length; i += 1000) {
      ws.send(HTML.slice(i, i + 1000), { fin: i + 1000 >= HTML.length });
      if (i === 5000) ws.ping('between');
    }
    assert.equal(await ws.next(), HTML);
    assert.equal((await within(pong, 'a pong')).toString(), 'between');
    ws.terminate();
  });

  test('a thousand messages keep their order', limit, async () => {
    const ws = await open('/echo');
    for (let i = 0; i < 1000; i++) ws.send(`${i} again and again and again`);
    for (let i = 0; i < 1000; i++) {
      assert.equal(await ws.next(), `${i} again and again and again`);
    }
    ws.terminate();
  });
});

describe('chat', () => {
  test('members with and without compression hear the same', limit,
    async () => {
      const members = [await open('/chat/z'), await open('/chat/z', false),
        await open('/chat/z', { serverMaxWindowBits: 9 })];
      const json = [await open('/ws/z'), await open('/ws/z', false)];
      for (let i = 0; i < 300; i++) {
        const speaker = members[i % 3];
        const text = `${i} ${HTML.slice(0, i * 20)}`;
        speaker.send(text);
        for (const ws of members) assert.equal(await ws.next(), text);
        const [a, b] = [await json[0].next(), await json[1].next()];
        assert.equal(a, b);
        assert.equal(JSON.parse(a).message, text);
      }
      for (const ws of [...members, ...json]) {
        assert.equal(await leave(ws), 1000);
      }
    });

  test('what inflates to too much closes with 1009', limit, async () => {
    const ws = await open('/chat/long');
    ws.send('x'.repeat(65536));
    assert.equal((await ws.next()).length, 65536);
    ws.send('x'.repeat(65537));
    assert.equal((await within(ws.gone, 'the close'))[0], 1009);
  });
});
