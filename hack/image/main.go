// Command image builds the container image of smtp-mirror as an OCI layout,
// without a daemon, twice, and says whether the two are the same. It has a Go module
// of its own, so that nothing of what it needs gets into the product's.
//
//	image build [--repo ../..] [--out dist] [--platforms linux/amd64,linux/arm64] [--fresh]
//	image push  [--repo ../..] [--out dist] REPOSITORY     by digest, which it prints
//	image tag   REPOSITORY@DIGEST TAG...
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/openova-io/smtp-mirror/hack/image/compile"
	"github.com/openova-io/smtp-mirror/hack/image/inspect"
	"github.com/openova-io/smtp-mirror/hack/image/push"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := dispatch(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// options are the flags of all commands.
type options struct {
	repo, out, platforms string
	fresh                bool
	log                  io.Writer
}

func dispatch(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return errors.New("one of build, push, tag")
	}
	o := options{log: stdout}
	set := flag.NewFlagSet("image "+args[0], flag.ContinueOnError)
	set.StringVar(&o.repo, "repo", "../..", "`directory` of the repository")
	set.StringVar(&o.out, "out", "dist", "`directory` for what is made, as seen from the repository")
	set.StringVar(&o.platforms, "platforms", "linux/amd64,linux/arm64", "what to build for")
	set.BoolVar(&o.fresh, "fresh", false, "the second build compiles everything anew")
	if err := set.Parse(args[1:]); err != nil {
		return err
	}
	if !filepath.IsAbs(o.out) {
		o.out = filepath.Join(o.repo, o.out)
	}
	switch rest := set.Args(); {
	case args[0] == "build" && len(rest) == 0:
		return o.build()
	case args[0] == "push" && len(rest) == 1:
		return o.push(ctx, rest[0])
	case args[0] == "tag" && len(rest) > 1:
		return tag(ctx, rest[0], rest[1:])
	default:
		return fmt.Errorf("image %s: unexpected arguments %q", args[0], rest)
	}
}

func (o options) targets() ([]compile.Platform, error) {
	var all []compile.Platform
	for one := range strings.SplitSeq(o.platforms, ",") {
		system, arch, ok := strings.Cut(one, "/")
		if !ok {
			return nil, fmt.Errorf("--platforms: %q is not OS/ARCH", one)
		}
		all = append(all, compile.Platform{OS: system, Arch: arch})
	}
	return all, nil
}

func (o options) push(ctx context.Context, repository string) error {
	index, err := inspect.Open(filepath.Join(o.out, "image"))
	if err != nil {
		return err
	}
	ref, err := push.Digest(ctx, repository, index)
	if err == nil {
		_, err = fmt.Fprintln(o.log, ref)
	}
	return err
}

func tag(ctx context.Context, ref string, tags []string) error {
	for _, t := range tags {
		if err := push.Tag(ctx, ref, t); err != nil {
			return err
		}
	}
	return nil
}
