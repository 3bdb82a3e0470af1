// SPDX-License-Identifier: MIT
// The npm package `ws` as the client: what the most used library expects.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { PATIENCE, start, within } from '../server.mjs';

const limit = { timeout: 6 * PATIENCE };
let server;

before(async () => { server = await start(); }, limit);
after(async () => { await server?.stop(); }, limit);

/** An open connection with its messages as a queue. */
async function open(path, protocols = [], options = {}) {
  const ws = new WebSocket(server.ws + path, protocols, options);
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

/** The closing handshake; the code that came back. */
async function leave(ws, code = 1000) {
  ws.close(code);
  return (await within(ws.gone, 'the close'))[0];
}

describe('echo', () => {
  test('text and binary of many lengths come back', limit, async () => {
    const ws = await open('/echo');
    for (const n of [0, 1, 125, 126, 65535, 65536, 3_000_000]) {
      const data = randomBytes(n);
      ws.send(data);
      assert.ok((await ws.next()).equals(data), `binary of ${n}`);
      const text = 'é'.repeat(n / 2);
      ws.send(text);
      assert.equal(await ws.next(), text);
    }
    assert.equal(await leave(ws), 1000);
  });

  test('fragments come back as one message', limit, async () => {
    const ws = await open('/echo');
    ws.send('one ', { fin: false });
    ws.send('', { fin: false });
    ws.send('two ', { fin: false });
    ws.send('three', { fin: true });
    assert.equal(await ws.next(), 'one two three');
    ws.terminate();
  });

  test('a thousand messages keep their order', limit, async () => {
    const ws = await open('/echo');
    for (let i = 0; i < 1000; i++) ws.send(`m${i}`);
    for (let i = 0; i < 1000; i++) assert.equal(await ws.next(), `m${i}`);
    ws.terminate();
  });

  test('a ping is answered', limit, async () => {
    const ws = await open('/echo');
    const pong = new Promise((resolve) => { ws.once('pong', resolve); });
    ws.ping('hello');
    assert.equal((await within(pong, 'a pong')).toString(), 'hello');
    ws.terminate();
  });

  test('close codes come back', limit, async () => {
    for (const code of [1000, 1001, 1003, 1008, 1011, 3000, 4999]) {
      const ws = await open('/echo');
      // ws refuses to send some of these only if they are not valid.
      assert.equal(await leave(ws, code), code);
    }
    const ws = await open('/echo');
    ws.close();
    assert.equal((await within(ws.gone, 'the close'))[0], 1000);
  });

  test('the subprotocol is chosen', limit, async () => {
    const ws = await open('/echo', ['foo', 'echo']);
    assert.equal(ws.protocol, 'echo');
    ws.terminate();
  });

  test('with and without an offer of compression', limit, async () => {
    for (const perMessageDeflate of [true, false]) {
      const ws = await open('/echo', [], { perMessageDeflate });
      const text = 'tell me again '.repeat(5000);
      ws.send(text);
      assert.equal(await ws.next(), text);
      assert.equal(await leave(ws), 1000);
    }
  });
});

describe('chat', () => {
  test('both forms share a room', limit, async () => {
    const plain = await open('/chat/node?name=Pia');
    const json = await open('/ws/node?name=Jo');
    const v1 = await open('/ws/node', ['chatd.v1']);
    assert.equal(v1.protocol, 'chatd.v1');
    const welcome = JSON.parse(await v1.next());
    assert.equal(welcome.event, 'welcome');
    assert.equal(welcome.members, 3);

    const next = async (ws) => {
      for (;;) {
        const got = JSON.parse(await ws.next());
        if (got.event !== 'members') return got;
      }
    };
    plain.send('hello');
    assert.equal(await plain.next(), 'hello');
    const seen = await next(json);
    assert.equal(seen.message, 'hello');
    assert.equal(seen.name, 'Pia');
    assert.deepEqual(await next(v1), seen);

    v1.send(JSON.stringify({ message: 'hi', name: 'Vi' }));
    assert.equal(await plain.next(), 'hi');
    const mine = await next(v1);
    assert.equal(mine.uid, welcome.uid);
    assert.deepEqual(await next(json), mine);

    plain.send(Buffer.from([0, 255]));
    assert.deepEqual(await plain.next(), Buffer.from([0, 255]));
    assert.equal((await next(json)).binary, 'AP8=');

    json.send('no json');
    assert.equal((await within(json.gone, 'the close'))[0], 1007);
    v1.send('no json');
    for (;;) {
      const got = await next(v1);
      if (got.event === 'error') break;
    }
    for (const ws of [plain, v1]) assert.equal(await leave(ws), 1000);
  });

  test('fragments become one message', limit, async () => {
    const a = await open('/chat/frag');
    const b = await open('/chat/frag');
    a.send('one ', { fin: false });
    a.send('two', { fin: true });
    assert.equal(await b.next(), 'one two');
    a.terminate();
    b.terminate();
  });

  test('too long a message closes with 1009', limit, async () => {
    const ws = await open('/chat/long', [], { perMessageDeflate: false });
    ws.send('x'.repeat(65537));
    assert.equal((await within(ws.gone, 'the close'))[0], 1009);
  });

  test('an unknown path is refused', limit, async () => {
    await assert.rejects(open('/nope'), /404/);
    await assert.rejects(open('/chat/..%2F'), /404/);
  });
});
