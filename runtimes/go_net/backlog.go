package main

import (
	"bufio"
	"sync"
	"sync/atomic"
	"time"
)

// backlog reads each connection on while its requests wait in memory, where a goroutine of their own serves them.
type backlog struct {
	asked   *request
	slots   chan struct{}
	present atomic.Int64 // requests in service or waiting, of all connections
}

func newBacklog(asked *request) *backlog {
	return &backlog{asked: asked, slots: make(chan struct{}, asked.number("slots"))}
}

// enters tells whether there is a place for one more, which is then taken.
func (b *backlog) enters() bool {
	if b.present.Add(1) <= b.asked.number("slots")+b.asked.number("queue") || b.asked.values["policy"] == "queue" {
		return true
	}
	b.present.Add(-1)
	return false
}

// served waits for a slot and for the service, and gives the place back.
func (b *backlog) served() {
	b.slots <- struct{}{}
	time.Sleep(b.asked.duration("service_us"))
	<-b.slots
	b.present.Add(-1)
}

// queued is a request that was read; one that found no place has no payload any more.
type queued struct {
	payload  []byte
	hasPlace bool
}

// waitingLine holds the requests of one connection, without bound.
type waitingLine struct {
	mutex    sync.Mutex
	changed  *sync.Cond
	requests []queued
	isClosed bool
}

func newWaitingLine() *waitingLine {
	line := &waitingLine{}
	line.changed = sync.NewCond(&line.mutex)
	return line
}

func (w *waitingLine) put(last queued) {
	w.mutex.Lock()
	w.requests = append(w.requests, last)
	w.mutex.Unlock()
	w.changed.Signal()
}

// close says that no more will come; what is there can still be taken.
func (w *waitingLine) close() {
	w.mutex.Lock()
	w.isClosed = true
	w.mutex.Unlock()
	w.changed.Signal()
}

// take waits for the oldest; false at the end.
func (w *waitingLine) take() (first queued, isThere bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for len(w.requests) == 0 && !w.isClosed {
		w.changed.Wait()
	}
	if len(w.requests) == 0 {
		return first, false
	}
	first = w.requests[0]
	w.requests[0].payload = nil // the array behind the slice stays
	w.requests = w.requests[1:]
	return first, true
}

func (b *backlog) converse(p *peer) {
	line := newWaitingLine()
	failed := make(chan error, 1)
	go func() { failed <- b.answer(p, line) }()
	from := bufio.NewReader(p)
	var err error
	for err == nil {
		var payload []byte
		if payload, err = readFrame(from, nil); err == nil {
			if b.enters() {
				line.put(queued{payload, true})
			} else {
				line.put(queued{})
			}
		}
	}
	line.close()
	if unsent := <-failed; unsent != nil || !isEnd(err) {
		p.counts.errors++
	}
}

// answer serves what waits, until the end; after a failure it only gives the places back.
func (b *backlog) answer(p *peer, line *waitingLine) (failed error) {
	for next, isThere := line.take(); isThere; next, isThere = line.take() {
		switch {
		case failed != nil && next.hasPlace:
			b.present.Add(-1)
		case failed == nil:
			if next.hasPlace {
				b.served()
			}
			reply, _ := invert(next.payload, &p.counts)
			if _, failed = p.Write(reply); failed == nil {
				p.counts.requests++
			}
		}
	}
	return failed
}
