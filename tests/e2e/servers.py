# SPDX-License-Identifier: MIT
"""Echo servers of others, for chatd --connect: where one is not installed its
tests say so. What they agree to of compression is chosen by the caller."""

import os
import shutil
import subprocess
import sys
import tempfile

import support
from support import ROOT

PEERS = os.path.join(ROOT, "tests", "bench", "peers")

NODE = """
const { WebSocketServer } = require('ws');
new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[1]),
    perMessageDeflate: JSON.parse(process.argv[2]) })
  .on('connection', (s) => s.on('message',
    (data, binary) => s.send(data, { binary })));
"""

PYTHON = """
import asyncio, sys, websockets
from websockets.extensions import permessage_deflate as d
options = eval(sys.argv[2])
async def echo(s, path=None):
    async for message in s:
        await s.send(message)
async def main():
    extensions = None if options is None else [
        d.ServerPerMessageDeflateFactory(**options)]
    async with websockets.serve(echo, '127.0.0.1', int(sys.argv[1]),
                                compression=None, extensions=extensions,
                                max_size=None):
        await asyncio.Future()
asyncio.run(main())
"""

BUN = """
const server = Bun.serve({ port: Number(process.argv[2]),
  hostname: '127.0.0.1',
  fetch(r) { return server.upgrade(r) ? undefined : new Response('', {status: 426}) },
  websocket: { perMessageDeflate: process.argv[3] === 'true',
    maxPayloadLength: 1 << 26,
    message(s, m) { s.send(m, process.argv[3] === 'true') } } });
"""

GORILLA = """
package main
import ("net/http"; "os"; "github.com/gorilla/websocket")
func main() {
  u := websocket.Upgrader{EnableCompression: os.Args[2] == "true"}
  http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(
    func(w http.ResponseWriter, r *http.Request) {
      c, e := u.Upgrade(w, r, nil)
      if e != nil { return }
      defer c.Close()
      for {
        kind, data, e := c.ReadMessage()
        if e != nil { return }
        c.WriteMessage(kind, data)
      }
    }))
}
"""


class Missing(Exception):
    """It is not installed."""


def _npm(name):
    for folder in (os.path.join(ROOT, "tests/e2e/node_modules"),
                   os.path.join(ROOT, "build/peers/node_modules")):
        if os.path.isdir(os.path.join(folder, name)):
            return folder
    raise Missing("%s is not installed" % name)


def node(folder, port, options):
    modules = _npm("ws")
    return (["node", "-e", NODE, str(port), options],
            {"NODE_PATH": modules})


def python(folder, port, options):
    if subprocess.run(["/usr/bin/python3", "-c", "import websockets"],
                      capture_output=True).returncode:
        raise Missing("python3-websockets is not installed")
    return ["/usr/bin/python3", "-c", PYTHON, str(port), options], {}


def bun(folder, port, options):
    path = os.path.join(folder, "bun.js")
    with open(path, "w") as f:
        f.write(BUN)
    return [os.path.join(_npm("bun"), ".bin", "bun"), path, str(port),
            options], {}


def gorilla(folder, port, options):
    if not shutil.which("go") or not os.path.isdir(
            "/usr/share/gocode/src/github.com/gorilla/websocket"):
        raise Missing("golang-github-gorilla-websocket-dev is not installed")
    path = os.path.join(folder, "gorilla.go")
    with open(path, "w") as f:
        f.write(GORILLA)
    program = os.path.join(folder, "gorilla")
    subprocess.run(["go", "build", "-o", program, path], check=True,
                   env={**os.environ, "GO111MODULE": "off",
                        "GOPATH": "/usr/share/gocode",
                        "GOCACHE": os.path.join(ROOT, "build/peers/go")})
    return [program, str(port), options], {}


def lws(folder, port, options):
    if not os.path.exists("/usr/include/libwebsockets.h"):
        raise Missing("libwebsockets-dev is not installed")
    program = os.path.join(folder, "lws")
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-o", program,
                    os.path.join(PEERS, "lws.c"), "-lwebsockets"], check=True)
    return [program, str(port)], {}


def start(case, which, options):
    """Starts one, for the life of a test; the port. Skips the test where it
    is not installed."""
    folder = tempfile.TemporaryDirectory(prefix="chatd-servers-")
    case.addCleanup(folder.cleanup)
    port = support.free_port()
    try:
        command, environment = which(folder.name, port, options)
    except Missing as missing:
        case.skipTest(str(missing))
    process = subprocess.Popen(command, env={**os.environ, **environment},
                               stdout=sys.stderr, stderr=sys.stderr)
    case.addCleanup(process.wait)
    case.addCleanup(process.kill)
    support.until_true(lambda: support.listening(port),
                       timeout=30 * support.SLOW)
    return port
