package main

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// handler answers one request with the reply's bytes; an error ends the session.
type handler func(payload []byte, counts *counters) ([]byte, error)

// workload makes the handler of a session, and what ends what it had of its own.
type workload func() (handle handler, end func())

func forAll(handle handler) workload { return func() (handler, func()) { return handle, func() {} } }

// onNonce is a handler of requests whose payload is a nonce.
func onNonce(answer func(nonce uint64, counts *counters) ([]byte, error)) handler {
	return func(payload []byte, counts *counters) ([]byte, error) {
		nonce, err := nonceOf(payload)
		if err != nil {
			return nil, err
		}
		return answer(nonce, counts)
	}
}

func (r *request) duration(of string) time.Duration {
	return time.Duration(r.number(of)) * time.Microsecond
}

func invert(payload []byte, _ *counters) ([]byte, error) {
	reply := framed(payload)
	for i := range payload {
		reply[4+i] = ^payload[i]
	}
	return reply, nil
}

// waiting answers after a wait that depends on the nonce.
func waiting(wait func(nonce uint64) time.Duration) workload {
	return forAll(onNonce(func(nonce uint64, _ *counters) ([]byte, error) {
		if d := wait(nonce); d > 0 {
			time.Sleep(d)
		}
		return framedNumbers(^nonce), nil
	}))
}

func chain(r *request) workload {
	return forAll(onNonce(func(nonce uint64, _ *counters) ([]byte, error) {
		for i := int64(0); i < r.number("waits"); i++ {
			time.Sleep(r.duration("delay_us"))
			nonce = ^nonce * 3
		}
		return framedNumbers(nonce), nil
	}))
}

// deadline stops what takes longer than deadline_us.
func deadline(r *request) workload {
	return forAll(onNonce(func(nonce uint64, counts *counters) ([]byte, error) {
		work := r.duration("delay_us")
		if placeOf(nonce) < r.number("late_percent") {
			work = time.Minute
		}
		limit, cancel := context.WithTimeout(context.Background(), r.duration("deadline_us"))
		defer cancel()
		timer := time.NewTimer(work)
		defer timer.Stop()
		select {
		case <-timer.C:
			return framedNumbers(^nonce), nil
		case <-limit.Done():
			counts.cancelled++
			return framedNumbers(nonce), nil
		}
	}))
}

func overload(r *request) workload {
	slots := make(chan struct{}, r.number("slots"))
	var present atomic.Int64
	return forAll(onNonce(func(nonce uint64, _ *counters) ([]byte, error) {
		defer present.Add(-1)
		if present.Add(1) > r.number("slots")+r.number("queue") && r.values["policy"] == "shed" {
			return framedNumbers(nonce), nil
		}
		slots <- struct{}{} // in the order of arrival, as Go's channels promise
		time.Sleep(r.duration("service_us"))
		<-slots
		return framedNumbers(^nonce), nil
	}))
}

// mixed works in place wherever it is asked to: a goroutine is nobody else's, and the scheduler preempts it.
func mixed(r *request) workload {
	return forAll(onNonce(func(nonce uint64, _ *counters) ([]byte, error) {
		isHeavy := nonce&1 != 0
		if isHeavy && r.values["work"] == "block" {
			block(r.duration("cpu_us"))
		}
		if !isHeavy || r.values["work"] == "block" {
			return framedNumbers(nonce, ^nonce), nil
		}
		return framedNumbers(nonce, burn(nonce, r.number("cpu_us")*r.roundsPerUs)), nil
	}))
}

// block keeps its thread in a system call, which time.Sleep would not; the scheduler goes on with another thread.
func block(d time.Duration) {
	left := syscall.NsecToTimespec(d.Nanoseconds())
	for syscall.Nanosleep(&left, &left) == syscall.EINTR {
	}
}

// link is a connection to the backend, opened when it is first needed; a failure closes it.
type link struct {
	port int
	peer net.Conn
}

func (l *link) ask(during context.Context, frame []byte) (uint64, error) {
	if l.peer == nil {
		peer, err := (&net.Dialer{}).DialContext(during, "tcp4", backendAddress(l.port))
		if err != nil {
			return 0, err
		}
		l.peer = peer
	}
	peer := l.peer
	if during.Done() != nil {
		ended, watched := make(chan struct{}), make(chan struct{})
		go func() { // a cancellation ends the pending calls
			defer close(watched)
			select {
			case <-during.Done():
				peer.SetDeadline(time.Unix(1, 0))
			case <-ended:
			}
		}()
		defer func() {
			close(ended)
			<-watched
			peer.SetDeadline(time.Time{}) // the answer may have been there when the others were cancelled
		}()
	}
	var reply []byte
	_, err := peer.Write(frame)
	if err == nil {
		reply, err = readFrame(peer, nil)
	}
	var answer uint64
	if err == nil {
		answer, err = nonceOf(reply)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // it is the backend that has closed, not the client
	}
	if err != nil {
		l.close()
	}
	return answer, err
}

