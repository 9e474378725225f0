'use strict';
const net = require('node:net');
const { FRAMED_BYTES } = require('./wire.js');

// A connection to the backend, opened when it is first needed. One request at a time; a failure closes it, for its next reply
// would be an old one.
class BackendLink {
  #port;
  #socket = null;
  #pending = null;
  #received = Buffer.alloc(0);

  constructor(port) { this.#port = port; }

  // The number in the reply to `frame`; rejects when the connection fails or is closed.
  ask(frame) {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      if (this.#socket === null) this.#open();
      this.#socket.write(frame);
    });
  }

  #open() {
    const socket = net.connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.#received = Buffer.alloc(0);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => { if (this.#socket === socket) this.#fail('the backend closed the connection'); });
    socket.on('end', () => { if (this.#socket === socket) this.#fail('the backend closed the connection'); });
  }

  #take(chunk) {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#received.length < FRAMED_BYTES) return;
    const reply = this.#received;
    this.#received = Buffer.alloc(0);
    if (reply.length !== FRAMED_BYTES || reply.readUInt32LE(0) !== 8) {
      this.#fail('the backend broke the protocol');
      return;
    }
    const pending = this.#pending;
    this.#pending = null;
    pending?.resolve(reply.readBigUInt64LE(4));
  }

  #fail(reason) {
    this.#socket?.destroy();
    this.#socket = null;
    const pending = this.#pending;
    this.#pending = null;
    pending?.reject(new Error(reason));
  }

  // Ends what is asked, if anything is; tells whether it was.
  cancel() {
    const wasBusy = this.#pending !== null;
    if (wasBusy) this.#fail('cancelled');
    return wasBusy;
  }

  close() { this.#fail('closed'); }
}

module.exports = { BackendLink };
