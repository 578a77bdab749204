package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// process is a process of hirelog that is killed and started again, always with
// the same arguments.
type process struct {
	name string
	path string // of the program
	args []string
	dir  string // where its output and ready file are

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
	url   string // where it serves, since it was started last
	token string // the first admin's, if it was told
}

// startWithin is how long a process may take to be ready, or to end, on a machine
// that does much else.
const startWithin = 3 * time.Minute

func newProcess(path, dir, name string, args ...string) *process {
	return &process{name: name, path: path, args: args, dir: dir}
}

// start starts the process. It returns when it is ready, which says a file of
// its own, or, without such a file, the answer of ready.
func (p *process) start(ctx context.Context, ready func() bool) error {
	file := filepath.Join(p.dir, p.name+".ready")
	args := p.args
	if ready == nil {
		if err := os.RemoveAll(file); err != nil {
			return err
		}
		args = append(args[:len(args):len(args)], "--ready-file", file)
		ready = func() bool { return p.introduced(file) }
	}
	log, err := os.OpenFile(filepath.Join(p.dir, p.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(p.path, args...)
	cmd.Env = append(os.Environ(), "HIRELOG_EVENTSTORE=", "HIRELOG_DATABASE=", "HIRELOG_KEYSET=", "HIRELOG_FILES=")
	cmd.Stdout, cmd.Stderr = log, log
	if err := errors.Join(cmd.Start(), log.Close()); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the state says it all
		close(ended)
	}()
	p.mu.Lock()
	p.cmd, p.ended = cmd, ended
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for !ready() {
		select {
		case <-ended:
			return fmt.Errorf("%s ended: %v; see %s.log", p.name, cmd.ProcessState, p.name)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", p.name, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// introduced reads the ready file, if it is there.
func (p *process) introduced(file string) bool {
	data, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	var said struct {
		URL   string `json:"url"`
		Token string `json:"admin_token"`
	}
	if json.Unmarshal(data, &said) != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.url = said.URL
	if said.Token != "" {
		p.token = said.Token
	}
	return true
}

// at is where the process serves, or served.
func (p *process) at() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.url
}

// signal sends a signal to the process.
func (p *process) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	return p.cmd.Process.Signal(s)
}

// kill ends the process as a power cut would, and waits until it is gone.
func (p *process) kill() {
	_ = p.signal(syscall.SIGKILL) // it may have ended
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// stop ends the process as a supervisor does.
func (p *process) stop() error {
	p.mu.Lock()
	cmd, ended := p.cmd, p.ended
	p.mu.Unlock()
	if cmd == nil {
		return nil
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-ended:
	case <-time.After(startWithin):
		p.kill()
		return fmt.Errorf("%s did not end within %v of SIGTERM", p.name, startWithin)
	}
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("%s ended with %v; see %s.log", p.name, cmd.ProcessState, p.name)
	}
	return nil
}
