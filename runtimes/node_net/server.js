'use strict';
// The runtime `node_net`: JavaScript on node's event loop, over node:net and node:http.

const { parse, Refused } = require('./arguments.js');
const { PARAMETERS, ABSENT, JOBS } = require('./parameters.js');

const CONTRACT = 1;
const NAME = 'node_net';

function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

function describe() {
  const workloads = {};
  for (const name of Object.keys(PARAMETERS)) {
    workloads[name] = { kind: JOBS.has(name) ? 'job' : 'server', supported: true, reason: null };
  }
  for (const [name, reason] of Object.entries(ABSENT)) workloads[name] = { kind: 'server', supported: false, reason };
  say({
    contract: CONTRACT, name: NAME, model: 'coroutine', engine: 'epoll',
    description: 'JavaScript on one thread: callbacks and promises on the event loop of node (libuv)',
    available: true, reason: null, reference_only: false,
    versions: { node: process.versions.node, v8: process.versions.v8, libuv: process.versions.uv },
    parameters: [], lacks: [], workloads,
    loop_lag: { supported: false, reason: 'its timers count whole milliseconds' },
  });
}

// Resolves at SIGTERM or at the end of standard input; a second SIGTERM then ends the program at once.
function askedToStop() {
  const { once } = require('node:events');
  process.stdin.resume();
  return Promise.race([once(process, 'SIGTERM'), once(process.stdin, 'end')]);
}

function effective(request, listen) {
  return {
    runtime: NAME, workload: request.workload, workers: request.workers, ...listen, rounds_per_us: request.roundsPerUs,
    set: request.values,
  };
}

function checkVerb(verb, request) {
  const right = JOBS.has(request.workload) ? 'job' : 'serve';
  if (verb !== right) throw new Refused(2, `${request.workload} is run by '${right}'`);
}

async function job(words) {
  const request = parse('job', words, PARAMETERS);
  checkVerb('job', request);
  const { crowd, timed } = require('./job.js');
  if (request.hold) {
    await crowd(request.values, async () => {
      const stop = askedToStop();
      say({ event: 'at_rest', contract: CONTRACT, effective: effective(request) });
      await stop;
      process.exit(0); // the tasks still wait, as they should
    });
  }
  say({ event: 'result', contract: CONTRACT, effective: effective(request), ...await timed(request) });
}

async function serve(words) {
  const request = parse('serve', words, PARAMETERS);
  checkVerb('serve', request);
  const { WORKLOADS } = require('./workloads.js'); // not for the others, as each start of the harness asks for a description
  const { Server } = require('./sessions.js');
  const { serveHttp } = require('./http_server.js');
  const server = request.workload === 'http' ? serveHttp(request) : new Server(request, WORKLOADS[request.workload]);
  const stop = askedToStop();
  const port = await server.listen(request.address, request.port);
  say({
    event: 'ready', contract: CONTRACT, port, pid: process.pid, notes: [],
    effective: effective(request, { listen: `${request.address}:${port}` }),
  });
  await stop;
  const aborted = await server.close();
  say({ event: 'done', counters: server.counters, aborted_sessions: aborted, notes: [] });
}

async function main([verb, ...words]) {
  try {
    if (verb === 'describe') {
      describe();
    } else if (verb === 'serve') {
      await serve(words);
    } else if (verb === 'job') {
      await job(words);
    } else {
      throw new Refused(2, `unknown verb '${verb ?? ''}'; there are: describe, serve, job`);
    }
    process.exitCode = 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say({ event: 'error', reason: error.message, hint: error.hint });
    process.exitCode = error.status;
  }
  process.stdout.write('', () => process.exit()); // once the lines are out, whatever is still open
}

main(process.argv.slice(2));
