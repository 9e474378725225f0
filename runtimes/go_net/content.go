package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"
	"os"
)

// noise is `count` bytes that depend only on `seed`: SplitMix64, as kernels::fill.
func noise(count int, seed uint64) []byte {
	var bytes []byte
	for len(bytes) < count {
		seed += 0x9e3779b97f4a7c15
		z := seed
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		bytes = binary.LittleEndian.AppendUint64(bytes, z^z>>31)
	}
	return bytes[:count]
}

// digest depends on every byte and on its place.
func digest(chunk []byte) (sum uint64) {
	for ; len(chunk) >= 8; chunk = chunk[8:] {
		sum = bits.RotateLeft64(sum, 1) + binary.LittleEndian.Uint64(chunk)
	}
	if len(chunk) > 0 {
		var last [8]byte
		copy(last[:], chunk)
		sum = bits.RotateLeft64(sum, 1) + binary.LittleEndian.Uint64(last[:])
	}
	return sum
}

// chunks are what the workload `stream` moves.
type chunks struct {
	requestBytes, bytes int
	noise               []byte // nothing where chunks go up only
}

const noisePeriod = 61

func newChunks(r *request) *chunks {
	c := &chunks{bytes: int(r.number("chunk_bytes"))}
	c.requestBytes = c.bytes
	if r.values["direction"] == "down" {
		c.requestBytes = 8
	}
	if r.values["direction"] != "up" {
		c.noise = noise(c.bytes+noisePeriod, 0xd0)
	}
	return c
}

func (c *chunks) replyTo(chunk []byte) []byte {
	sum := digest(chunk)
	if c.noise == nil {
		return binary.LittleEndian.AppendUint64(nil, sum)
	}
	begin := int(sum % noisePeriod)
	return c.noise[begin : begin+c.bytes]
}

// transfer is a session of `stream`, which has no frames.
func (c *chunks) transfer(p *peer) {
	chunk := make([]byte, c.requestBytes)
	for {
		_, err := io.ReadFull(p, chunk)
		if isEnd(err) || err == io.ErrUnexpectedEOF {
			return
		}
		if err == nil {
			_, err = p.Write(c.replyTo(chunk))
		}
		if err != nil {
			p.counts.errors++
			return
		}
		p.counts.requests++
	}
}

const fileBytes = 4 << 20

// openFile makes the file of the workload `file`: in memory, without a name.
func openFile() (*os.File, error) {
	file, err := os.CreateTemp("/dev/shm", "regatta_file")
	if err == nil {
		os.Remove(file.Name())
		_, err = file.Write(noise(fileBytes, 0xf11e))
	}
	if err != nil {
		return nil, refusal{3, fmt.Sprintf("no file in memory: %v", err), ""}
	}
	return file, nil
}

func readFile(r *request, file *os.File) workload {
	length := int(r.number("read_bytes"))
	return forAll(onNonce(func(nonce uint64, _ *counters) ([]byte, error) {
		frame := make([]byte, 4+length)
		binary.LittleEndian.PutUint32(frame, uint32(length))
		_, err := file.ReadAt(frame[4:], int64(nonce%uint64(fileBytes-length+1)))
		return frame, err
	}))
}

// serviceNs is the service time of a request of `service`: a quantile of its distribution.
func serviceNs(r *request, nonce uint64) int64 {
	rank, mean := placeOf(nonce), r.number("mean_ns")
	switch r.values["distribution"] {
	case "exponential":
		return int64(-float64(mean) * math.Log1p(-(float64(rank)+0.5)/100))
	case "bimodal":
		if rank < 90 {
			return mean / 2
		}
		return int64(float64(mean) * 5.5)
	}
	return mean
}
