// SPDX-License-Identifier: MIT
// One chatd for a node test: started on a free port, watched, stopped.
// The settings are those of support.py: CHATD, E2E_SLOW.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
export const CHATD = path.resolve(
  process.env.CHATD || path.join(here, '..', '..', 'chatd'));
export const SLOW = Number(process.env.E2E_SLOW || 1);
export const PATIENCE = 10_000 * SLOW;
const TROUBLE = /Sanitizer|runtime error:|CHECK\b|[Aa]ssertion/;

const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Fails after a while what else might hang for ever. */
export function within(promise, what, limit = PATIENCE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what}: nothing in ${limit} ms`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Starts chatd; resolves to { port, http, ws, stderr(), stop() }. Ready is
 *  when its start line is there. stop() sends TERM and wants exit status 0
 *  and no complaint of a sanitizer. */
export async function start(...options) {
  if (!existsSync(CHATD)) throw new Error(`no binary at ${CHATD}`);
  for (let attempt = 0; ; attempt++) {
    const port = await freePort();
    const env = Object.fromEntries(Object.entries(process.env)
      .filter(([name]) => !name.startsWith('CHATD')));
    const child = spawn(CHATD, ['--addr', `127.0.0.1:${port}`, ...options],
      { env, stdio: ['ignore', 'ignore', 'pipe'] });
    children.add(child);
    let text = '';
    const ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        children.delete(child);
        resolve(code ?? signal);
      });
    });
    const ready = new Promise((resolve) => {
      child.stderr.setEncoding('utf8');
      child.stderr.on('data', (data) => {
        text += data;
        if (/event=start\b.*\n/.test(text)) resolve(true);
      });
      ended.then(() => resolve(false));
    });
    if (await within(ready, 'the start of chatd', 2 * PATIENCE)) {
      return {
        port,
        http: `http://127.0.0.1:${port}`,
        ws: `ws://127.0.0.1:${port}`,
        stderr: () => text,
        async stop() {
          child.kill('SIGTERM');
          const status = await within(ended, 'the exit of chatd',
            5000 + PATIENCE);
          if (status !== 0 || TROUBLE.test(text)) {
            throw new Error(`chatd ended with ${status}:\n${text}`);
          }
        },
      };
    }
    // Only a port that someone else took is worth another try.
    if (attempt >= 4 || !/use/.test(text)) {
      throw new Error(`chatd did not start: ${text}`);
    }
  }
}
