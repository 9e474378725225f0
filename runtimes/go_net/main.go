// The runtime `go_net`: a goroutine for each connection on Go's own scheduler and network poller.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"sort"
	"strings"
	"syscall"
)

const (
	contract = 1
	name     = "go_net"
)

type object map[string]any

func say(line object) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

func describe() {
	workloads := object{}
	for workload := range parameters {
		kind := map[string]string{"serve": "server", "job": "job"}[verbOf(workload)]
		workloads[workload] = object{"kind": kind, "supported": true, "reason": nil}
	}
	workloads["broadcast"] = object{"kind": "server", "supported": false,
		"reason": "not written in Go: its sessions answer their own connection, and none writes to all"}
	say(object{
		"contract": contract, "name": name, "model": "goroutine", "engine": "epoll",
		"description": "Go: a goroutine per connection on the language's scheduler; workers are GOMAXPROCS",
		"available":   true, "reason": nil, "reference_only": false,
		"versions":   object{"go": runtime.Version()},
		"parameters": []any{}, "lacks": []any{}, "workloads": workloads,
		"loop_lag": object{"supported": false, "reason": "its loop is inside Go's scheduler"},
	})
}

// stopSignal gives a channel that is closed at SIGTERM or at the end of standard input. A second SIGTERM ends the program.
func stopSignal() <-chan struct{} {
	asked := make(chan struct{})
	terminated := make(chan os.Signal, 1)
	ended := make(chan struct{})
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		defer close(ended)
		buffer := make([]byte, 4096)
		for {
			if _, err := os.Stdin.Read(buffer); err != nil {
				return
			}
		}
	}()
	go func() {
		select {
		case <-terminated:
		case <-ended:
		}
		signal.Reset(syscall.SIGTERM)
		close(asked)
	}()
	return asked
}

func serve(words []string) error {
	asked, err := parse("serve", words)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(asked.workers)
	stop := stopSignal()
	listener, err := net.Listen("tcp4", asked.listen)
	if err != nil {
		reason := err
		var of *net.OpError
		if errors.As(err, &of) {
			reason = of.Err
		}
		return refusal{1, fmt.Sprintf("cannot listen on %s: %v", asked.listen, reason), ""}
	}
	server, err := newServer(asked, listener.(*net.TCPListener))
	if err != nil {
		return err
	}
	go server.accept()
	port := listener.Addr().(*net.TCPAddr).Port
	host, _, _ := strings.Cut(asked.listen, ":")
	say(object{
		"event": "ready", "contract": contract, "port": port, "pid": os.Getpid(), "notes": []string{},
		"effective": asked.effective(fmt.Sprintf("%s:%d", host, port)),
	})
	<-stop
	aborted := server.stop()
	say(object{"event": "done", "counters": server.total.object(), "aborted_sessions": aborted, "notes": server.notes()})
	return nil
}

func main() {
	var err error
	switch {
	case len(os.Args) < 2:
		err = refusal{2, "unknown verb ''; there are: describe, serve, job", ""}
	case os.Args[1] == "describe":
		describe()
	case os.Args[1] == "serve":
		err = serve(os.Args[2:])
	case os.Args[1] == "job":
		err = job(os.Args[2:])
	default:
		err = refusal{2, fmt.Sprintf("unknown verb '%s'; there are: describe, serve, job", os.Args[1]), ""}
	}
	var refused refusal
	if errors.As(err, &refused) {
		say(object{"event": "error", "reason": refused.reason, "hint": refused.hint})
		os.Exit(refused.status)
	}
}

func sortedKeys[K int | string, V any](of map[K]V) []K {
	keys := make([]K, 0, len(of))
	for each := range of {
		keys = append(keys, each)
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i] < keys[j] })
	return keys
}
