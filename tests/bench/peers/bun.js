// SPDX-License-Identifier: MIT
// bun, whose WebSocket is uWebSockets: /echo, and one topic on every other
// path. bun bun.js PORT
const server = Bun.serve({
  port: Number(process.argv[2]),
  fetch(request) {
    const echo = new URL(request.url).pathname === '/echo';
    if (server.upgrade(request, { data: { echo } })) return undefined;
    return new Response('WebSocket only', { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 120,
    backpressureLimit: 64 * 1024 * 1024,
    open(socket) {
      if (!socket.data.echo) socket.subscribe('room');
    },
    message(socket, message) {
      if (socket.data.echo) socket.send(message);
      else server.publish('room', message);
    },
  },
});
