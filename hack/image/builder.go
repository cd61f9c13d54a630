package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/openova-io/smtp-mirror/hack/image/compile"
	"github.com/openova-io/smtp-mirror/hack/image/license"
	"github.com/openova-io/smtp-mirror/hack/image/pack"
	"github.com/openova-io/smtp-mirror/hack/image/sbom"
	"github.com/openova-io/smtp-mirror/hack/image/stamp"
)

// builder makes the image from one tree.
type builder struct {
	source compile.Source
	stamp  stamp.Stamp
	work   string // for binaries
}

// part is what is made for one platform.
type part struct {
	platform      compile.Platform
	image         v1.Image
	binary        []byte
	sbom, notices []byte
	modules       []license.Module
}

// image makes all parts and joins them.
func (b builder) image(platforms []compile.Platform) (v1.ImageIndex, []part, error) {
	var parts []part
	var images []v1.Image
	var modules []license.Module
	for _, p := range platforms {
		one, err := b.part(p)
		if err != nil {
			return nil, nil, err
		}
		parts, images, modules = append(parts, one), append(images, one.image), append(modules, one.modules...)
	}
	index, err := pack.Index(b.labels(modules), images...)
	return index, parts, err
}

func (b builder) labels(modules []license.Module) map[string]string {
	return pack.Labels(b.stamp.Version, b.stamp.Revision, license.Expression(license.All(modules)))
}

func (b builder) part(p compile.Platform) (part, error) {
	made := part{platform: p}
	file := filepath.Join(b.work, "smtp-mirror-"+p.OS+"-"+p.Arch)
	info, err := b.source.Build(p, file)
	if err != nil {
		return made, err
	}
	if made.binary, err = os.ReadFile(file); err != nil { //nolint:gosec // just built
		return made, err
	}
	if made.modules, err = b.licenses(p); err != nil {
		return made, err
	}
	made.notices = []byte(license.Notices("smtp-mirror", made.modules))
	if made.sbom, err = sbom.SPDX(b.subject(info, made)); err != nil {
		return made, err
	}
	made.image, err = b.pack(made)
	return made, err
}

// licenses are those of what is linked for a platform, the standard library's
// among them, and our own as soon as the repository has one.
func (b builder) licenses(p compile.Platform) ([]license.Module, error) {
	linked, err := b.source.Packages(p)
	if err != nil {
		return nil, err
	}
	root, err := b.source.GoRoot(p)
	if err != nil {
		return nil, err
	}
	var packages []license.Package
	var own compile.Module
	for _, l := range linked {
		switch {
		case l.Module == nil: // of the standard library
		case l.Module.Main:
			own = *l.Module
		default:
			packages = append(packages, license.Package{Dir: l.Dir, Module: l.Module.Path, Version: l.Module.Version, ModuleDir: l.Module.Dir})
		}
	}
	modules, err := license.Collect(packages)
	if err != nil {
		return nil, err
	}
	std, err := license.Single("std", compile.GoVersion(), root)
	if err != nil {
		return nil, err
	}
	ours, err := license.Single(own.Path, b.stamp.Version, own.Dir)
	var missing *license.MissingError
	if errors.As(err, &missing) {
		return append(modules, std), nil
	}
	return append(modules, std, ours), err
}

func (b builder) subject(info *buildinfo.BuildInfo, made part) sbom.Subject {
	sum := sha256.Sum256(made.binary)
	s := sbom.Subject{
		Info: info, Platform: made.platform.String(), SHA256: hex.EncodeToString(sum[:]),
		Version: b.stamp.Version, Revision: b.stamp.Revision, Source: pack.Source,
		Licenses: map[string]string{}, Texts: map[string][]string{},
	}
	for _, m := range made.modules {
		s.Licenses[m.Path] = license.Expression(m.IDs)
		for _, f := range m.Files {
			s.Texts[m.Path] = append(s.Texts[m.Path], f.Name)
		}
	}
	return s
}

// pack puts what changes seldom into a layer of its own, below the program.
func (b builder) pack(made part) (v1.Image, error) {
	texts, err := pack.Layer(pack.File{Name: "licenses/NOTICES.txt", Mode: 0o444, Data: made.notices},
		pack.File{Name: "licenses/sbom.spdx.json", Mode: 0o444, Data: made.sbom})
	if err != nil {
		return nil, err
	}
	program, err := pack.Layer(pack.File{Name: strings.TrimPrefix(pack.Entrypoint, "/"), Mode: 0o555, Data: made.binary})
	if err != nil {
		return nil, err
	}
	return pack.Image(made.platform.OS, made.platform.Arch, b.labels(made.modules), texts, program)
}
