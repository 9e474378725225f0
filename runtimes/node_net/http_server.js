'use strict';
// The workload `http` over node:http.

const http = require('node:http');
const { listen, acceptAll, drain } = require('./sessions.js');

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';

function serveHttp(request) {
  const bytes = request.values.body_bytes;
  const text = ALPHABET.repeat(Math.ceil(bytes / 26) + 1);
  const counters = { accepted: 0, requests: 0, bytes_received: 0, bytes_sent: 0, errors: 0, cancelled: 0 };
  const live = new Set();

  const documentOf = (id) => {
    const begin = `{"id":${id},"text":"`;
    return `${begin}${text.substr(id % 26, bytes - begin.length - 2)}"}`;
  };
  const server = http.createServer({ keepAliveTimeout: 0, noDelay: true }, (asked, reply) => {
    ++counters.requests;
    asked.resume();
    const found = /^\/(\d{0,10})$/.exec(asked.url);
    const id = found ? Number(found[1]) : Infinity;
    if (id > 0xffffffff) {
      reply.writeHead(404, { 'Content-Length': 0 }).end();
      return;
    }
    reply.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': bytes });
    reply.end(documentOf(id));
  });
  server.on('connection', (socket) => {
    ++counters.accepted;
    live.add(socket);
    socket.on('close', () => {
      live.delete(socket);
      counters.bytes_received += socket.bytesRead;
      counters.bytes_sent += socket.bytesWritten;
    });
  });
  server.on('clientError', (error, socket) => {
    if (error.code !== 'ECONNRESET') ++counters.errors;
    socket.destroy();
  });
  return {
    counters,
    listen: (address, port) => listen(server, address, port),
    async close() {
      await acceptAll(counters);
      server.close();
      server.closeIdleConnections?.();
      return drain(live);
    },
  };
}

module.exports = { serveHttp };
