// SPDX-License-Identifier: MIT
// Goal: the frame that the pages draw is the one that chatd --explain reads.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { CHATD } from '../server.mjs';

const source = path.resolve(import.meta.dirname, '../../../static/wire.js');
const { frameOf } = await import(
  'data:text/javascript,' + encodeURIComponent(readFileSync(source, 'utf8')));

const KEY = [0x37, 0xfa, 0x21, 0x3d];
const bytes = (s) => new TextEncoder().encode(s);
const all = (parts) => parts.flatMap((part) => part.bytes);

test('the examples of RFC 6455 5.7', () => {
  for (const [key, expected] of [
    [KEY, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]],
    [null, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]],
  ]) assert.deepEqual(
    all(frameOf({ payload: bytes('Hello'), text: true, key })), expected);
  const binary = (n) => all(frameOf({ payload: new Uint8Array(0), length: n,
    text: false, key: null }));
  assert.deepEqual(binary(256), [0x82, 0x7e, 0x01, 0x00]);
  assert.deepEqual(binary(65536), [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
});

test('the length stands in 7, 16 or 64 bits, whatever it is', () => {
  for (const [n, short, extended] of [
    [0, 0, []], [125, 125, []], [126, 126, [0, 126]],
    [65535, 126, [255, 255]], [2 ** 33 + 5, 127, [0, 0, 0, 2, 0, 0, 0, 5]],
  ]) {
    const parts = frameOf({ payload: bytes(''), length: n, text: true,
      key: KEY });
    const part = (name) => parts.find((one) => one.name === name);
    assert.deepEqual(part('length').bytes, [0x80 | short]);
    assert.deepEqual(part('extended')?.bytes ?? [], extended);
    assert.equal(part('length').fields[1][1], short.toString(2).padStart(7, 0));
  }
});

// --explain: the bits in the second column, the section at the right edge.
test('bits and sections are those of chatd --explain', () => {
  for (const key of [KEY, null]) for (const length of [5, 300, 70000]) {
    const payload = new Uint8Array(length).fill(0x61);
    const parts = frameOf({ payload, text: true, key });
    const side = key ? 'client' : 'server';
    const said = execFileSync(CHATD, ['--explain=' + side],
      { input: Buffer.from(all(parts)) }).toString();
    const rows = said.replace(/.*its lower half.*\n/, '').split('\n');
    const sections = rows.map((line) =>
      /^. .*\s(\d+\.\d+)$/.exec(line)?.[1]).filter(Boolean);
    const ours = parts.filter(({ name }) => name !== 'payload')
      .flatMap((part) => part.fields.map(([, , section]) => section));
    assert.deepEqual(sections.slice(0, ours.length), ours, said.slice(0, 900));
  }
});
