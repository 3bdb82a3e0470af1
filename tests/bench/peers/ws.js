// SPDX-License-Identifier: MIT
// ws on Node.js: /echo, and one room on every other path. ws.js PORT
'use strict';
const { WebSocketServer } = require('ws');

const members = new Set();

function echo(socket) {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
}

function join(socket) {
  members.add(socket);
  socket.on('close', () => members.delete(socket));
  socket.on('message', (data, binary) => {
    for (const member of members) member.send(data, { binary });
  });
}

new WebSocketServer({
  port: Number(process.argv[2]),
  perMessageDeflate: false,
}).on('connection', (socket, request) =>
  request.url === '/echo' ? echo(socket) : join(socket));
