'use strict';
// The workload `http` over node:http.

const http = require('node:http');
const { listen, acceptAll, drain } = require('./sessions.js');

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';
const HEAD_BYTES_MAX = 8 << 10;
const BODY_BYTES_MAX = 1 << 20;
const METHODS = new Set(['GET', 'HEAD', 'POST']);

// The number in a target, in origin form or in absolute form; NaN where it names no document.
function idIn(target) {
  const found = /^(?:https?:\/\/[^/?]*)?(?:\/(\d{0,10}))?(?:\?.*)?$/i.exec(target);
  const id = found ? Number(found[1] ?? 0) : NaN;
  return id <= 0xffffffff ? id : NaN;
}

// The status that says what is wrong with a request that node has parsed, 0 where nothing is.
function fault({ httpVersion, headers, rawHeaders }) {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) return 400;
  if ((headers['transfer-encoding'] ?? 'chunked').toLowerCase() !== 'chunked') return 501;
  return Number(headers['content-length'] ?? 0) > BODY_BYTES_MAX ? 413 : 0;
}

function serveHttp(request) {
  const bytes = request.values.body_bytes;
  const text = ALPHABET.repeat(Math.ceil(bytes / 26) + 1);
  const counters = { accepted: 0, requests: 0, bytes_received: 0, bytes_sent: 0, errors: 0, cancelled: 0 };
  const live = new Set();
  const refused = new WeakSet(); // connections that are about to be closed

  const documentOf = (id) => {
    const begin = `{"id":${id},"text":"`;
    return `${begin}${text.substr(id % 26, bytes - begin.length - 2)}"}`;
  };
  const refuse = (reply, status) => {
    ++counters.errors;
    refused.add(reply.socket);
    reply.writeHead(status, { 'Content-Length': 0, Connection: 'close' }).end();
  };
  const answer = (asked, reply) => {
    ++counters.requests;
    asked.resume();
    const status = fault(asked);
    if (status !== 0) {
      refuse(reply, status);
    } else if (!METHODS.has(asked.method)) {
      reply.writeHead(405, { 'Content-Length': 0, Allow: [...METHODS].join(', ') }).end();
    } else if (Number.isNaN(idIn(asked.url))) {
      reply.writeHead(404, { 'Content-Length': 0 }).end();
    } else {
      reply.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': bytes });
      reply.end(documentOf(idIn(asked.url)));
    }
  };
  const options = {
    keepAliveTimeout: 0, noDelay: true, maxHeaderSize: HEAD_BYTES_MAX, requireHostHeader: false, // answer() looks itself
  };
  const server = http.createServer(options, answer);
  server.on('checkExpectation', (asked, reply) => {
    ++counters.requests;
    refuse(reply, 417);
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
  // What is no request. A client that leaves in the middle of one is none of the server's errors.
  server.on('clientError', (error, socket) => {
    if (refused.has(socket)) return;
    if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE') {
      socket.destroy();
      return;
    }
    ++counters.requests;
    ++counters.errors;
    const status = { HPE_HEADER_OVERFLOW: 431, HPE_INVALID_TRANSFER_ENCODING: 501 }[error.code] ?? 400;
    socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      () => socket.destroy());
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
