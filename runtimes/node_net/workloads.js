'use strict';
// Each workload: `answer(payload)` gives the reply at once, `handle(payload, counts)` a promise of it.

const fs = require('node:fs');
const { framedNumbers, nonceOf, inverted, placeOf, afterWait, burn, MASK } = require('./wire.js');
const { sleep, Pool } = require('./waits.js');
const { stream, openFile, placeInFile } = require('./content.js');
const { BackendLink } = require('./backend_link.js');
const { WorkPool, workOut } = require('./work_pool.js');

const OFFLOAD_THREADS = 4;

function framedInverse(payload) {
  const frame = Buffer.allocUnsafe(4 + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  for (let i = 0; i < payload.length; ++i) frame[4 + i] = ~payload[i];
  return frame;
}

function rpc() {
  return { answer: framedInverse };
}

function idle() {
  return { answer: (payload) => framedNumbers(inverted(nonceOf(payload))) };
}

function churn({ values }) {
  return { ...idle(), repliesMax: values.requests };
}

// Reads go to libuv's threads.
function file({ values }) {
  const length = values.read_bytes;
  const source = openFile();
  return {
    handle: (payload) => new Promise((resolve, reject) => {
      const frame = Buffer.allocUnsafe(4 + length);
      frame.writeUInt32LE(length, 0);
      fs.read(source, frame, 4, length, placeInFile(nonceOf(payload), length),
        (error, count) => (error || count !== length ? reject(error ?? new Error('a short read')) : resolve(frame)));
    }),
  };
}

function delay({ values }) {
  return {
    async handle(payload) {
      const nonce = nonceOf(payload);
      await sleep(values.delay_us / 1000);
      return framedNumbers(inverted(nonce));
    },
  };
}

function chain({ values }) {
  return {
    async handle(payload) {
      let nonce = nonceOf(payload);
      for (let i = 0; i < values.waits; ++i) {
        await sleep(values.delay_us / 1000);
        nonce = afterWait(nonce);
      }
      return framedNumbers(nonce);
    },
  };
}

function tail({ values }) {
  return {
    async handle(payload) {
      const nonce = nonceOf(payload);
      if (nonce % 100n === 0n) await sleep(values.slow_us / 1000);
      return framedNumbers(inverted(nonce));
    },
  };
}

function deadline({ values }) {
  return {
    async handle(payload, counts) {
      const nonce = nonceOf(payload);
      const isLate = placeOf(nonce) < values.late_percent;
      let cancel;
      const work = sleep(isLate ? 60_000 : values.delay_us / 1000, (end) => { cancel = end; });
      let cancelLimit;
      const limit = sleep(values.deadline_us / 1000, (end) => { cancelLimit = end; }).then(() => false);
      const isDone = await Promise.race([work, limit]);
      cancelLimit();
      if (isDone) return framedNumbers(inverted(nonce));
      cancel();
      ++counts.cancelled;
      return framedNumbers(nonce);
    },
  };
}

function overload({ values }) {
  const slots = new Pool(new Array(values.slots).fill(null));
  let present = 0;
  return {
    async handle(payload) {
      const nonce = nonceOf(payload);
      if (present >= values.slots + values.queue && values.policy === 'shed') return framedNumbers(nonce);
      ++present;
      await slots.take();
      await sleep(values.service_us / 1000);
      slots.give(null);
      --present;
      return framedNumbers(inverted(nonce));
    },
  };
}

// Sessions have an `admit`, so that requests are read as they come and wait here.
function backlog({ values }) {
  const slots = new Pool(new Array(values.slots).fill(null));
  const refused = Buffer.alloc(0);
  let present = 0;
  return {
    newSession() {
      let waiting = 0; // of this session's, with a place
      let isClosed = false;
      return {
        admit(payload) {
          if (present >= values.slots + values.queue && values.policy === 'shed') return refused;
          ++present;
          ++waiting;
          return payload;
        },
        async handle(payload) {
          if (payload === refused || isClosed) return framedInverse(refused);
          --waiting;
          await slots.take();
          await sleep(values.service_us / 1000);
          slots.give(null);
          --present;
          return framedInverse(payload);
        },
        close() {
          present -= waiting;
          isClosed = true;
        },
      };
    },
  };
}

function fanOut({ values, backendPort }) {
  return {
    // Each session has links of its own.
    newSession() {
      const { width, levels } = values;
      const links = Array.from({ length: width ** levels }, () => new BackendLink(backendPort));
      const sum = (answers) => answers.reduce((all, each) => (all + each) & MASK, 0n);
      return {
        async handle(payload, counts) {
          const nonce = nonceOf(payload);
          const fails = placeOf(nonce) < values.fail_percent;
          const asked = links.map((link, i) => link.ask(
            fails && i === 0 ? Buffer.alloc(4) : framedNumbers(nonce + BigInt(i))));
          try {
            // On the second level each child has a group of its own.
            const groups = levels === 1 ? asked
              : Array.from({ length: width }, (_, i) => Promise.all(asked.slice(i * width, (i + 1) * width)).then(sum));
            return framedNumbers(sum(await Promise.all(groups)));
          } catch (error) {
            counts.cancelled += links.filter((link) => link.cancel()).length;
            await Promise.allSettled(asked);
            if (!fails) throw error;
            return framedNumbers(nonce);
          }
        },
        close() { links.forEach((link) => link.close()); },
      };
    },
  };
}

function pool({ values, backendPort }) {
  const free = Array.from({ length: values.pool_size }, () => new BackendLink(backendPort));
  const places = new Pool(new Array(values.pool_size + values.overflow).fill(null));
  return {
    async handle(payload) {
      const nonce = nonceOf(payload);
      await places.take();
      const pooled = free.shift(); // where all are taken: one for this request alone
      const link = pooled ?? new BackendLink(backendPort);
      try {
        return framedNumbers(await link.ask(framedNumbers(nonce)));
      } finally {
        if (pooled) free.push(pooled);
        else link.close();
        places.give(null);
      }
    },
  };
}

function mixed({ values, roundsPerUs }) {
  const threads = values.heavy === 'offload' ? new WorkPool(OFFLOAD_THREADS) : null;
  const work = values.work === 'block' ? { block_ms: values.cpu_us / 1000 } : { rounds: values.cpu_us * roundsPerUs };
  return {
    async handle(payload) {
      const nonce = nonceOf(payload);
      if ((nonce & 1n) === 0n) return framedNumbers(nonce, inverted(nonce));
      return framedNumbers(nonce, threads ? await threads.workOut(nonce, work) : workOut(nonce, work));
    },
  };
}

function cpuRequest({ values, roundsPerUs }) {
  const rounds = Math.floor((values.cpu_ns * roundsPerUs) / 1000);
  return { answer: (payload) => framedNumbers(burn(nonceOf(payload), rounds)) };
}

function serviceNs({ distribution, mean_ns: mean }, nonce) {
  const rank = placeOf(nonce);
  if (distribution === 'exponential') return Math.floor(-mean * Math.log1p(-(rank + 0.5) / 100));
  return distribution === 'bimodal' ? Math.floor(mean * (rank < 90 ? 0.5 : 5.5)) : mean;
}

function service({ values, roundsPerUs }) {
  return {
    answer(payload) {
      const nonce = nonceOf(payload);
      return framedNumbers(burn(nonce, Math.floor((serviceNs(values, nonce) * roundsPerUs) / 1000)));
    },
  };
}

const WORKLOADS = {
  echo: () => null, rpc, idle, delay, chain, tail, deadline, overload, fan_out: fanOut, pool, mixed, cpu_request: cpuRequest,
  churn, stream, file, service, backlog,
};

module.exports = { WORKLOADS };
