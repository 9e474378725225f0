package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

const drain = time.Second

type counters struct{ accepted, requests, received, sent, errors, cancelled int64 }

func (c *counters) add(o counters) {
	c.accepted += o.accepted
	c.requests += o.requests
	c.received += o.received
	c.sent += o.sent
	c.errors += o.errors
	c.cancelled += o.cancelled
}

func (c *counters) object() object {
	return object{"accepted": c.accepted, "requests": c.requests, "bytes_received": c.received, "bytes_sent": c.sent,
		"errors": c.errors, "cancelled": c.cancelled}
}

func backendAddress(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// peer counts what goes through a connection; the kernel's TCP_NODELAY is on by Go's own default.
type peer struct {
	*net.TCPConn
	counts counters
}

func (p *peer) Read(into []byte) (int, error) {
	n, err := p.TCPConn.Read(into)
	p.counts.received += int64(n)
	return n, err
}

func (p *peer) Write(data []byte) (int, error) {
	n, err := p.TCPConn.Write(data)
	p.counts.sent += int64(n)
	return n, err
}

type server struct {
	asked    *request
	listener *net.TCPListener
	work     workload
	web      *webServer // of the workload http
	chunks   *chunks    // of the workload stream
	last     int64      // reply on each connection, of the workload churn
	backlog  *backlog   // of the workload backlog

	mutex    sync.Mutex
	total    counters
	live     map[*peer]struct{}
	note     string
	sessions sync.WaitGroup
	accepted chan struct{} // closed when no more are accepted
}

func newServer(asked *request, listener *net.TCPListener) (*server, error) {
	s := &server{asked: asked, listener: listener, work: workloadOf(asked), live: map[*peer]struct{}{},
		accepted: make(chan struct{})}
	switch asked.workload {
	case "http":
		s.web = newWebServer(int(asked.number("body_bytes")))
	case "stream":
		s.chunks = newChunks(asked)
	case "backlog":
		s.backlog = newBacklog(asked)
	case "churn":
		s.last = asked.number("requests")
	case "file":
		file, err := openFile()
		if err != nil {
			return nil, err
		}
		s.work = readFile(asked, file)
	}
	return s, nil
}

// accept serves each connection in a goroutine until the listener's deadline has passed and none waits any more.
func (s *server) accept() {
	defer close(s.accepted)
	for {
		connection, err := s.listener.AcceptTCP()
		if err != nil {
			if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
				s.note = fmt.Sprintf("accept: %v: connections wait; raise the limit of open files (ulimit -n)", err)
				time.Sleep(10 * time.Millisecond) // until a connection ends
				continue
			}
			return
		}
		p := &peer{TCPConn: connection}
		p.counts.accepted = 1
		s.mutex.Lock()
		s.live[p] = struct{}{}
		s.mutex.Unlock()
		s.sessions.Add(1)
		go s.serve(p)
	}
}

func (s *server) serve(p *peer) {
	switch {
	case s.web != nil:
		s.web.serve(p)
	case s.chunks != nil:
		s.chunks.transfer(p)
	case s.backlog != nil:
		s.backlog.converse(p)
	case s.work == nil:
		s.echo(p)
	default:
		s.converse(p)
	}
	p.Close()
	s.mutex.Lock()
	delete(s.live, p)
	s.total.add(p.counts)
	s.mutex.Unlock()
	s.sessions.Done()
}

func (s *server) echo(p *peer) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := p.Read(buffer)
		if n > 0 {
			if _, failed := p.Write(buffer[:n]); failed != nil {
				err = failed
			}
		}
		if err != nil {
			if !isEnd(err) {
				p.counts.errors++
			}
			break
		}
	}
	p.counts.requests = p.counts.received / s.asked.number("size")
}

func (s *server) converse(p *peer) {
	handle, end := s.work()
	defer end()
	from := bufio.NewReader(p)
	buffer := make([]byte, 64)
	for {
		payload, err := readFrame(from, buffer)
		var reply []byte
		if err == nil {
			buffer = payload
			reply, err = handle(payload, &p.counts)
		}
		if err == nil {
			_, err = p.Write(reply)
		}
		if err != nil {
			if !isEnd(err) {
				p.counts.errors++
			}
			return
		}
		p.counts.requests++
		if p.counts.requests == s.last {
			return
		}
	}
}

// stop accepts what clients hold for open, lets the sessions finish, and gives how many did not.
func (s *server) stop() int {
	s.listener.SetDeadline(time.Now().Add(time.Millisecond))
	<-s.accepted
	s.listener.Close()
	s.mutex.Lock()
	for p := range s.live {
		p.CloseRead()
	}
	s.mutex.Unlock()
	ended := make(chan struct{})
	go func() {
		s.sessions.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(drain):
	}
	s.mutex.Lock() // for good: what a late session counts comes too late
	return len(s.live)
}

func (s *server) notes() []string {
	if s.note == "" {
		return []string{}
	}
	return []string{s.note}
}
