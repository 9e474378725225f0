'use strict';
// The job `sleepers`: promises that wait, for what they cost in memory while they do.

function bucket(value) {
  if (value < 128) return value;
  const exponent = Math.floor(Math.log2(value)) - 7;
  return exponent * 128 + Math.floor(value / 2 ** exponent);
}

// That of results/FORMAT.md: log-linear, 7 bits within a power of two.
function histogram(values) {
  const counts = new Map();
  for (const value of values) counts.set(bucket(value), (counts.get(bucket(value)) ?? 0) + 1);
  return {
    unit: 'ns', sub_bucket_bits: 7, counts: [...counts].sort(([a], [b]) => a - b), count: values.length,
    min: values.reduce((a, b) => Math.min(a, b)), max: values.reduce((a, b) => Math.max(a, b)),
    sum: values.reduce((a, b) => a + b),
  };
}

async function sleeper(index, gate, keepsBuffer) {
  if (!keepsBuffer) {
    await gate;
    return index;
  }
  const kept = new BigUint64Array(128).fill(BigInt(index));
  await gate;
  return Number(kept.reduce((sum, each) => sum + each, 0n) / BigInt(kept.length));
}

// One iteration: the sum of what the tasks answer. `atRest` is awaited where all of them wait.
async function crowd({ tasks, buffer }, atRest) {
  let open;
  const gate = new Promise((resolve) => { open = resolve; });
  const all = [];
  for (let i = 0; i < tasks; ++i) all.push(sleeper(i, gate, buffer !== 'none'));
  if (atRest) await atRest();
  open();
  let sum = 0;
  for (const each of all) sum += await each;
  return sum;
}

function clockCost() {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < 1000; ++i) process.hrtime.bigint();
  return Math.max(1, Number((process.hrtime.bigint() - begin) / 1000n));
}

// The fields of the `result` line.
async function timed(request) {
  await crowd(request.values); // warm-up
  const walls = [];
  const cpuBegin = process.cpuUsage();
  let answer = 0;
  let total = 0;
  while (total < request.minTimeS * 1e9) {
    const begin = process.hrtime.bigint();
    answer = await crowd(request.values);
    walls.push(Math.max(1, Number(process.hrtime.bigint() - begin)));
    total += walls.at(-1);
  }
  const cpu = process.cpuUsage(cpuBegin);
  const { tasks } = request.values;
  return {
    iterations: walls.length, units_per_iteration: Math.max(1, tasks), wall_ns: total,
    cpu_ns: (cpu.user + cpu.system) * 1000, answer: String(answer), latency: histogram(walls),
    iterations_per_sample: 1, clock_ns: clockCost(), tasks_created: tasks, tasks_live_peak: tasks, samples: null, notes: [],
  };
}

module.exports = { crowd, timed };
