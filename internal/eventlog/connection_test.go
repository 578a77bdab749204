package eventlog_test

import (
	"strings"
	"testing"

	"github.com/hirelog/hirelog/internal/eventlog"
)

func TestConnectRefusesWhatCannotWork(t *testing.T) {
	const secret = "s3cr3t"
	for name, o := range map[string]eventlog.ClientOptions{
		"nothing":                   {},
		"another scheme":            {ConnectionString: "http://user:" + secret + "@localhost:2113"},
		"no host":                   {ConnectionString: "esdb://"},
		"a bad port":                {ConnectionString: "esdb://user:" + secret + "@localhost:port"},
		"a broken escape":           {ConnectionString: "esdb://user:" + secret + "%zz@localhost"},
		"a path":                    {ConnectionString: "esdb://localhost:2113/path"},
		"an unknown setting":        {ConnectionString: "esdb://localhost:2113?connectionName=x"},
		"a setting twice":           {ConnectionString: "esdb://localhost:2113?tls=false&TLS=true"},
		"a bad boolean":             {ConnectionString: "esdb://localhost:2113?tls=maybe"},
		"a bad deadline":            {ConnectionString: "esdb://localhost:2113?defaultDeadline=soon"},
		"a bad keep-alive":          {ConnectionString: "esdb://localhost:2113?keepAliveInterval=500"},
		"a bad preference":          {ConnectionString: "esdb://localhost:2113?nodePreference=best"},
		"no gossip timeout":         {ConnectionString: "esdb://localhost:2113?gossipTimeout=0"},
		"a CA file that is none":    {ConnectionString: "esdb://localhost:2113?tlsCAFile=/nowhere/ca.pem"},
		"half a user certificate":   {ConnectionString: "esdb://localhost:2113?userCertFile=/nowhere/c.pem"},
		"a certificate that is not": {ConnectionString: "esdb://localhost:2113?userCertFile=/nowhere/c&userKeyFile=/nowhere/k"},
		"an address for a cluster":  {ConnectionString: "esdb://a:1,b:2", Address: "unix:/x"},
		"an address to discover":    {ConnectionString: "esdb+discover://a:1", Address: "unix:/x"},
	} {
		c, err := eventlog.Connect(o)
		if err == nil {
			_ = c.Close()
			t.Errorf("%s: was accepted", name)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error %q shows the password", name, err)
		}
	}
}

func TestConnectNeverDials(t *testing.T) {
	for _, s := range []string{
		"esdb://localhost:1?tls=false",
		"esdb://user:pass@localhost:1?tlsVerifyCert=false&keepAliveInterval=-1",
		"esdb://a:1,b:2,c:3?nodePreference=follower&gossipTimeout=1",
		"esdb+discover://cluster.example:2113?maxDiscoverAttempts=3&discoveryInterval=10&defaultDeadline=5000",
	} {
		c, err := eventlog.Connect(eventlog.ClientOptions{ConnectionString: s})
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		for range 2 {
			if err := c.Close(); err != nil {
				t.Errorf("%s: close: %v", s, err)
			}
		}
		if got := c.Stats(); got != (eventlog.ClientStats{}) {
			t.Errorf("%s: %+v", s, got)
		}
	}
}
