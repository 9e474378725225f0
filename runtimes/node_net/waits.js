'use strict';
// What sessions wait for: time, a permit, a thing that another gives back.

const { performance } = require('node:perf_hooks');

// Resolves no earlier than after `ms` milliseconds: a timer of node may fire up to one too early.
// `cancel` (optional) is given a function that ends the wait at once, with the result false.
function sleep(ms, cancel) {
  return new Promise((resolve) => {
    const due = performance.now() + ms;
    let timer = null;
    const arm = () => { timer = setTimeout(look, Math.max(1, Math.ceil(due - performance.now()))); };
    const look = () => (performance.now() < due ? arm() : resolve(true));
    if (cancel) cancel(() => { clearTimeout(timer); resolve(false); });
    arm();
  });
}

// Things, or permits, handed out in the order of asking.
class Pool {
  #free;
  #waiting = [];

  constructor(things) { this.#free = things; }

  take() {
    return this.#free.length > 0 ? Promise.resolve(this.#free.shift())
      : new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(thing) {
    if (this.#waiting.length > 0) this.#waiting.shift()(thing);
    else this.#free.push(thing);
  }
}

module.exports = { sleep, Pool };
