'use strict';
// The command line of `serve` and `job` in the process contract.

const { isIPv4 } = require('node:net');

// Ends the program with one `error` line: status 2 usage, 3 this runtime cannot, 1 anything else.
class Refused extends Error {
  constructor(status, reason, hint = '') {
    super(reason);
    this.status = status;
    this.hint = hint;
  }
}

function whole(what, text, lowest, highest) {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : -1;
  if (value < lowest || value > highest) {
    throw new Refused(2, `${what} must be a whole number from ${lowest} to ${highest}, not '${text}'`);
  }
  return value;
}

function seconds(text) {
  const value = Number(text);
  if (!(value > 0 && value < 86400)) throw new Refused(2, `--min-time must be seconds above 0, not '${text}'`);
  return value;
}

function endpoint(text) {
  const colon = text.lastIndexOf(':');
  if (colon < 0) throw new Refused(2, `--listen takes ADDRESS:PORT, not '${text}'`);
  const address = text.slice(0, colon);
  if (!isIPv4(address)) throw new Refused(2, `--listen takes a numeric IPv4 address, not '${address}'`);
  return [address, whole('--listen: the port', text.slice(colon + 1), 0, 65535)];
}

function set(values, setting, known) {
  const equals = setting.indexOf('=');
  if (equals < 1) throw new Refused(2, `--set takes NAME=VALUE, not '${setting}'`);
  const name = setting.slice(0, equals);
  const text = setting.slice(equals + 1);
  const declared = known[name];
  if (declared === undefined) {
    throw new Refused(2, `there is no parameter '${name}'; there are: ${Object.keys(known).join(', ')}`);
  }
  if (declared.choices === undefined) {
    values[name] = whole(name, text, declared.min, declared.max);
  } else if (declared.choices.includes(text)) {
    values[name] = text;
  } else {
    throw new Refused(2, `${name} must be one of ${declared.choices.join(', ')}, not '${text}'`);
  }
}

// What was asked for. `parameters`: of each workload, by name.
function parse(verb, words, parameters) {
  const request = {
    workload: '', workers: 1, address: '127.0.0.1', port: 0, roundsPerUs: 1, backendPort: 0, minTimeS: 0.5, hold: false,
    values: {},
  };
  const settings = [];
  for (let i = 0; i < words.length; i += 2) {
    const [option, text] = [words[i], words[i + 1]];
    if (!option.startsWith('--')) throw new Refused(2, `unexpected '${option}'`);
    if (text === undefined) throw new Refused(2, `${option} lacks its value`);
    if (option === '--workload') request.workload = text;
    else if (option === '--workers') request.workers = whole(option, text, 1, 1024);
    else if (option === '--rounds-per-us') request.roundsPerUs = whole(option, text, 1, 1e9);
    else if (option === '--backend-port') request.backendPort = whole(option, text, 1, 65535);
    else if (option === '--listen') [request.address, request.port] = endpoint(text);
    else if (option === '--min-time') request.minTimeS = seconds(text);
    else if (option === '--hold') request.hold = whole(option, text, 0, 1) === 1;
    else if (option === '--set') settings.push(text);
    else throw new Refused(2, `unknown option '${option}' of ${verb}`);
  }
  if (request.workload === '') throw new Refused(2, '--workload is missing');
  const known = parameters[request.workload];
  if (known === undefined) {
    throw new Refused(2, `unknown workload '${request.workload}'; there are: ${Object.keys(parameters).join(', ')}`);
  }
  if (request.workers !== 1) throw new Refused(3, 'node runs JavaScript on one thread', '--workers 1');
  for (const [name, declared] of Object.entries(known)) request.values[name] = declared.default;
  for (const setting of settings) set(request.values, setting, known);
  return request;
}

module.exports = { parse, Refused };
