'use strict';
// What `stream` and `file` move.

const fs = require('node:fs');
const { Refused } = require('./arguments.js');

const FILE_BYTES = 4 << 20;
const NOISE_PERIOD = 61;

const wrapped = (number) => BigInt.asUintN(64, number);

// Bytes that depend only on `seed`: SplitMix64, as kernels::fill.
function noise(count, seed) {
  const words = new BigUint64Array(Math.ceil(count / 8)); // least significant byte first, as on every machine of node
  for (let i = 0; i < words.length; ++i) {
    seed = wrapped(seed + 0x9e3779b97f4a7c15n);
    let z = wrapped((seed ^ (seed >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = wrapped((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    words[i] = z ^ (z >> 31n);
  }
  return Buffer.from(words.buffer, 0, count);
}

// A number that depends on every byte of a chunk and on its place. On halves of 32 bits: BigInt would allocate each step.
function digest(chunk) {
  const whole = chunk.length % 8 === 0 ? chunk : Buffer.concat([chunk, Buffer.alloc(8 - (chunk.length % 8))]);
  let low = 0;
  let high = 0;
  for (let i = 0; i < whole.length; i += 8) {
    const sum = (((low << 1) | (high >>> 31)) >>> 0) + whole.readUInt32LE(i);
    high = ((((high << 1) | (low >>> 31)) >>> 0) + whole.readUInt32LE(i + 4) + (sum > 0xffffffff ? 1 : 0)) >>> 0;
    low = sum >>> 0;
  }
  return (BigInt(high) << 32n) | BigInt(low);
}

// Cuts a stream into chunks of one length.
class ChunkSplitter {
  #parts = [];
  #missing;
  #bytes;

  constructor(bytes) { this.#bytes = this.#missing = bytes; }

  feed(received) {
    const chunks = [];
    while (received.length >= this.#missing) {
      this.#parts.push(received.subarray(0, this.#missing));
      received = received.subarray(this.#missing);
      chunks.push(this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts));
      this.#parts = [];
      this.#missing = this.#bytes;
    }
    if (received.length > 0) this.#parts.push(received);
    this.#missing -= received.length;
    return chunks;
  }
}

function stream({ values }) {
  const bytes = values.chunk_bytes;
  const all = values.direction === 'up' ? null : noise(bytes + NOISE_PERIOD, 0xd0n);
  return {
    newSplitter: () => new ChunkSplitter(values.direction === 'down' ? 8 : bytes),
    answer(chunk) {
      const sum = digest(chunk);
      if (all === null) {
        const reply = Buffer.allocUnsafe(8);
        reply.writeBigUInt64LE(sum);
        return reply;
      }
      const begin = Number(sum % BigInt(NOISE_PERIOD));
      return all.subarray(begin, begin + bytes);
    },
  };
}

// A file in memory, without a name.
function openFile() {
  const path = `/dev/shm/regatta_file_${process.pid}`;
  try {
    const file = fs.openSync(path, 'wx+', 0o600);
    fs.unlinkSync(path);
    fs.writeSync(file, noise(FILE_BYTES, 0xf11en));
    return file;
  } catch (error) {
    throw new Refused(3, `no file in memory: ${error.message}`);
  }
}

// The place at which a request with `nonce` reads.
const placeInFile = (nonce, length) => Number(nonce % BigInt(FILE_BYTES - length + 1));

module.exports = { stream, openFile, placeInFile };
