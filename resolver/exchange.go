package resolver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/zone"
)

const (
	ednsSize = 1232 // fits into one packet everywhere (DNS flag day 2020)
	maxChain = 8    // CNAMEs, and referrals, that are followed
)

// ask puts one question to one server: twice by UDP, then by TCP, at once where the
// answer is cut off. It fails only by a Problem.
func (r *Resolver) ask(ctx context.Context, server string, q dns.Question, within string, authority bool) reply {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return failed(server, ctx.Err())
	}
	edns := true
	got := reply{}
	for _, network := range []string{"udp", "udp", "tcp"} {
		packet, err := r.try(ctx, network, server, q, edns, authority)
		if err != nil {
			got = failed(server, err)
			if ctx.Err() != nil || got.noRoute {
				return got
			}
			continue
		}
		got = decode(packet, q, within, authority)
		got.answer.Server = server
		if got.plainOnly && edns {
			edns = false
			continue
		}
		if !got.truncated {
			return got
		}
		if packet, err = r.try(ctx, "tcp", server, q, edns, authority); err != nil {
			return failed(server, err)
		}
		got = decode(packet, q, within, authority)
		got.answer.Server = server
		return got
	}
	return got
}

// failed says why nothing came; the text of an error of the system may hold addresses,
// never what was in a packet.
func failed(server string, err error) reply {
	problem := "no connection"
	r := reply{}
	switch {
	case errors.Is(err, context.Canceled):
		problem = "not waited for"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		problem = "timed out"
	case errors.Is(err, syscall.ECONNREFUSED):
		problem = "nobody listens there"
	case errors.Is(err, syscall.EHOSTUNREACH):
		problem = "the host cannot be reached"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
		problem, r.noRoute = "no route to it", true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		problem = "the connection was closed"
	}
	r.answer = zone.Answer{Server: server, Problem: problem}
	return r
}

// try sends the question once and waits for a packet that belongs to it.
func (r *Resolver) try(ctx context.Context, network, server string, q dns.Question, edns, authority bool) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	conn, err := r.config.Dial(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	// An end of the context interrupts what waits; the deadline is within it.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	id, packet, err := request(q, edns, authority)
	if err != nil {
		return nil, err
	}
	if err := send(conn, network, packet); err != nil {
		return nil, err
	}
	for {
		packet, err := receive(conn, network)
		if err != nil {
			return nil, err
		}
		if belongs(packet, id, q) {
			return packet, nil
		}
	}
}

// request packs a question under a random id.
func request(q dns.Question, edns, authority bool) (id uint16, packet []byte, err error) {
	m := dns.Msg{MsgHdr: dns.MsgHdr{Id: dns.Id(), RecursionDesired: !authority, AuthenticatedData: !authority}, Question: []dns.Question{q}}
	if edns {
		m.SetEdns0(ednsSize, false)
	}
	packet, err = m.Pack()
	return m.Id, packet, err
}

func send(conn net.Conn, network string, packet []byte) error {
	if network == "tcp" {
		packet = append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...) //nolint:gosec // a question has at most 300 bytes
	}
	_, err := conn.Write(packet)
	return err
}

func receive(conn net.Conn, network string) ([]byte, error) {
	if network == "tcp" {
		var length uint16
		if err := binary.Read(conn, binary.BigEndian, &length); err != nil {
			return nil, err
		}
		packet := make([]byte, length)
		_, err := io.ReadFull(conn, packet)
		return packet, err
	}
	packet := make([]byte, dns.MaxMsgSize)
	n, err := conn.Read(packet)
	return packet[:n], err
}
