package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// What happens to the controller.

// killSoon ends the newest process within a second, without a chance to say goodbye.
func killSoon(ctx context.Context, s *site) error {
	pause(ctx, time.Duration(rand.IntN(1000))*time.Millisecond) // the moment is the test
	p := s.lives[len(s.lives)-1]
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	_, err := p.Wait(ctx)
	return err
}

// twin adds a second controller, which like the first one asks nobody.
func twin(ctx context.Context, s *site) error {
	dir := filepath.Join(s.Dir, "twin")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	t, err := s.Twin(ctx, dir, "rig-2")
	s.replicas = append(s.replicas, t)
	return err
}

// longOverlap leaves time for three lives of the controller in one rotation.
func longOverlap(c *config.Config) { c.Submissions[0].Rotation.Overlap.Duration = 3 * time.Second }

func withoutElection(c *config.Config) { c.LeaderElection.Enabled = false }

// What happens to names: the controller runs in a mount namespace of its own, whose
// /etc/hosts is a file of ours, so that it really resolves.

// mountNamespace says why there can be none here.
func mountNamespace() error {
	out, err := exec.Command("unshare", unshareFlags(), "sh", "-c", "mount --bind /dev/null /etc/hosts").CombinedOutput()
	if err != nil {
		return fmt.Errorf("a mount namespace is not to be had: %w %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

func unshareFlags() string {
	if os.Geteuid() == 0 {
		return "-m"
	}
	return "-rm"
}

// named makes the controller reach Stalwart by its name, at the first of two
// addresses.
func named(_ context.Context, s *site) error {
	wrapper := fmt.Sprintf("#!/bin/sh\nexec unshare %s sh -c 'mount --bind \"$0\" /etc/hosts && exec \"$@\"' '%s' '%s' \"$@\"\n", unshareFlags(), s.hosts(), s.Binary)
	s.Binary = filepath.Join(s.Dir, "smtp-mirror-with-hosts")
	if err := os.WriteFile(s.Binary, []byte(wrapper), 0o700); err != nil { //nolint:gosec // a program
		return err
	}
	ports, err := child.FreePorts(2)
	if err != nil {
		return err
	}
	s.ports = [2]int(ports)
	if err := s.moveTo(2); err != nil {
		return err
	}
	return s.Reconfigure(s.DefaultConfig(), func(c *config.Config) {
		s.tune(c)
		c.Stalwart.URL = fmt.Sprintf("http://%s:%d", rig.MailHost, ports[0])
		c.Submissions[0].Probe.Address = fmt.Sprintf("%s:%d", rig.MailHost, ports[1])
	})
}

func (s *site) hosts() string { return filepath.Join(s.Dir, "hosts") }

// moveTo makes Stalwart reachable at 127.0.network.N, and its name say so.
func (s *site) moveTo(network int) error {
	address := fmt.Sprintf("127.0.%d.%d", network, s.number)
	for i, upstream := range []string{strings.TrimPrefix(s.Mail.URL(), "http://"), s.Mail.SubmissionAddr()} {
		link, err := rig.NewLink(net.JoinHostPort(address, fmt.Sprint(s.ports[i])), upstream, "")
		if err != nil {
			return err
		}
		s.links = append(s.links, link)
	}
	return os.WriteFile(s.hosts(), []byte("127.0.0.1 localhost\n"+address+" "+rig.MailHost+"\n"), 0o600)
}

// leave ends the links to the first address; the name still says it.
func leave(_ context.Context, s *site) error {
	for _, l := range s.links[:2] {
		l.Close()
	}
	return nil
}

func arrive(_ context.Context, s *site) error { return s.moveTo(3) }

// behindSlowLink makes the controller reach Stalwart through a link.
func behindSlowLink(_ context.Context, s *site) error {
	link, err := rig.NewLink("127.0.0.1:0", strings.TrimPrefix(s.Mail.URL(), "http://"), "")
	if err != nil {
		return err
	}
	s.links = append(s.links, link)
	return s.Reconfigure(s.DefaultConfig(), func(c *config.Config) {
		s.tune(c)
		c.Stalwart.URL = "http://" + link.Addr()
	})
}

func slow(d time.Duration) act {
	return func(_ context.Context, s *site) error {
		s.links[0].Slow(d)
		return nil
	}
}
