package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// child is a server process of ours.
type child struct {
	process *os.Process
	exited  chan struct{}
	how     string // it ended; set before exited is closed
}

// startChild starts cmd. The kernel signals a child whose parent's thread, not
// process, has ended: so one goroutine keeps the thread that starts the child
// until the child is gone.
func startChild(cmd *exec.Cmd) (*child, error) {
	c := &child{exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := cmd.Start()
		c.process = cmd.Process
		started <- err
		if err != nil {
			return
		}
		if err := cmd.Wait(); err != nil {
			c.how = err.Error()
		} else {
			c.how = cmd.ProcessState.String()
		}
		close(c.exited)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// stop ends the process: fast while ctx lasts, then at once, then for certain.
// It returns when the process is gone, with an error if fast was too slow.
func (c *child) stop(ctx context.Context) error {
	for _, try := range []struct {
		signal os.Signal
		giveUp <-chan struct{}
	}{
		{syscall.SIGINT, ctx.Done()},
		{syscall.SIGQUIT, after(patience)},
		{syscall.SIGKILL, nil},
	} {
		// An error means that it ended already: exited says so.
		_ = c.process.Signal(try.signal)
		select {
		case <-c.exited:
			if try.signal != syscall.SIGINT {
				return fmt.Errorf("ended by %v: %w", try.signal, context.Cause(ctx))
			}
			return nil
		case <-try.giveUp:
		}
	}
	return nil // SIGKILL has no giving up
}

// after is closed when d has passed.
func after(d time.Duration) <-chan struct{} {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	context.AfterFunc(ctx, cancel)
	return ctx.Done()
}

// runChild runs cmd to its end and returns what it printed. It dies with this
// process too.
func runChild(cmd *exec.Cmd) (string, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	return string(out), err
}
