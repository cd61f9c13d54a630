package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/klog/v2"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/rbac"
)

// Exit codes. 64 is sysexits' EX_USAGE.
const (
	exitOK    = 0
	exitError = 1
	exitHeld  = 2
	exitUsage = 64
)

const usage = `usage: smtp-mirror COMMAND [flags]

  run      --config FILE [--kubeconfig F] [--log-format json|text] [--log-level L]
           watch, and keep everything true until SIGTERM
  once     --config FILE [--timeout 60s] [--dry-run] [--kubeconfig F] ...
           make everything true once; exit 1 for any error, else 2 for anything held, else 0
  rotate   [SUBMISSION] --config FILE [--revoke-now] [--kubeconfig F]
           ask the controller for a new credential, with your own rights; --revoke-now, after a
           leak, ends the old one as soon as the mirrors hold the new one
  dkim rotate --now --config FILE [--revoke-now] [--kubeconfig F]
           ask the controller for new DKIM keys; --revoke-now, after a leak, revokes the old ones as
           soon as the new ones sign, also for mail that is on its way
  doctor   --config FILE [--json] [--outgoing-ip A] [--port25 HOST] [--login] [--service-account NAMESPACE/NAME] [--kubeconfig F]
           will the outside accept my mail? Exit 0: yes; 1: something is wrong; 2: it cannot be told
  config   --config FILE
           print the effective configuration
  rbac     --config FILE --service-account NAMESPACE/NAME
           print the Roles and RoleBindings that the configuration needs
  seed     --config FILE [--port 8080] [--timeout 2m] -- STALWART [ARGUMENTS]
           in an init container: start Stalwart 0.16 in recovery mode, make its store ready for the first
           normal start, stop it
  copy     /FILE
           put this program where a container of another image finds it
  greet    HOST:PORT | http://HOST:PORT/PATH
           a probe over loopback: exit 0 when a mail server greets there, or HTTP says 200
  login    --dir DIR | --secret NAMESPACE/NAME [--host NAME] [--wait D] [--ca-file F]
           log in with the bytes of a mounted mirror Secret, as a consumer does
  version
`

// options are the flags of all commands.
type options struct {
	configFile, kubeconfig, logFormat, serviceAccount string
	logLevel                                          slog.Level
	timeout                                           time.Duration
	dryRun, revokeNow, now                            bool
	argument                                          string // of rotate
	doctor                                            doctorFlags

	config *config.Config
	text   []byte // of the file that config was read from
	log    *slog.Logger
	stdout io.Writer
	stderr io.Writer
}

// dispatch runs one command and gives its exit code.
func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	commands := map[string]func(context.Context, *options) int{"run": run, "once": once, "config": printConfig, "rbac": printRBAC, "rotate": rotate, "dkim rotate": rotateKeys, "doctor": examine}
	if len(args) == 0 {
		_, _ = io.WriteString(stderr, usage)
		return exitUsage
	}
	if args[0] == "dkim" && len(args) > 1 {
		args = append([]string{"dkim " + args[1]}, args[2:]...)
	}
	switch args[0] {
	case "version":
		_, _ = fmt.Fprintln(stdout, version())
		return exitOK
	case "seed":
		return seedStalwart(ctx, args[1:], stderr)
	case "copy":
		return copySelf(args[1:], stderr)
	case "greet":
		return greet(ctx, args[1:], stdout, stderr)
	case "login":
		return login(ctx, args[1:], stdout, stderr)
	case "help", "-h", "--help":
		_, _ = io.WriteString(stdout, usage)
		return exitOK
	}
	command := commands[args[0]]
	if command == nil {
		_, _ = fmt.Fprintf(stderr, "smtp-mirror: there is no command %q\n%s", args[0], usage)
		return exitUsage
	}
	o, err := parse(args[0], args[1:], stdout, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "smtp-mirror %s: %v\n", args[0], err)
		return exitUsage
	}
	return command(ctx, o)
}

