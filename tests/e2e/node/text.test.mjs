// SPDX-License-Identifier: MIT
// Goal: what the pages do with other people's text is right, and takes time in
// proportion to its length, whatever the text. No browser, no server.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import vm from 'node:vm';

const folder = path.resolve(import.meta.dirname, '../../../static');
const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));
const source = (name) => readFileSync(path.join(folder, name), 'utf8');
const text = await import(
  'data:text/javascript,' + encodeURIComponent(source('text.js')));

// ---- time

const SIZE = 1 << 18;  // characters: four messages' worth
const LIMIT = 2000;    // ms; linear: some 10, quadratic: minutes

// The module in a realm of its own: there, what takes too long is broken off.
const realm = vm.createContext({ TextEncoder, TextDecoder, URL });
vm.runInContext(source('text.js').replace(/^export /gm, ''), realm);

function quick(code, s, what) {
  realm.s = s;
  try {
    vm.runInContext(code, realm, { timeout: LIMIT });
  } catch (e) {
    assert.fail(`${what}: ${e.message}`);
  }
}

// A beginning, then one thing over and over, then an end that spoils it.
function* worst() {
  const again = [...'.ah0 \n`-:/(),=\0é', '`a', '``', '```', '```\n', '\n`',
    'http://', 'http://a ', 'http://.', '-1', '.)', '.(', '0x', '[', '="'];
  for (const begin of ['', 'http://', '```', '`', '-'])
    for (const one of again)
      for (const end of ['', '\0'])
        yield begin + one.repeat(SIZE / one.length) + end;
}

test('every function over text takes 256 KiB of its worst', () => {
  for (const s of worst()) {
    const what = JSON.stringify(s.slice(0, 20) + '…' + s.slice(-3));
    for (const name of ['cleanName', 'validRoom', 'roomPath', 'parts',
      'isLong', 'trimAddress'])
      quick(`${name}(s)`, s, `${name} of ${what}`);
  }
});

// The literals of a script: a slash where an operand may begin.
function patterns(script) {
  const code = script.replace(/^\s*\/\/.*$/gm, '');
  const inClass = /\[(?:\\.|[^\]\\\n])*\]/.source;
  const literal = new RegExp(/(?<=[(,=:[!&|?{};+]\s*)/.source +
    `/(?!\\*)((?:${inClass}|\\\\.|[^/\\\\\\n[])+)/([a-z]*)`, 'g');
  return [...code.matchAll(literal)]
    .map(([, body, flags]) => ({ body, flags }));
}

test('every pattern of every page takes 256 KiB of its worst', (t) => {
  let seen = 0;
  for (const name of scripts) {
    assert.doesNotMatch(source(name), /RegExp\(/, name);
    for (const { body, flags } of patterns(source(name))) {
      realm.pattern = new RegExp(body, flags.replace('g', '') + 'g');
      seen++;
      for (const s of worst())
        quick('s.replace(pattern, "")', s, `${name}: /${body}/${flags} of ` +
          JSON.stringify(s.slice(0, 20) + '…' + s.slice(-3)));
    }
  }
  t.diagnostic(`${seen} patterns`);
  assert.ok(seen >= 10, `${seen} patterns found`);
});

// ---- what is right

const links = (s) => text.parts(s).filter(([kind]) => kind === 'link')
  .map(([, url]) => url);

test('an address ends before the sentence does', () => {
  for (const [s, ...urls] of [
    ['see https://a.example/x. And', 'https://a.example/x'],
    ['(see https://a.example/x)', 'https://a.example/x'],
    ['(https://a.example/x_(y)).', 'https://a.example/x_(y)'],
    ['https://a.example/x_(y)', 'https://a.example/x_(y)'],
    ['https://a.example/?q=1!?', 'https://a.example/?q=1'],
    ['http://a.example, HTTPS://B.example', 'http://a.example',
      'HTTPS://B.example'],
    ['“https://a.example/路”。https://b.example/）', 'https://a.example/路”',
      'https://b.example/'],
    ['http:// https://. http://..)) ftp://a javascript:alert(1)'],
    ['`https://code.example` https://a.example', 'https://a.example'],
  ]) assert.deepEqual(links(s), urls, s);
});

test('nothing of a text is lost among its parts', () => {
  for (const s of ['', 'a', 'a\n\nb', ' https://a.example. ', 'x ``` y', '`',
    '``', '`\n`', 'http://' + '.'.repeat(99)])
    assert.equal(text.parts(s).map(([, one]) => one).join(''), s);
});

test('fences and ticks are code', () => {
  assert.deepEqual(text.parts('a `b` c\n```js\nd\n  e\n```\nf'), [
    ['text', 'a '], ['code', 'b'], ['text', ' c\n'], ['block', 'd\n  e'],
    ['text', 'f']]);
  assert.deepEqual(text.parts('```\n`x`\n```'), [['block', '`x`']]);
  assert.deepEqual(text.parts('``````'), [['block', '']]);
});

test('a name is cut to 64 bytes, between characters', () => {
  assert.equal(text.cleanName('\u{1f600}'.repeat(30)), '\u{1f600}'.repeat(16));
  assert.equal(text.cleanName('a'.repeat(63) + 'é'), 'a'.repeat(63));
  assert.equal(text.cleanName(' \t Ann\0\x1f\x85Lee '), 'Ann Lee');
  assert.equal(text.cleanName('a'.repeat(63) + ' b'), 'a'.repeat(63));
  assert.equal(text.cleanName('\ud800'), '\ufffd');
});

test('a room is what the server takes for one', () => {
  for (const s of ['a', '房间', 'é'.repeat(32), '...', 'a b'])
    assert.ok(text.validRoom(s), s);
  for (const s of ['', '.', '..', 'a/b', 'é'.repeat(33), 'a\x7f', '\x85'])
    assert.ok(!text.validRoom(s), s);
  assert.equal(text.roomPath('lobby'), '/chat');
  assert.equal(text.roomPath('a b?'), '/chat/a%20b%3F');
});

test('a text is long by its characters, and by its lines', () => {
  assert.ok(!text.isLong('x'.repeat(1500)));
  assert.ok(text.isLong('x'.repeat(1501)));
  assert.ok(!text.isLong('\n'.repeat(15)));
  assert.ok(text.isLong('\n'.repeat(16)));
});
