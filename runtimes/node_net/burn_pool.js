'use strict';
// Computing away from the loop: threads with a JavaScript engine each (node:worker_threads).

const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const { burn } = require('./wire.js');
const { Pool } = require('./waits.js');

if (!isMainThread) {
  parentPort.on('message', ({ nonce, rounds }) => parentPort.postMessage(burn(nonce, rounds)));
}

class BurnPool {
  constructor(threads) {
    this.workers = new Pool(Array.from({ length: threads }, () => new Worker(__filename)));
  }

  async burn(nonce, rounds) {
    const worker = await this.workers.take();
    const result = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.postMessage({ nonce, rounds });
    });
    worker.removeAllListeners('error');
    this.workers.give(worker);
    return result;
  }
}

module.exports = { BurnPool };
