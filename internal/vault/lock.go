package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lockKeyset takes the lock beside the keyset file, which every process that
// writes the file holds. It ends with the process, whatever happens to it. The
// lock is released by calling unlock.
func lockKeyset(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock keyset: %w", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = f.Close()
			return nil, fmt.Errorf("lock keyset: %w", err)
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("lock keyset: %w", ctx.Err())
		case <-tick.C:
		}
	}
}
