package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/openova-io/smtp-mirror/hack/image/inspect"
	"github.com/openova-io/smtp-mirror/hack/image/license"
	"github.com/openova-io/smtp-mirror/hack/image/pack"
	"github.com/openova-io/smtp-mirror/hack/image/stamp"
)

// goal is how much a pull may transfer.
const goal = 20_000_000

// runs is how often the start is timed.
const runs = 21

// description is what was made: image.json, which the release reads.
type description struct {
	Version   string              `json:"version"`
	Revision  string              `json:"revision"`
	Digest    string              `json:"digest"`
	Platforms []described         `json:"platforms"`
	images    map[string]v1.Image // by platform
}

type described struct {
	Platform   string `json:"platform"`
	Digest     string `json:"digest"`
	Compressed int64  `json:"compressedBytes"`
	Unpacked   int64  `json:"unpackedBytes"`
	SBOM       string `json:"sbom"`
	Notices    string `json:"notices"`
}

// describe reads the image back from the disk, checks it and measures it.
func (o options) describe(s stamp.Stamp, parts []part) (description, error) {
	d := description{Version: s.Version, Revision: s.Revision}
	index, err := inspect.Open(filepath.Join(o.out, "image"))
	if err != nil {
		return d, err
	}
	digest, err := index.Digest()
	if err != nil {
		return d, err
	}
	d.Digest = digest.String()
	if d.images, err = inspect.Images(index); err != nil {
		return d, err
	}
	for _, p := range parts {
		one, err := measure(d.images[p.platform.String()])
		if err != nil {
			return d, err
		}
		name := p.platform.OS + "-" + p.platform.Arch
		one.Platform, one.SBOM, one.Notices = p.platform.String(), "sbom-"+name+".spdx.json", "notices-"+name+".txt"
		d.Platforms = append(d.Platforms, one)
	}
	return d, nil
}

func measure(image v1.Image) (described, error) {
	if err := inspect.Check(image); err != nil {
		return described{}, err
	}
	digest, err := image.Digest()
	if err != nil {
		return described{}, err
	}
	size, err := inspect.SizeOf(image)
	return described{Digest: digest.String(), Compressed: size.Compressed, Unpacked: size.Unpacked}, err
}

// artefacts writes what belongs beside the layout.
func (o options) artefacts(d description, parts []part) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	files := map[string][]byte{"image.json": append(text, '\n')}
	for i, p := range parts {
		files[d.Platforms[i].SBOM], files[d.Platforms[i].Notices] = p.sbom, p.notices
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(o.out, name), text, 0o644); err != nil { //nolint:gosec // to be read by others
			return err
		}
	}
	return nil
}

func (o options) report(d description, parts []part) error {
	o.say("%s, version %s, revision %s", o.shown("image"), d.Version, d.Revision)
	modules := parts[0].modules
	o.say("%d modules are linked, with %s", len(modules), strings.Join(license.All(modules), ", "))
	if !slices.ContainsFunc(modules, func(m license.Module) bool { return strings.HasSuffix(pack.Source, m.Path) }) {
		o.say("our own licence is not among them: the repository has no LICENSE file")
	}
	if unknown := license.Unknown(modules); len(unknown) > 0 {
		o.say("licences that nobody has recognised: %s", strings.Join(unknown, ", "))
	}
	for _, p := range d.Platforms {
		verdict := "met"
		if p.Compressed > goal {
			verdict = "MISSED"
		}
		o.say("%s: %.1f MB compressed (goal %d MB: %s), %.1f MB unpacked", p.Platform, mega(p.Compressed), goal/1_000_000, verdict, mega(p.Unpacked))
	}
	if err := o.start(d); err != nil {
		return err
	}
	how := "in another directory"
	if o.fresh {
		how += ", everything compiled anew"
	}
	o.say("built twice (%s): EQUAL", how)
	o.say("digest %s", d.Digest)
	return nil
}

// start times the program of this machine's platform.
func (o options) start(d description) error {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	image, ok := d.images[platform]
	if !ok {
		o.say("start time: not measured, as this machine is %s", platform)
		return nil
	}
	dir, err := os.MkdirTemp("", "image-root")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of the temporary directory
	root, err := inspect.Unpack(image, dir)
	if err != nil {
		return err
	}
	median, err := root.StartTime(runs)
	if err == nil {
		o.say("%s: `smtp-mirror version` takes %.1f ms (median of %d)", platform, median.Seconds()*1000, runs)
	}
	return err
}

// shown is a file among what was made, as seen from the repository.
func (o options) shown(name string) string {
	file := filepath.Join(o.out, name)
	if seen, err := filepath.Rel(o.repo, file); err == nil && filepath.IsLocal(seen) {
		return seen
	}
	return file
}

func (o options) say(format string, args ...any) {
	_, _ = fmt.Fprintf(o.log, "image: "+format+"\n", args...)
}

func mega(bytes int64) float64 { return float64(bytes) / 1e6 }
