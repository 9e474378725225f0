'use strict';
// Connections over node:net: each session answers in the order of its requests.

const net = require('node:net');
const { once } = require('node:events');
const { Splitter, Malformed } = require('./wire.js');
const { Refused } = require('./arguments.js');

const DRAIN_MS = 1000;
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function listen(server, address, port) {
  server.listen({ host: address, port, backlog: 4096 });
  try {
    await once(server, 'listening');
  } catch (error) {
    const reason = error.code === 'EADDRINUSE' ? 'address already in use' : error.message;
    throw new Refused(1, `cannot listen on ${address}:${port}: ${reason}`);
  }
  return server.address().port;
}

// Lets the loop accept what clients hold for open: it takes some at each turn.
async function acceptAll(counters) {
  let before;
  do {
    before = counters.accepted;
    await turn();
    await turn();
  } while (counters.accepted !== before);
}

// Waits for the sessions of `live` to end; destroys those that do not in time, and tells how many.
async function drain(live) {
  const end = Date.now() + DRAIN_MS;
  while (live.size > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  const late = live.size;
  for (const socket of live) socket.destroy();
  return late;
}

class Server {
  counters = { accepted: 0, requests: 0, bytes_received: 0, bytes_sent: 0, errors: 0, cancelled: 0 };
  #request;
  #workload;
  #live = new Set();
  #busy = new Set();
  #isStopping = false;
  #server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#begin(socket));

  constructor(request, makeWorkload) {
    this.#request = request;
    this.#workload = makeWorkload(request);
  }

  listen(address, port) { return listen(this.#server, address, port); }

  // Ends sessions once they have answered what they received; gives how many did not in time.
  async close() {
    await acceptAll(this.counters);
    this.#server.close();
    this.#isStopping = true;
    for (const socket of this.#live) if (!this.#busy.has(socket)) socket.end(() => socket.destroy());
    return drain(this.#live);
  }

  #begin(socket) {
    ++this.counters.accepted;
    this.#live.add(socket);
    socket.on('error', () => { ++this.counters.errors; });
    if (this.#workload === null) this.#echo(socket);
    else this.#converse(socket);
  }

  #echo(socket) {
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (!socket.write(chunk)) {
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.#live.delete(socket);
      this.counters.bytes_received += bytes;
      this.counters.bytes_sent += bytes;
      this.counters.requests += Math.floor(bytes / this.#request.values.size);
    });
  }

  #converse(socket) {
    const session = this.#workload.newSession?.() ?? this.#workload;
    const splitter = session.newSplitter?.() ?? new Splitter();
    const received = [];
    let isAtEnd = false;
    let left = session.repliesMax ?? Infinity;
    const work = async () => {
      this.#busy.add(socket);
      try {
        while (received.length > 0 && left > 0) {
          const next = received.shift();
          left -= await this.#answer(socket, session, session.admit ? next : splitter.feed(next), left);
        }
        if (left === 0) isAtEnd = true;
      } catch (error) {
        if (!socket.destroyed || error instanceof Malformed) ++this.counters.errors;
        isAtEnd = true;
      }
      this.#busy.delete(socket);
      if (isAtEnd || this.#isStopping) socket.end(() => socket.destroy());
      else socket.resume();
    };
    socket.on('data', (chunk) => {
      this.counters.bytes_received += chunk.length;
      try {
        received.push(session.admit ? Array.from(splitter.feed(chunk), session.admit) : chunk);
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
        ++this.counters.errors;
        socket.destroy();
        return;
      }
      if (!this.#busy.has(socket)) work();
      else if (!session.admit) socket.pause(); // the kernel keeps what comes until this is answered
    });
    socket.on('end', () => {
      isAtEnd = true;
      if (!this.#busy.has(socket)) socket.end();
    });
    socket.on('close', () => {
      session.close?.();
      this.#busy.delete(socket);
      this.#live.delete(socket);
    });
  }

  // Answers one request after the other, at most `left`; gives how many there were.
  async #answer(socket, session, payloads, left) {
    let count = 0;
    for (const payload of payloads) {
      const reply = session.answer ? session.answer(payload) : await session.handle(payload, this.counters);
      if (socket.destroyed) break;
      ++count;
      ++this.counters.requests;
      this.counters.bytes_sent += reply.length;
      if (!socket.write(reply)) {
        await new Promise((resolve) => {
          socket.once('drain', resolve);
          socket.once('close', resolve);
        });
      }
      if (count === left) break;
    }
    return count;
  }
}

module.exports = { Server, listen, acceptAll, drain };
