package eventlog

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// defaultGossipTimeout is how long one host may take to answer the first
// question, in seconds.
const defaultGossipTimeout = 3

// parseConnection reads o's connection string. Errors do not repeat it: it may
// hold a password.
func parseConnection(o ClientOptions) (*esdb.Configuration, error) {
	settings, err := connectionSettings(o.ConnectionString)
	if err != nil {
		return nil, err
	}
	config, err := esdb.ParseConnectionString(o.ConnectionString)
	if err != nil {
		var inURL *url.Error
		if errors.As(err, &inURL) {
			err = inURL.Err
		}
		return nil, err
	}
	if err := checkUserCertificate(config); err != nil {
		return nil, err
	}
	if o.Address != "" {
		if config.DnsDiscover || len(config.GossipSeeds) > 0 {
			return nil, errors.New("an address cannot be combined with discovery or several hosts")
		}
		config.Address = o.Address
	}
	if _, set := settings["gossiptimeout"]; !set {
		config.GossipTimeout = defaultGossipTimeout
	}
	if config.GossipTimeout < 1 {
		return nil, errors.New("gossipTimeout must be at least 1 s")
	}
	// One discovery for each generation: the next try is another generation's.
	config.MaxDiscoverAttempts = 1
	config.DiscoveryInterval = 1
	// The client's own deadline must not cut an attempt short.
	deadline := 2 * positiveOr(o.AttemptTimeout, DefaultAttemptTimeout)
	config.DefaultDeadline = &deadline
	return config, nil
}

// connectionSettings returns the settings behind the "?", keys in lower case. It
// refuses what the client would pass over in silence or with a line on standard
// error.
func connectionSettings(s string) (map[string]string, error) {
	_, query, _ := strings.Cut(s, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("the settings behind ? cannot be read")
	}
	settings := make(map[string]string, len(values))
	for key, list := range values {
		lower := strings.ToLower(key)
		if _, twice := settings[lower]; twice || len(list) > 1 {
			return nil, fmt.Errorf("setting %q comes twice", key)
		}
		settings[lower] = list[0]
		switch lower {
		case "tls", "tlsverifycert", "tlscafile", "usercertfile", "userkeyfile", "nodepreference",
			"discoveryinterval", "gossiptimeout", "maxdiscoverattempts", "keepalivetimeout":
		case "keepaliveinterval":
			if ms, err := strconv.Atoi(list[0]); err != nil || ms != -1 && ms < 10_000 {
				return nil, fmt.Errorf("%s is -1 or at least 10000 ms, not %q", key, list[0])
			}
		case "defaultdeadline":
			if ms, err := strconv.Atoi(list[0]); err != nil || ms < 1 {
				return nil, fmt.Errorf("%s is a number of milliseconds, not %q", key, list[0])
			}
		default:
			return nil, fmt.Errorf("there is no setting %q", key)
		}
	}
	return settings, nil
}

// checkUserCertificate loads the user certificate once, since the client loads
// it again for every connection and survives no failure there.
func checkUserCertificate(config *esdb.Configuration) error {
	if err := config.Validate(); err != nil || config.UserCertFile == "" {
		return err
	}
	if _, err := tls.LoadX509KeyPair(config.UserCertFile, config.UserKeyFile); err != nil {
		return fmt.Errorf("user certificate: %w", err)
	}
	return nil
}