func (l *link) close() {
	if l.peer != nil {
		l.peer.Close()
		l.peer = nil
	}
}

func fanOut(r *request) workload {
	return func() (handler, func()) {
		width := int(r.number("width"))
		count := width
		if r.number("levels") == 2 {
			count *= width
		}
		links := make([]link, count)
		for i := range links {
			links[i].port = r.backendPort
		}
		handle := onNonce(func(nonce uint64, counts *counters) ([]byte, error) {
			fails := placeOf(nonce) < r.number("fail_percent")
			all := askAll(context.Background(), links, 0, width, func(i int) []byte {
				if fails && i == 0 {
					return framed(nil) // the backend closes the connection
				}
				return framedNumbers(nonce + uint64(i))
			})
			counts.cancelled += all.cancelled
			switch {
			case all.err == nil:
				return framedNumbers(all.sum), nil
			case fails:
				return framedNumbers(nonce), nil
			}
			return nil, all.err
		})
		end := func() {
			for i := range links {
				links[i].close()
			}
		}
		return handle, end
	}
}

// answers are those of a group and of the groups in it.
type answers struct {
	sum       uint64
	cancelled int64
	err       error
}

// askAll asks over all links at once, of each the question with its number, in `width` children, which on further levels have
// groups of their own; the first failure cancels the rest.
func askAll(within context.Context, links []link, first, width int, question func(i int) []byte) answers {
	during, cancel := context.WithCancel(within)
	defer cancel()
	results := make(chan answers, width)
	each := len(links) / width
	for i := 0; i < width; i++ {
		go func(own []link, first int) {
			if len(links) > width {
				results <- askAll(during, own, first, width, question)
				return
			}
			sum, err := own[0].ask(during, question(first))
			results <- answers{sum: sum, err: err}
		}(links[i*each:(i+1)*each], first+i*each)
	}
	var all answers
	for i := 0; i < width; i++ {
		got := <-results
		all.sum += got.sum
		all.cancelled += got.cancelled
		if got.err == nil {
			continue
		}
		if len(links) == width && (all.err != nil || within.Err() != nil) {
			all.cancelled++
		}
		if all.err == nil {
			all.err = got.err
			cancel()
		}
	}
	return all
}

func pool(r *request) workload {
	places := make(chan struct{}, r.number("pool_size")+r.number("overflow"))
	free := make(chan *link, r.number("pool_size"))
	for i := 0; i < cap(free); i++ {
		free <- &link{port: r.backendPort}
	}
	return forAll(onNonce(func(nonce uint64, _ *counters) ([]byte, error) {
		places <- struct{}{} // in the order of arrival
		defer func() { <-places }()
		var l *link
		select {
		case l = <-free:
			defer func() { free <- l }()
		default: // all are taken: one for this request alone
			l = &link{port: r.backendPort}
			defer l.close()
		}
		answer, err := l.ask(context.Background(), framedNumbers(nonce))
		return framedNumbers(answer), err
	}))
}

// workloadOf gives nothing for echo, http and stream, which have sessions of their own, and file, which has a file.
func workloadOf(r *request) workload {
	always := func(d time.Duration) func(uint64) time.Duration { return func(uint64) time.Duration { return d } }
	switch r.workload {
	case "rpc":
		return forAll(invert)
	case "idle", "churn":
		return waiting(always(0))
	case "delay":
		return waiting(always(r.duration("delay_us")))
	case "tail":
		slow := r.duration("slow_us")
		return waiting(func(nonce uint64) time.Duration {
			if nonce%100 == 0 {
				return slow
			}
			return 0
		})
	case "chain":
		return chain(r)
	case "deadline":
		return deadline(r)
	case "overload":
		return overload(r)
	case "fan_out":
		return fanOut(r)
	case "pool":
		return pool(r)
	case "mixed":
		return mixed(r)
	case "service":
		return forAll(onNonce(func(nonce uint64, _ *counters) ([]byte, error) {
			return framedNumbers(burn(nonce, serviceNs(r, nonce)*r.roundsPerUs/1000)), nil
		}))
	case "cpu_request":
		rounds := r.number("cpu_ns") * r.roundsPerUs / 1000
		return forAll(onNonce(func(nonce uint64, _ *counters) ([]byte, error) {
			return framedNumbers(burn(nonce, rounds)), nil
		}))
	}
	return nil
}

// isEnd: the peer has closed, which is no error of the session.
func isEnd(err error) bool { return err == io.EOF }
