package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	frameBytesMax = 16 << 20
	pieceBytes    = 64 << 10
)

// errMalformed: the peer broke the protocol, and its connection is closed.
var errMalformed = errors.New("malformed frame")

// readFrame gives the next payload, in `buffer` where that is large enough.
func readFrame(from io.Reader, buffer []byte) ([]byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return nil, err
	}
	length := int(binary.LittleEndian.Uint32(header[:]))
	if length > frameBytesMax {
		return nil, errMalformed
	}
	if length <= cap(buffer) {
		payload := buffer[:length]
		_, err := io.ReadFull(from, payload)
		return payload, err
	}
	// What a client announces costs memory only as it comes.
	payload := buffer[:0]
	for len(payload) < length {
		begin := len(payload)
		step := length - begin
		if step > pieceBytes+begin {
			step = pieceBytes + begin // doubles what there is
		}
		payload = append(payload, make([]byte, step)...)
		if _, err := io.ReadFull(from, payload[begin:]); err != nil {
			return nil, err
		}
	}
	return payload, nil
}

func framed(payload []byte) []byte {
	frame := make([]byte, 4+len(payload))
	binary.LittleEndian.PutUint32(frame, uint32(len(payload)))
	copy(frame[4:], payload)
	return frame
}

func framedNumbers(numbers ...uint64) []byte {
	frame := make([]byte, 4+8*len(numbers))
	binary.LittleEndian.PutUint32(frame, uint32(8*len(numbers)))
	for i, number := range numbers {
		binary.LittleEndian.PutUint64(frame[4+8*i:], number)
	}
	return frame
}

func nonceOf(payload []byte) (uint64, error) {
	if len(payload) != 8 {
		return 0, errMalformed
	}
	return binary.LittleEndian.Uint64(payload), nil
}

// placeOf is where a request stands among a hundred: what makes some of them different depends on it.
func placeOf(nonce uint64) int64 { return int64(nonce % 100 * 37 % 100) }

// burn is a counted amount of work; the same numbers as kernels::burn.
func burn(x uint64, rounds int64) uint64 {
	for i := uint64(0); i < uint64(rounds); i++ {
		x ^= x >> 33
		x *= 0xff51afd7ed558ccd
		x += i
	}
	return x
}

// documents are the JSON bodies of `http`.
type documents struct {
	bytes int
	text  []byte
}

func newDocuments(bytes int) documents {
	text := make([]byte, bytes+26)
	for i := range text {
		text[i] = byte('a' + i%26)
	}
	return documents{bytes, text}
}

func (d documents) of(id uint64) []byte {
	body := append(make([]byte, 0, d.bytes), fmt.Sprintf(`{"id":%d,"text":"`, id)...)
	letter := int(id % 26)
	body = append(body, d.text[letter:letter+d.bytes-len(body)-2]...)
	return append(body, `"}`...)
}
