package main

import (
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/openova-io/smtp-mirror/hack/image/compile"
	"github.com/openova-io/smtp-mirror/hack/image/pack"
	"github.com/openova-io/smtp-mirror/hack/image/stamp"
)

// UnequalError is two builds of one tree that differ.
type UnequalError struct {
	First, Second v1.Hash
	Kept          string // where the second lies
}

func (e *UnequalError) Error() string {
	return fmt.Sprintf("two builds are UNEQUAL: %s, then %s (kept in %s)", e.First, e.Second, e.Kept)
}

// build makes the image, makes it again elsewhere, and reports.
func (o options) build() error {
	platforms, err := o.targets()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "image")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) //nolint:errcheck // of the temporary directory
	s, err := stamp.Of(o.repo)
	if err != nil {
		return err
	}
	first := builder{compile.Source{Dir: o.repo, Version: s.Version}, s, work}
	index, parts, err := first.image(platforms)
	if err != nil {
		return err
	}
	if err := pack.Write(filepath.Join(o.out, "image"), s.Version, index); err != nil {
		return err
	}
	made, err := o.describe(s, parts)
	if err != nil {
		return err
	}
	if err := o.artefacts(made, parts); err != nil {
		return err
	}
	if err := o.again(first, platforms, index); err != nil {
		return err
	}
	return o.report(made, parts)
}

// again builds from a copy of the tree in another directory, with a build cache
// that is empty where --fresh says so, and compares.
func (o options) again(first builder, platforms []compile.Platform, index v1.ImageIndex) error {
	second := first
	second.source.Dir, second.work = filepath.Join(first.work, "copy"), filepath.Join(first.work, "second")
	if o.fresh {
		second.source.Cache = filepath.Join(first.work, "cache")
	}
	if err := os.MkdirAll(second.work, 0o750); err != nil {
		return err
	}
	if err := compile.Copy(o.repo, second.source.Dir); err != nil {
		return err
	}
	other, _, err := second.image(platforms)
	if err != nil {
		return err
	}
	return o.compare(first.stamp.Version, index, other)
}

func (o options) compare(version string, index, other v1.ImageIndex) error {
	unequal := &UnequalError{Kept: filepath.Join(o.out, "image-second")}
	var err error
	if unequal.First, err = index.Digest(); err != nil {
		return err
	}
	if unequal.Second, err = other.Digest(); err != nil {
		return err
	}
	if unequal.First == unequal.Second {
		return nil
	}
	if err := pack.Write(unequal.Kept, version, other); err != nil {
		return err
	}
	return unequal
}
