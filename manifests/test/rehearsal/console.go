//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/openova-io/smtp-mirror/internal/crowd"
	"github.com/openova-io/smtp-mirror/redact"
)

// consoleCommand makes this program a consumer of the mirror, in a Pod of its own.
const consoleCommand = "console"

// pace is below the five connections in a second that Stalwart takes from one address.
const pace = 300 * time.Millisecond

// console logs in all the time with what it was started with, as the platform's console
// does, and says how it went: a line for each login.
func console() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	host := os.Getenv("SMTP_HOST")
	l := crowd.Login{Address: net.JoinHostPort(host, os.Getenv("SMTP_PORT")), From: address(), ServerName: host,
		User: os.Getenv("SMTP_USER"), Password: redact.New(os.Getenv("SMTP_PASS")), Sender: os.Getenv("SMTP_FROM")}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		a := l.Try(ctx)
		if ctx.Err() != nil {
			return 0
		}
		fmt.Printf("%d %s %s %s\n", time.Now().UnixMilli(), a.Outcome, host, a.Detail)
		select {
		case <-ctx.Done():
			return 0
		case <-tick.C:
		}
	}
}

// address is the Pod's own.
func address() net.IP {
	all, _ := net.InterfaceAddrs() // none: the kernel chooses
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return n.IP
		}
	}
	return nil
}
