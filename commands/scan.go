package commands

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
)

// Scanner says what a file is infected with, "" for nothing. *clamd.Client is
// one. Its errors mean that nothing is known of the file.
type Scanner interface {
	Scan(ctx context.Context, r io.Reader) (infection string, err error)
}

// ErrInfected means that a file was found to be malware.
var ErrInfected = &domain.Refusal{Kind: domain.Invalid, Code: "file_infected", Message: "The malware scanner has found the file to be infected; it was not taken in."}

// scanned returns the content of a file on its way in to be read from its
// beginning, once the scanner, if there is one, has found nothing in it. Nothing
// is kept of a file before: one that was not scanned, nobody can read.
// Errors: ErrInfected; those of the scanner.
func (c *Commands) scanned(ctx context.Context, content io.Reader, limit int64, application string) (io.Reader, error) {
	if c.scanner == nil {
		return content, nil
	}
	again, err := rewound(content, limit)
	if err != nil {
		return nil, err
	}
	infection, err := c.scanner.Scan(ctx, io.LimitReader(again, limit))
	switch {
	case err != nil:
		return nil, fmt.Errorf("scan a file: %w", err)
	case infection != "":
		c.logger.Warn("an infected file was refused", "application", application, "infection", infection)
		return nil, ErrInfected
	}
	_, err = again.Seek(0, io.SeekStart)
	return again, err
}

// rewound returns content in a form that can be read twice.
func rewound(content io.Reader, limit int64) (io.ReadSeeker, error) {
	if seeker, ok := content.(io.ReadSeeker); ok {
		return seeker, nil
	}
	whole, err := io.ReadAll(io.LimitReader(content, limit+1))
	if err == nil && int64(len(whole)) > limit {
		err = application.ErrFileTooLarge.Because("A file has more than %d MiB.", limit>>20)
	}
	return bytes.NewReader(whole), err
}
