package main

import (
	"math/bits"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// histogram is that of results/FORMAT.md: log-linear, 7 bits within a power of two.
type histogram struct {
	counts        map[int]int64
	count         int64
	min, max, sum int64
}

func bucket(value int64) int {
	if value < 128 {
		return int(value)
	}
	exponent := bits.Len64(uint64(value)) - 8
	return exponent<<7 + int(value>>exponent)
}

func (h *histogram) add(value int64) {
	if h.count == 0 || value < h.min {
		h.min = value
	}
	if value > h.max {
		h.max = value
	}
	h.sum += value
	h.count++
	h.counts[bucket(value)]++
}

func (h *histogram) object() object {
	counts := [][2]int64{}
	for _, each := range sortedKeys(h.counts) {
		counts = append(counts, [2]int64{int64(each), h.counts[each]})
	}
	return object{"unit": "ns", "sub_bucket_bits": 7, "counts": counts, "count": h.count, "min": h.min, "max": h.max,
		"sum": h.sum}
}

func processCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func clockCost() int64 {
	const readings = 1000
	begin := time.Now()
	for i := 0; i < readings; i++ {
		_ = time.Now()
	}
	cost := time.Since(begin).Nanoseconds() / readings
	if cost < 1 {
		return 1
	}
	return cost
}

// crowd runs one iteration of `sleepers`: goroutines that wait, each with what it needs later. `atRest` is called where
// all of them do.
func crowd(tasks int64, keepsBuffer bool, atRest func()) (sum uint64) {
	gate := make(chan struct{})
	answers := make(chan uint64)
	var arrived sync.WaitGroup
	arrived.Add(int(tasks))
	for i := int64(0); i < tasks; i++ {
		go func(index uint64) {
			if !keepsBuffer {
				arrived.Done()
				<-gate
				answers <- index
				return
			}
			var kept [128]uint64
			for k := range kept {
				kept[k] = index
			}
			arrived.Done()
			<-gate
			var total uint64
			for _, each := range kept {
				total += each
			}
			answers <- total / uint64(len(kept))
		}(uint64(i))
	}
	arrived.Wait()
	if atRest != nil {
		atRest()
	}
	close(gate)
	for i := int64(0); i < tasks; i++ {
		sum += <-answers
	}
	return sum
}

func (r *request) effective(listen string) object {
	fields := object{"runtime": name, "workload": r.workload, "workers": r.workers, "rounds_per_us": r.roundsPerUs,
		"set": r.values}
	if listen != "" {
		fields["listen"] = listen
	}
	return fields
}

func job(words []string) error {
	asked, err := parse("job", words)
	if err != nil {
		return err
	}
	if asked.workers != 1 {
		return refusal{3, "this job runs on one worker", "--workers 1"}
	}
	tasks, keepsBuffer := asked.number("tasks"), asked.values["buffer"] == "live_1k"
	if asked.hold {
		stop := stopSignal()
		crowd(tasks, keepsBuffer, func() {
			say(object{"event": "at_rest", "contract": contract, "effective": asked.effective("")})
			<-stop
			os.Exit(0) // the tasks still wait, as they should
		})
	}
	crowd(tasks, keepsBuffer, nil) // warm-up
	walls := histogram{counts: map[int]int64{}}
	cpuBegin := processCPU()
	var answer uint64
	for time.Duration(walls.sum) < asked.minTime {
		begin := time.Now()
		answer = crowd(tasks, keepsBuffer, nil)
		walls.add(time.Since(begin).Nanoseconds())
	}
	units := tasks
	if units == 0 {
		units = 1
	}
	say(object{
		"event": "result", "contract": contract, "effective": asked.effective(""), "iterations": walls.count,
		"units_per_iteration": units, "wall_ns": walls.sum, "cpu_ns": (processCPU() - cpuBegin).Nanoseconds(),
		"answer": strconv.FormatUint(answer, 10), "latency": walls.object(), "iterations_per_sample": 1,
		"clock_ns": clockCost(), "tasks_created": tasks, "tasks_live_peak": tasks, "samples": nil, "notes": []string{},
	})
	return nil
}
