package eventnode

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A node on the disk listens on a socket in its folder, which only who may read
// the folder can reach. Operators' commands use it: they know the folder, and
// need neither address nor password.
const controlSocket = "control"

// controlLine is one line of an answer: progress, or in the last one the result.
type controlLine struct {
	Progress *Progress       `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
}

// control serves the operators' socket until close.
type control struct {
	server *http.Server
	served chan struct{}
}

// newControl listens in n's folder. A node in memory has no socket.
func newControl(n *Node) (*control, error) {
	if n.o.FS != vfs.Default {
		return nil, nil
	}
	ln, err := listenControl(n.o.Dir)
	if err != nil {
		return nil, fmt.Errorf("event node: listen for operators: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /scavenge", func(w http.ResponseWriter, r *http.Request) {
		answer(w, func(progress func(Progress)) (any, error) {
			return n.Scavenge(r.Context(), ScavengeOptions{Progress: progress})
		})
	})
	mux.HandleFunc("POST /backup", func(w http.ResponseWriter, r *http.Request) {
		var to string
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&to); err != nil || !filepath.IsAbs(to) {
			http.Error(w, "the folder must be an absolute path", http.StatusBadRequest)
			return
		}
		answer(w, func(progress func(Progress)) (any, error) { return n.Backup(r.Context(), to, progress) })
	})
	c := &control{server: &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}, served: make(chan struct{})}
	go func() {
		defer close(c.served)
		_ = c.server.Serve(ln) // ends when c is closed
	}()
	return c, nil
}

// close ends the calls under way, whose operations n has ended by now.
func (c *control) close() error {
	if c == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := c.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = c.server.Close()
	}
	<-c.served
	return err
}

// answer streams the progress of an operation and its result.
func answer(w http.ResponseWriter, operation func(progress func(Progress)) (any, error)) {
	out := json.NewEncoder(w)
	flush := http.NewResponseController(w)
	send := func(l controlLine) {
		// Who asked may be gone; then the request's context ends the operation.
		_ = out.Encode(l)
		_ = flush.Flush()
	}
	result, err := operation(func(p Progress) { send(controlLine{Progress: &p}) })
	if err != nil {
		send(controlLine{Error: err.Error()})
		return
	}
	text, err := json.Marshal(result)
	if err != nil {
		send(controlLine{Error: err.Error()})
		return
	}
	send(controlLine{Result: text})
}

// AskScavenge has the process that runs the node in folder dir scavenge it; see
// Node.Scavenge. When ctx ends, the scavenge does. Errors: ErrNobody, or what
// the process says.
func AskScavenge(ctx context.Context, dir string, progress func(Progress)) (ScavengeReport, error) {
	var r ScavengeReport
	return r, ask(ctx, dir, "/scavenge", nil, &r, progress)
}

// AskBackup has the process that runs the node in folder dir back it up; see
// Node.Backup. Errors: ErrNobody, or what the process says.
func AskBackup(ctx context.Context, dir, to string, progress func(Progress)) (Manifest, error) {
	var m Manifest
	to, err := filepath.Abs(to)
	if err != nil {
		return m, fmt.Errorf("event node: %w", err)
	}
	return m, ask(ctx, dir, "/backup", to, &m, progress)
}

// ErrNobody says that no process answers for the folder.
var ErrNobody = errors.New("event node: the process that has the folder open does not answer")

func ask(ctx context.Context, dir, path string, body, result any, progress func(Progress)) error {
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dialControl(ctx, dir) },
	}}
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("event node: %w", err)
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://node"+path, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("event node: %w", err)
	}
	resp, err := client.Do(q)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w: %s: %w", ErrNobody, dir, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("event node: asked in %s: %s", dir, resp.Status)
	}
	for in := json.NewDecoder(resp.Body); ; {
		var l controlLine
		if err := in.Decode(&l); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("%w any more: %s: %w", ErrNobody, dir, err)
		}
		switch {
		case l.Error != "":
			return errors.New(l.Error)
		case l.Result != nil:
			return json.Unmarshal(l.Result, result)
		case l.Progress != nil && progress != nil:
			progress(*l.Progress)
		}
	}
}

// listenControl makes the socket, in place of one a process that was killed has
// left: whoever holds the folder's lock may. It is made in a folder nobody else
// may enter, since for a moment it has the mode the process's umask gives it.
func listenControl(dir string) (net.Listener, error) {
	private := filepath.Join(dir, controlSocket+".new")
	if err := os.RemoveAll(private); err != nil {
		return nil, err
	}
	if err := os.Mkdir(private, 0o700); err != nil {
		return nil, err
	}
	ln, err := listenIn(private)
	if err == nil {
		ln.SetUnlinkOnClose(false) // by a name that is not its own any more
		err = errors.Join(os.Chmod(filepath.Join(private, controlSocket), 0o600),
			os.Rename(filepath.Join(private, controlSocket), filepath.Join(dir, controlSocket)))
		if err != nil {
			err = errors.Join(err, ln.Close())
		}
	}
	if err := errors.Join(err, os.RemoveAll(private)); err != nil {
		return nil, err
	}
	return &controlListener{ln, filepath.Join(dir, controlSocket)}, nil
}

func listenIn(dir string) (ln *net.UnixListener, err error) {
	err = shortPath(dir, func(path string) (err error) {
		ln, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	return ln, err
}

// controlListener takes its socket away when it is closed.
type controlListener struct {
	net.Listener
	path string
}

// Close implements net.Listener.
func (l *controlListener) Close() error {
	err := l.Listener.Close()
	if gone := os.Remove(l.path); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

func dialControl(ctx context.Context, dir string) (conn net.Conn, err error) {
	err = shortPath(dir, func(path string) (err error) {
		conn, err = (&net.Dialer{}).DialContext(ctx, "unix", path)
		return err
	})
	return conn, err
}

// maxSocketPath is what every system takes as the name of a socket.
const maxSocketPath = 100

// shortPath calls f with a name of the socket in dir that is short enough for a
// socket. (On Linux, that is; elsewhere a long one fails.)
func shortPath(dir string, f func(path string) error) (err error) {
	path := filepath.Join(dir, controlSocket)
	if len(path) <= maxSocketPath {
		return f(path)
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return f(filepath.Join("/proc/self/fd", strconv.Itoa(int(d.Fd())), controlSocket))
}
