package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asProgram is set for the processes that the tests start: the test binary is
// the program then, so what is tested is what was just compiled.
const asProgram = "HIRELOG_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is a running process of the program.
type program struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr output
	ended          chan struct{}
}

// output is what a process has written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// launch starts the program. It is killed at the end of the test if it runs
// still.
func launch(t *testing.T, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, cmd: exec.Command(self, args...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), asProgram+"=1", "HIRELOG_EVENTSTORE=", "HIRELOG_DATABASE=")
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	// A database that outlived the program would hold the pipes.
	p.cmd.WaitDelay = 10 * time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the state says it all
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s\nstdout:\n%s\nstderr:\n%s", strings.Join(args, " "), lastLines(p.stdout.String()), lastLines(p.stderr.String()))
		}
	})
	return p
}

func lastLines(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// pid is the id of the process.
func (p *program) pid() int { return p.cmd.Process.Pid }

// running reports whether the process has not ended.
func (p *program) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill ends the process as a power cut would.
func (p *program) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
	<-p.ended
}

// stop ends the process as a supervisor does, and returns its exit status.
func (p *program) stop() int {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	return p.wait(patience)
}

// wait waits for the process to end by itself and returns its exit status.
func (p *program) wait(within time.Duration) int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(within):
		p.t.Fatalf("%v runs after %v still", p.cmd.Args[1:], within)
	}
	return p.cmd.ProcessState.ExitCode()
}

// finished is what a command left.
type finished struct {
	stdout, stderr string
	status         int
}

// hirelog runs a command to its end.
func hirelog(t *testing.T, args ...string) finished {
	t.Helper()
	p := launch(t, args...)
	status := p.wait(patience)
	return finished{stdout: p.stdout.String(), stderr: p.stderr.String(), status: status}
}

// succeeded fails the test unless the command did what it was asked, without a
// word on stderr, and returns what it printed.
func (f finished) succeeded(t *testing.T) string {
	t.Helper()
	if f.status != 0 || f.stderr != "" {
		t.Fatalf("status %d, stderr %q", f.status, f.stderr)
	}
	return f.stdout
}

// refused fails the test unless the command ended with status 1 and one line of
// its own, the last, that says each of the words. Log lines may stand before it.
func (f finished) refused(t *testing.T, words ...string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(f.stderr, "\n"), "\n")
	last, own := lines[len(lines)-1], 0
	for _, line := range lines {
		if strings.HasPrefix(line, "hirelog: ") {
			own++
		} else if !strings.HasPrefix(line, "time=") {
			t.Errorf("stderr has the line %q", line)
		}
	}
	if f.status != 1 || own != 1 || !strings.HasPrefix(last, "hirelog: ") {
		t.Errorf("status %d, %d lines of its own; want 1 and 1, the last. stderr:\n%s", f.status, own, f.stderr)
	}
	for _, word := range words {
		if !strings.Contains(last, word) {
			t.Errorf("it says %q, nothing of %q", last, word)
		}
	}
}

// patience is how long anything may take that is waited for, on a machine that
// does much else.
const patience = 3 * time.Minute

// eventually waits for a condition of other processes, which nobody announces.
func eventually(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for giveUp := time.Now().Add(within); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(giveUp) {
			t.Fatalf("%s: not within %v", what, within)
		}
	}
}

// descendants returns the living processes below pid.
func descendants(t *testing.T, pid int) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Skipf("processes cannot be seen here: %v", err)
	}
	children := map[int][]int{}
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if parent, alive := parentOf(child); alive {
			children[parent] = append(children[parent], child)
		}
	}
	var all []int
	for next := children[pid]; len(next) > 0; next = next[1:] {
		all = append(all, next[0])
		next = append(next, children[next[0]]...)
	}
	return all
}

// parentOf returns the parent of a process, and whether it lives.
func parentOf(pid int) (parent int, alive bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	parent, err = strconv.Atoi(fields[1])
	return parent, err == nil && fields[0] != "Z" && fields[0] != "X"
}

// exists reports whether there is a file at path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, os.ErrNotExist)
}
