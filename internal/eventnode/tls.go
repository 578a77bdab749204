package eventnode

import (
	"crypto/tls"
	"errors"
	"fmt"

	"google.golang.org/grpc/credentials"
)

// transport returns the credentials the node serves with, or nil if it serves
// without TLS.
func (o *Options) transport() (credentials.TransportCredentials, error) {
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("event node: TLS needs both a certificate and its key")
	}
	if o.CertFile == "" {
		if o.UsersFile != "" {
			return nil, errors.New("event node: users need TLS: clients do not send passwords without it")
		}
		return nil, nil
	}
	certificate, err := newWatched([]string{o.CertFile, o.KeyFile}, func() (*tls.Certificate, error) {
		c, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		return &c, err
	}, func(err error) {
		o.Logger.Error("event node: the new TLS certificate cannot be used, the old one stays", "err", err)
	})
	if err != nil {
		return nil, fmt.Errorf("event node: TLS certificate: %w", err)
	}
	return credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS12,
		// Asked for with each connection, so a renewed certificate needs no restart.
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate.get(), nil },
	}), nil
}
