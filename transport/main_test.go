package transport

import (
	"os"
	"testing"

	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }
