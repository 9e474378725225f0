'use strict';
// The bytes on the wire (workloads/PROTOCOL.md): frames, and what is computed from a nonce.

const FRAME_BYTES_MAX = 16 << 20;
const FRAMED_BYTES = 12;
const MASK = (1n << 64n) - 1n;

// The peer broke the protocol: its connection is closed.
class Malformed extends Error {}

// Cuts a stream into the payloads of its frames.
class Splitter {
  #rest = null;

  // One after the other: a chunk of empty frames would make some ten thousand objects at once.
  * feed(chunk) {
    const data = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (data.length - at >= 4) {
      const length = data.readUInt32LE(at);
      if (length > FRAME_BYTES_MAX) throw new Malformed('a frame that is too long');
      if (data.length - at - 4 < length) break;
      const begin = at + 4;
      at = begin + length;
      yield data.subarray(begin, at);
    }
    this.#rest = at === data.length ? null : data.subarray(at);
  }
}

function nonceOf(payload) {
  if (payload.length !== 8) throw new Malformed('a nonce has 8 bytes');
  return payload.readBigUInt64LE(0);
}

function framedNumbers(...numbers) {
  const frame = Buffer.allocUnsafe(4 + 8 * numbers.length);
  frame.writeUInt32LE(8 * numbers.length, 0);
  numbers.forEach((number, i) => frame.writeBigUInt64LE(BigInt.asUintN(64, number), 4 + 8 * i));
  return frame;
}

const inverted = (nonce) => nonce ^ MASK;
const placeOf = (nonce) => ((Number(nonce % 100n) * 37) % 100);
const afterWait = (nonce) => BigInt.asUintN(64, inverted(nonce) * 3n);

// The upper half of the product of two unsigned 32-bit numbers.
function upperHalf(a, b) {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 65536);
  const carry = Math.floor((aLow * bHigh + (middle & 0xffff)) / 65536);
  return aHigh * bHigh + Math.floor(middle / 65536) + carry;
}

// A counted amount of work, the same numbers as kernels::burn. On halves of 32 bits: BigInt would allocate each step.
function burn(nonce, rounds) {
  const [FACTOR_LOW, FACTOR_HIGH] = [0xed558ccd, 0xff51afd7];
  let low = Number(nonce & 0xffffffffn);
  let high = Number(nonce >> 32n);
  for (let i = 0; i < rounds; ++i) {
    low = (low ^ (high >>> 1)) >>> 0; // x >> 33
    high = (upperHalf(low, FACTOR_LOW) + Math.imul(low, FACTOR_HIGH) + Math.imul(high, FACTOR_LOW)) >>> 0;
    const sum = (Math.imul(low, FACTOR_LOW) >>> 0) + i;
    low = sum >>> 0;
    high = (high + (sum > 0xffffffff ? 1 : 0)) >>> 0;
  }
  return (BigInt(high) << 32n) | BigInt(low);
}

module.exports = { Splitter, Malformed, FRAMED_BYTES, MASK, nonceOf, framedNumbers, inverted, placeOf, afterWait, burn };
