package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a hirelog started for one measurement.
type server struct {
	pid   int
	ended chan error // holds how it ended
	dir   string
	host  string
	token string
}

// start starts hirelog on a fresh data folder.
func start(ctx context.Context, binary, dir string, flags ...string) (*server, error) {
	ready := dir + ".ready"
	args := append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--ready-file", ready, "--no-demo", "--log-level", "error"}, flags...)
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	// It ends with us, whatever ends us. The kernel goes by the thread that
	// started it, so one goroutine keeps that thread.
	cmd.SysProcAttr = dyingWithParent()
	s := &server{ended: make(chan error, 1), dir: dir}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := cmd.Start()
		started <- err
		if err == nil {
			s.ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	s.pid = cmd.Process.Pid
	for range 600 {
		data, err := os.ReadFile(ready)
		if err == nil {
			var r struct {
				URL        string `json:"url"`
				AdminToken string `json:"admin_token"`
			}
			if err := json.Unmarshal(data, &r); err != nil {
				return nil, errors.Join(err, s.stop())
			}
			u, err := url.Parse(r.URL)
			if err != nil {
				return nil, errors.Join(err, s.stop())
			}
			s.host, s.token = u.Host, r.AdminToken
			return s, nil
		}
		select {
		case err := <-s.ended:
			return nil, fmt.Errorf("%s ended before it was ready: %w", binary, errors.Join(err, errors.New("see above")))
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), s.stop())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil, errors.Join(errors.New("the server was not ready within a minute"), s.stop())
}

func (s *server) stop() error {
	// An error means that it ended already, which is told below.
	_ = syscall.Kill(s.pid, syscall.SIGTERM)
	return <-s.ended
}

// database returns the connection string of the server's Postgres.
func (s *server) database() (string, error) {
	var running struct {
		Database string `json:"database"`
	}
	data, err := os.ReadFile(filepath.Join(s.dir, "run.json"))
	if err != nil {
		return "", err
	}
	return running.Database, json.Unmarshal(data, &running)
}

// ask makes one request and decodes its JSON answer into into.
func (s *server) ask(ctx context.Context, method, path string, body, into any) error {
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.host+path, in)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, data)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}

// connection is one HTTP/1.1 connection that costs the load generator as little
// as can be: the machine's cores are the server's.
type connection struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	head string
}

func (s *server) connect(ctx context.Context) (*connection, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.host)
	if err != nil {
		return nil, err
	}
	head := " HTTP/1.1\r\nHost: " + s.host + "\r\nAuthorization: Bearer " + s.token + "\r\nContent-Type: application/json\r\n"
	return &connection{conn: conn, in: bufio.NewReader(conn), head: head}, nil
}

// post sends a command and returns the status and the position it answered
// with.
func (c *connection) post(path, key string, body []byte) (status int, position string, err error) {
	c.out = append(c.out[:0], "POST "...)
	c.out = append(c.out, path...)
	c.out = append(c.out, c.head...)
	if key != "" {
		c.out = append(c.out, "Idempotency-Key: "...)
		c.out = append(c.out, key...)
		c.out = append(c.out, "\r\n"...)
	}
	c.out = append(c.out, "Content-Length: "...)
	c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(c.out, body...)
	return c.roundTrip()
}

// get asks and returns the status.
func (c *connection) get(path string) (status int, err error) {
	c.out = append(c.out[:0], "GET "...)
	c.out = append(c.out, path...)
	c.out = append(c.out, c.head...)
	c.out = append(c.out, "\r\n"...)
	status, _, err = c.roundTrip()
	return status, err
}

func (c *connection) roundTrip() (status int, position string, err error) {
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, "", err
	}
	length := -1
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return 0, "", err
		}
		line = strings.TrimRight(line, "\r\n")
		switch name, value, _ := strings.Cut(line, ": "); {
		case line == "":
			if length < 0 {
				return 0, "", errors.New("an answer without a length")
			}
			_, err := c.in.Discard(length)
			return status, position, err
		case status == 0:
			if status, err = strconv.Atoi(line[9:12]); err != nil {
				return 0, "", err
			}
		case strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.Atoi(value); err != nil {
				return 0, "", err
			}
		case strings.EqualFold(name, "Hirelog-Position"):
			position = value
		}
	}
}
