package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cpuOf returns the time the processor has spent on a process, user and system.
// It tells what something costs whatever else the machine does. Linux only; 0
// elsewhere.
func cpuOf(pid int) time.Duration {
	s, _ := statOf(pid)
	return s.own
}

// processStat is what /proc says of a process.
type processStat struct {
	parent int
	own    time.Duration // processor time
	ended  time.Duration // of its children that have ended and were waited for
}

func statOf(pid int) (processStat, bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processStat{}, false
	}
	// The name in parentheses may hold anything; what counts stands behind it.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < 15 {
		return processStat{}, false
	}
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(fields[i], 10, 64)
		return n
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux Go runs on
	return processStat{
		parent: int(number(1)),
		own:    time.Duration(number(11)+number(12)) * tick,
		ended:  time.Duration(number(13)+number(14)) * tick,
	}, true
}

// meter reads the processor time of this process and of servers it started,
// with their own processes.
type meter struct{ servers []int }

func (m meter) read() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	sum := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	if len(m.servers) == 0 {
		return sum
	}
	for _, pid := range m.servers {
		s, _ := statOf(pid)
		sum += s.own + s.ended
	}
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range all {
		pid, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		s, ok := statOf(pid)
		for _, server := range m.servers {
			if ok && s.parent == server {
				sum += s.own
			}
		}
	}
	return sum
}

// each returns what one of n cost.
func each(cost time.Duration, n float64) time.Duration {
	if n == 0 {
		return 0
	}
	d := time.Duration(float64(cost) / n)
	if d < 10*time.Microsecond {
		return d.Round(10 * time.Nanosecond)
	}
	return d.Round(time.Microsecond)
}
