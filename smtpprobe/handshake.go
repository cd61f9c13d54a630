package smtpprobe

import (
	"context"
	"crypto/x509"
	"net"
)

// Handshake does no more than STARTTLS, or TLS from the first byte, and gives the
// certificates, the leaf first, that the server shows to a client that asks for ServerName;
// "" asks for none. Nothing is verified but that the server has the key: which
// certificate it is judges the caller. The verdict is Accepted when there is one.
func Handshake(ctx context.Context, r Request) ([]*x509.Certificate, Result) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", r.Address)
	if err != nil {
		return nil, Result{Verdict: Unreachable, Address: r.Address, Detail: r.Address + ": " + dialProblem(err)}
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	r.NoVerify = true
	client, bad := secure(conn, r)
	if bad != nil {
		return nil, *bad
	}
	defer func() { _ = client.Quit() }()
	state, ok := client.TLSConnectionState()
	if !ok || len(state.PeerCertificates) == 0 {
		return nil, Result{Verdict: NoTLS, Detail: r.Address + " showed no certificate"}
	}
	return state.PeerCertificates, Result{Verdict: Accepted}
}
