package main

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// refusal ends the program with one `error` line: status 2 usage, 3 this machine cannot, 1 anything else.
type refusal struct {
	status       int
	reason, hint string
}

func (r refusal) Error() string { return r.reason }

func misused(format string, arguments ...any) error {
	return refusal{2, fmt.Sprintf(format, arguments...), ""}
}

// parameter is a whole number from min to max, or one of the words of choices.
type parameter struct {
	fallback, min, max int64
	choices            []string
}

const longestUs = 60_000_000

// As in the workloads' headers. The fallback of a word is its index.
var parameters = map[string]map[string]parameter{
	"echo":  {"size": {64, 1, 1 << 20, nil}},
	"rpc":   {"size": {1024, 1, 1 << 20, nil}},
	"http":  {"body_bytes": {64, 32, 65536, nil}},
	"delay": {"delay_us": {10_000, 1, longestUs, nil}},
	"chain": {"waits": {3, 1, 1000, nil}, "delay_us": {10_000, 1, longestUs, nil}},
	"tail":  {"slow_us": {5_000, 1, longestUs, nil}},
	"deadline": {"delay_us": {10_000, 1, longestUs, nil}, "deadline_us": {20_000, 1, longestUs, nil},
		"late_percent": {10, 0, 100, nil}},
	"fan_out": {"width": {16, 1, 1000, nil}, "delay_us": {10_000, 1, longestUs, nil}, "fail_percent": {0, 0, 100, nil},
		"levels": {1, 1, 2, nil}},
	"pool": {"pool_size": {10, 1, 10_000, nil}, "delay_us": {1_000, 1, longestUs, nil},
		"overflow": {0, 0, 10_000, nil}},
	"overload": {"policy": {1, 0, 0, []string{"queue", "shed"}}, "slots": {8, 1, 100_000, nil},
		"service_us": {5_000, 1, longestUs, nil}, "queue": {16, 0, 1_000_000, nil}},
	"backlog": {"policy": {1, 0, 0, []string{"queue", "shed"}}, "slots": {8, 1, 100_000, nil},
		"service_us": {5_000, 1, longestUs, nil}, "queue": {16, 0, 1_000_000, nil}, "size": {1024, 1, 1 << 20, nil}},
	"mixed": {"heavy_percent": {10, 0, 99, nil}, "cpu_us": {1000, 1, 1_000_000, nil},
		"heavy": {0, 0, 0, []string{"inline", "offload"}}, "work": {0, 0, 0, []string{"cpu", "block"}}},
	"idle":        {"idle_connections": {1_000, 0, 1_000_000, nil}},
	"cpu_request": {"cpu_ns": {10_000, 100, 1_000_000_000, nil}},
	"churn":       {"requests": {1, 1, 1_000_000, nil}},
	"stream":      {"direction": {0, 0, 0, []string{"down", "up", "both"}}, "chunk_bytes": {65_536, 8, 1 << 20, nil}},
	"file":        {"read_bytes": {4096, 1, 1 << 20, nil}},
	"service": {"distribution": {1, 0, 0, []string{"fixed", "exponential", "bimodal"}},
		"mean_ns": {100_000, 100, 100_000_000, nil}},
	"sleepers": {"tasks": {1000, 0, 4_000_000, nil}, "buffer": {0, 0, 0, []string{"none", "live_1k"}}},
}

// verbOf tells what runs a workload: `serve` or, without a network, `job`.
func verbOf(workload string) string {
	if workload == "sleepers" {
		return "job"
	}
	return "serve"
}

// request is what the program was asked to serve; values are whole numbers (int64) or words.
type request struct {
	workload             string
	workers, backendPort int
	roundsPerUs          int64
	listen               string
	minTime              time.Duration
	hold                 bool
	values               map[string]any
}

func (r *request) number(of string) int64 { return r.values[of].(int64) }

func whole(what, text string, lowest, highest int64) (int64, error) {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value < lowest || value > highest {
		return 0, misused("%s must be a whole number from %d to %d, not '%s'", what, lowest, highest, text)
	}
	return value, nil
}

func checkEndpoint(text string) error {
	colon := strings.LastIndex(text, ":")
	if colon < 0 {
		return misused("--listen takes ADDRESS:PORT, not '%s'", text)
	}
	if address := net.ParseIP(text[:colon]); address == nil || address.To4() == nil {
		return misused("--listen takes a numeric IPv4 address, not '%s'", text[:colon])
	}
	_, err := whole("--listen: the port", text[colon+1:], 0, 65535)
	return err
}

func (r *request) set(setting string) error {
	of, text, found := strings.Cut(setting, "=")
	if !found || of == "" {
		return misused("--set takes NAME=VALUE, not '%s'", setting)
	}
	declared, known := parameters[r.workload][of]
	if !known {
		return misused("%s has no parameter '%s'; there are: %s", r.workload, of,
			strings.Join(sortedKeys(parameters[r.workload]), ", "))
	}
	if declared.choices == nil {
		value, err := whole(of, text, declared.min, declared.max)
		r.values[of] = value
		return err
	}
	for _, choice := range declared.choices {
		if choice == text {
			r.values[of] = text
			return nil
		}
	}
	return misused("%s must be one of %s, not '%s'", of, strings.Join(declared.choices, ", "), text)
}

func (r *request) take(verb, option, text string) (err error) {
	var value int64
	switch option {
	case "--workload":
		r.workload = text
	case "--workers":
		value, err = whole(option, text, 1, 1024)
		r.workers = int(value)
	case "--rounds-per-us":
		r.roundsPerUs, err = whole(option, text, 1, 1_000_000_000)
	case "--min-time":
		seconds, failed := strconv.ParseFloat(text, 64)
		if failed != nil || !(seconds > 0 && seconds < 86400) {
			return misused("--min-time must be seconds above 0, not '%s'", text)
		}
		r.minTime = time.Duration(seconds * float64(time.Second))
	case "--hold":
		value, err = whole(option, text, 0, 1)
		r.hold = value == 1
	case "--backend-port":
		value, err = whole(option, text, 1, 65535)
		r.backendPort = int(value)
	case "--listen":
		r.listen, err = text, checkEndpoint(text)
	default:
		err = misused("unknown option '%s' of %s", option, verb)
	}
	return err
}

func parse(verb string, words []string) (*request, error) {
	r := &request{workers: 1, roundsPerUs: 1, listen: "127.0.0.1:0", minTime: 500 * time.Millisecond,
		values: map[string]any{}}
	var settings []string
	for i := 0; i < len(words); i += 2 {
		if !strings.HasPrefix(words[i], "--") {
			return nil, misused("unexpected '%s'", words[i])
		}
		if i+1 == len(words) {
			return nil, misused("%s lacks its value", words[i])
		}
		if words[i] == "--set" {
			settings = append(settings, words[i+1])
		} else if err := r.take(verb, words[i], words[i+1]); err != nil {
			return nil, err
		}
	}
	if r.workload == "" {
		return nil, misused("--workload is missing")
	}
	known, found := parameters[r.workload]
	if !found {
		return nil, misused("unknown workload '%s'; there are: %s", r.workload, strings.Join(sortedKeys(parameters), ", "))
	}
	if verbOf(r.workload) != verb {
		return nil, misused("%s is run by '%s'", r.workload, verbOf(r.workload))
	}
	for each, declared := range known {
		if declared.choices != nil {
			r.values[each] = declared.choices[declared.fallback]
		} else {
			r.values[each] = declared.fallback
		}
	}
	for _, setting := range settings {
		if err := r.set(setting); err != nil {
			return nil, err
		}
	}
	return r, nil
}
