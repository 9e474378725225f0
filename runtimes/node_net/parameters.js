'use strict';
// The parameters of the workloads, as in their headers.

const LONGEST_US = 60_000_000;
const number = (fallback, min, max) => ({ default: fallback, min, max });
const word = (...choices) => ({ default: choices[0], choices });
const us = (fallback) => number(fallback, 1, LONGEST_US);

const PARAMETERS = {
  echo: { size: number(64, 1, 1 << 20) },
  rpc: { size: number(1024, 1, 1 << 20) },
  http: { body_bytes: number(64, 32, 65536) },
  delay: { delay_us: us(10_000) },
  chain: { waits: number(3, 1, 1000), delay_us: us(10_000) },
  tail: { slow_us: us(5_000) },
  deadline: { delay_us: us(10_000), deadline_us: us(20_000), late_percent: number(10, 0, 100) },
  fan_out: { width: number(16, 1, 1000), delay_us: us(10_000), fail_percent: number(0, 0, 100), levels: number(1, 1, 2) },
  pool: { pool_size: number(10, 1, 10_000), delay_us: us(1_000), overflow: number(0, 0, 10_000) },
  overload: {
    policy: { ...word('queue', 'shed'), default: 'shed' }, slots: number(8, 1, 100_000), service_us: us(5_000),
    queue: number(16, 0, 1_000_000),
  },
  mixed: {
    heavy_percent: number(10, 0, 99), cpu_us: number(1000, 1, 1_000_000), heavy: word('inline', 'offload'),
    work: word('cpu', 'block'),
  },
  backlog: {
    policy: { ...word('queue', 'shed'), default: 'shed' }, slots: number(8, 1, 100_000), service_us: us(5_000),
    queue: number(16, 0, 1_000_000), size: number(1024, 1, 1 << 20),
  },
  idle: { idle_connections: number(1_000, 0, 1_000_000) },
  cpu_request: { cpu_ns: number(10_000, 100, 1_000_000_000) },
  churn: { requests: number(1, 1, 1_000_000) },
  stream: { direction: word('down', 'up', 'both'), chunk_bytes: number(65_536, 8, 1 << 20) },
  file: { read_bytes: number(4096, 1, 1 << 20) },
  service: {
    distribution: { ...word('fixed', 'exponential', 'bimodal'), default: 'exponential' },
    mean_ns: number(100_000, 100, 100_000_000),
  },
  sleepers: { tasks: number(1000, 0, 4_000_000), buffer: word('none', 'live_1k') },
};
const ABSENT = { broadcast: 'not written for node: its sessions answer their own connection, and none writes to all' };
const JOBS = new Set(['sleepers']);

module.exports = { PARAMETERS, ABSENT, JOBS };