// parse reads flags and configuration; every error is one of usage.
func parse(command string, args []string, stdout, stderr io.Writer) (*options, error) {
	o := &options{stdout: stdout, stderr: stderr}
	set := flag.NewFlagSet("smtp-mirror "+command, flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&o.configFile, "config", "", "configuration `file` (YAML), required")
	if command == "run" || command == "once" {
		set.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` to find the cluster with; default: the Pod's own ServiceAccount")
		set.StringVar(&o.logFormat, "log-format", "json", "json or text")
		set.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	}
	if command == "once" {
		set.DurationVar(&o.timeout, "timeout", time.Minute, "how long to wait for all targets")
		set.BoolVar(&o.dryRun, "dry-run", false, "write nothing, neither in Kubernetes nor in Stalwart; say what would be written")
	}
	if command == "rbac" {
		set.StringVar(&o.serviceAccount, "service-account", "", "`NAMESPACE/NAME` of the controller's ServiceAccount, required")
	}
	if command == "doctor" {
		set.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` to find the cluster with; default: what kubectl uses")
		o.doctorFlags(set)
	}
	if command == "dkim rotate" {
		set.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` to find the cluster with; default: what kubectl uses")
		set.BoolVar(&o.revokeNow, "revoke-now", false, "revoke the old keys as soon as the new ones sign")
		set.BoolVar(&o.now, "now", false, "do not wait for dkim.rotateEvery, required")
	}
	if command == "rotate" {
		set.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` to find the cluster with; default: what kubectl uses")
		set.BoolVar(&o.revokeNow, "revoke-now", false, "end the old credential as soon as the mirrors hold the new one")
		if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
			o.argument, args = args[0], args[1:]
		}
	}
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	rest := set.Args()
	if command == "rotate" && o.argument == "" && len(rest) > 0 {
		o.argument, rest = rest[0], rest[1:]
	}
	return o, o.check(rest)
}

func (o *options) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	if o.configFile == "" {
		return errors.New("--config is required")
	}
	var err error
	o.text, err = os.ReadFile(o.configFile)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	o.config, err = config.Parse(o.text)
	if err != nil {
		return err
	}
	switch o.logFormat {
	case "", "json":
		o.log = slog.New(slog.NewJSONHandler(o.stderr, &slog.HandlerOptions{Level: o.logLevel}))
	case "text":
		o.log = slog.New(slog.NewTextHandler(o.stderr, &slog.HandlerOptions{Level: o.logLevel}))
	default:
		return fmt.Errorf("--log-format %q is neither json nor text", o.logFormat)
	}
	klog.SetSlogLogger(slog.New(fromInfo{o.log.Handler()})) // client-go speaks through the same log
	return nil
}

// fromInfo keeps client-go's verbose levels off whatever level is asked for: from
// V(8) on it logs the bodies of requests and answers, and those are Secrets.
type fromInfo struct{ slog.Handler }

// Enabled is the handler's own decision, from info up.
func (h fromInfo) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelInfo && h.Handler.Enabled(ctx, l)
}

// WithAttrs keeps the floor.
func (h fromInfo) WithAttrs(a []slog.Attr) slog.Handler { return fromInfo{h.Handler.WithAttrs(a)} }

// WithGroup keeps the floor.
func (h fromInfo) WithGroup(name string) slog.Handler { return fromInfo{h.Handler.WithGroup(name)} }

func printConfig(_ context.Context, o *options) int {
	text, err := o.config.YAML()
	return o.print(text, err)
}

func printRBAC(_ context.Context, o *options) int {
	namespace, name, ok := strings.Cut(o.serviceAccount, "/")
	if !ok || len(validation.IsDNS1123Label(namespace))+len(validation.IsDNS1123Subdomain(name)) > 0 {
		_, _ = fmt.Fprintln(o.stderr, "smtp-mirror rbac: --service-account NAMESPACE/NAME is required")
		return exitUsage
	}
	text, err := rbac.YAML(o.config, namespace, name)
	return o.print(text, err)
}

func (o *options) print(text []byte, err error) int {
	if err == nil {
		_, err = o.stdout.Write(text)
	}
	if err != nil {
		_, _ = fmt.Fprintf(o.stderr, "smtp-mirror: %v\n", err)
		return exitError
	}
	return exitOK
}
