package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/submission"
)

// greetPatience is less than what a probe of the kubelet usually may take.
const greetPatience = 4 * time.Second

// greet is the command greet: a probe of the kubelet, over loopback. A port that takes
// connections is no mail server that answers; and a kubelet that asks by itself comes from
// the node's address, which Stalwart may have banned, where it never bans loopback.
func greet(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) != 1 {
		_, _ = fmt.Fprintln(stderr, "usage: smtp-mirror greet HOST:PORT|http://HOST:PORT/PATH")
		return exitUsage
	}
	ctx, cancel := context.WithTimeout(ctx, greetPatience)
	defer cancel()
	line, err := answer(ctx, args[0])
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "smtp-mirror greet: %s: %v\n", args[0], err)
		return exitError
	}
	_, _ = fmt.Fprintln(stdout, line)
	return exitOK
}

// answer is the greeting of a mail server, or the status of an HTTP server.
func answer(ctx context.Context, address string) (string, error) {
	if strings.HasPrefix(address, "http://") {
		return status(ctx, address)
	}
	line, err := greeting(ctx, address)
	if err == nil && !strings.HasPrefix(line, "220") {
		err = errors.New("it does not greet with 220")
	}
	return line, err
}

func status(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", fmt.Errorf("reading the URL: %w", err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return "", fmt.Errorf("asking: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return "", errors.New("it answers " + response.Status)
	}
	return response.Status, nil
}

// greeting reads the first line, and says goodbye.
func greeting(ctx context.Context, address string) (string, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("dialing: %w", err)
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	const longest = 512 // RFC 5321, section 4.5.3.1.5
	line, err := bufio.NewReader(io.LimitReader(conn, longest)).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("reading the greeting: %w", err)
	}
	_, _ = io.WriteString(conn, "QUIT\r\n")
	return strings.TrimSpace(line), nil
}

// loginFlags are those of the command login.
type loginFlags struct {
	dir, secret, host, ca string
	wait                  time.Duration
}

// login is the command login: it waits until the mirror Secret is that of our own relay, and
// logs in with its bytes as a consumer does.
func login(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var f loginFlags
	set := flag.NewFlagSet("smtp-mirror login", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&f.dir, "dir", "", "`directory` with the keys of the mirror Secret, as a volume has them")
	set.StringVar(&f.secret, "secret", "", "`NAMESPACE/NAME` of the mirror Secret, to be read as the Pod's ServiceAccount")
	set.StringVar(&f.host, "host", "", "the smtp-host to wait for; empty: whatever it is")
	set.StringVar(&f.ca, "ca-file", "", "PEM `file` with the authority of the certificate; default: the system's")
	set.DurationVar(&f.wait, "wait", 0, "how long to wait for it")
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err == nil && ((f.dir == "") == (f.secret == "") || set.NArg() > 0) {
		err = errors.New("--dir or --secret is required, and nothing else")
	}
	if namespace, name, _ := strings.Cut(f.secret, "/"); err == nil && f.secret != "" && (namespace == "" || name == "" || strings.Contains(name, "/")) {
		err = errors.New("--secret is not NAMESPACE/NAME")
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "smtp-mirror login: %v\n", err)
		return exitUsage
	}
	if err := f.run(ctx, stdout); err != nil {
		_, _ = fmt.Fprintf(stderr, "smtp-mirror login: %v\n", err)
		return exitError
	}
	return exitOK
}

// run tries until it works, or the time is up. A refused password is offered once: Stalwart
// counts.
func (f loginFlags) run(ctx context.Context, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, f.wait+smtpPatience)
	defer cancel()
	begin := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		final, err := f.try(ctx, stdout)
		if err == nil || final || time.Since(begin) >= f.wait {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// smtpPatience bounds one login.
const smtpPatience = 25 * time.Second

func (f loginFlags) try(ctx context.Context, stdout io.Writer) (final bool, err error) {
	data, err := f.data(ctx)
	if err != nil {
		return errors.Is(err, rest.ErrNotInCluster), err
	}
	_, domain, _ := strings.Cut(string(data["smtp-from"]), "@")
	c, err := submission.FromSecret(data, domain)
	if err != nil {
		return false, fmt.Errorf("the mirror Secret: %w", err)
	}
	if f.host != "" && c.Host != f.host {
		return false, fmt.Errorf("the mirror Secret still names %s, not %s: the relay is not proven yet", c.Host, f.host)
	}
	request := smtpprobe.Request{Address: net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), ServerName: c.Host, ImplicitTLS: c.ImplicitTLS(),
		User: c.User, Password: c.Password, Senders: []string{c.From}}
	if request.Roots, err = f.roots(); err != nil {
		return true, err
	}
	result := smtpprobe.Probe(ctx, request)
	if result.Verdict != smtpprobe.Accepted {
		return result.Verdict == smtpprobe.PasswordRefused, errors.New(string(result.Verdict) + ": " + result.Detail)
	}
	_, _ = fmt.Fprintf(stdout, "Accepted: a login as %s at %s, and MAIL FROM:<%s>\n", c.User, request.Address, c.From)
	return true, nil
}

// data reads the mirror Secret, from where the flags say.
func (f loginFlags) data(ctx context.Context) (map[string][]byte, error) {
	if f.secret != "" {
		return inCluster(ctx, f.secret)
	}
	data := map[string][]byte{}
	var err error
	for _, key := range []string{"smtp-host", "smtp-port", "smtp-from", "smtp-user", "smtp-pass"} {
		if data[key], err = os.ReadFile(filepath.Join(f.dir, key)); err != nil {
			return nil, fmt.Errorf("the mirror Secret lacks a key: %w", err)
		}
	}
	return data, nil
}

// inCluster reads a Secret as the Pod's ServiceAccount.
func inCluster(ctx context.Context, secret string) (map[string][]byte, error) {
	namespace, name, _ := strings.Cut(secret, "/")
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	client, err := corev1client.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	found, err := client.Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the mirror Secret: %w", err)
	}
	return found.Data, nil
}

func (f loginFlags) roots() (*x509.CertPool, error) {
	if f.ca == "" {
		return nil, nil
	}
	text, err := os.ReadFile(f.ca)
	if err != nil {
		return nil, fmt.Errorf("reading --ca-file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("--ca-file holds no certificate")
	}
	return pool, nil
}
