package eventlog_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain fails the run if any test left a goroutine behind that has not ended
// ten seconds later.
func TestMain(m *testing.M) {
	before := goleak.IgnoreCurrent()
	code := m.Run()
	err := goleak.Find(before)
	for until := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(until); err = goleak.Find(before) {
	}
	if err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
