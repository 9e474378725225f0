'use strict';
// What costs time in a request, and doing it away from the loop: threads with a JavaScript engine each
// (node:worker_threads).

const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const { burn, inverted } = require('./wire.js');
const { Pool } = require('./waits.js');

const NOBODY_WAKES = new Int32Array(new SharedArrayBuffer(4));

// Computes `rounds`, or blocks this thread for `block_ms`; gives the answer to the nonce.
function workOut(nonce, { rounds, block_ms: blockMs }) {
  if (blockMs === undefined) return burn(nonce, rounds);
  Atomics.wait(NOBODY_WAKES, 0, 0, blockMs);
  return inverted(nonce);
}

if (!isMainThread) {
  parentPort.on('message', ({ nonce, work }) => parentPort.postMessage(workOut(nonce, work)));
}

class WorkPool {
  constructor(threads) {
    this.workers = new Pool(Array.from({ length: threads }, () => new Worker(__filename)));
  }

  async workOut(nonce, work) {
    const worker = await this.workers.take();
    const result = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.postMessage({ nonce, work });
    });
    worker.removeAllListeners('error');
    this.workers.give(worker);
    return result;
  }
}

module.exports = { WorkPool, workOut };
