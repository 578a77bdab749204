package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/hirelog/hirelog/internal/clamd"
)

// What a made-up scanner says of the company's files, they say themselves.
const (
	unscanned = "No scanner has looked at this. "
	infected  = "This stands for malware. "
)

// Scanner is the malware scanner that the commands have by which a company is
// loaded: it finds a file infected, and is away when another one comes, so that the
// company has a file in quarantine and one that is held. It is safe for concurrent use.
type Scanner struct{}

// Scan implements commands.Scanner.
func (Scanner) Scan(_ context.Context, r io.Reader) (infection string, err error) {
	content, err := io.ReadAll(r)
	switch {
	case err != nil:
		return "", err
	case bytes.HasPrefix(content, []byte(unscanned)):
		return "", fmt.Errorf("the demo company's scanner is away: %w", clamd.ErrUnavailable)
	case bytes.HasPrefix(content, []byte(infected)):
		return "Demo.Harmless", nil
	}
	return "", nil
}
