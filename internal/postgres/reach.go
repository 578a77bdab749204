package postgres

import (
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// OutOfReach reports whether an error of a query means that Postgres could not
// be asked or broke off what it was doing: the same query may work later. It
// says nothing of contexts that ended.
func OutOfReach(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// Connection broken, too many, shutting down or starting, a standby after
		// a failover, a transaction that timed out or was broken off.
		for _, class := range []string{"08", "53", "57P", "57014", "25006", "25P03", "40"} {
			if strings.HasPrefix(pg.Code, class) {
				return true
			}
		}
		return false
	}
	var connect *pgconn.ConnectError
	var network *net.OpError // not net.Error: errors of files are that, too
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, puddle.ErrClosedPool) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		pgconn.SafeToRetry(err)
}
