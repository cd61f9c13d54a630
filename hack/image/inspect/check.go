package inspect

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/openova-io/smtp-mirror/hack/image/pack"
)

// Files is all that may be in the image, in the order of unpacking.
var Files = []string{"licenses/", "licenses/NOTICES.txt", "licenses/sbom.spdx.json", "smtp-mirror"}

// Check looks at one image.
func Check(image v1.Image) error {
	file, err := image.ConfigFile()
	if err != nil {
		return err
	}
	for _, is := range []Fault{
		{"user", file.Config.User, pack.User},
		{"entrypoint", strings.Join(file.Config.Entrypoint, " "), pack.Entrypoint},
		{"command", strings.Join(file.Config.Cmd, " "), ""},
		{"environment", strings.Join(file.Config.Env, " "), ""},
		{"date", file.Created.UTC().Format("2006-01-02"), "1970-01-01"},
		{"title", file.Config.Labels["org.opencontainers.image.title"], "smtp-mirror"},
		{"source", file.Config.Labels["org.opencontainers.image.source"], pack.Source},
	} {
		if is.Got != is.Want {
			return &is
		}
	}
	return content(image)
}

// content looks at every file: its owner, its time, its right to be there.
func content(image v1.Image) error {
	var names []string
	err := walk(image, func(h *tar.Header, r io.Reader) error {
		names = append(names, h.Name)
		owner := fmt.Sprintf("%d:%d at %d, writable: %v", h.Uid, h.Gid, h.ModTime.Unix(), h.Mode&0o022 != 0)
		if want := "0:0 at 0, writable: false"; owner != want {
			return &Fault{h.Name, owner, want}
		}
		if h.Name != "smtp-mirror" {
			return nil
		}
		return static(r)
	})
	if got, want := strings.Join(names, " "), strings.Join(Files, " "); err == nil && got != want {
		return &Fault{"the list of files", got, want}
	}
	return err
}

// static looks whether a program needs an interpreter or libraries, of which there
// are none.
func static(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	program, err := elf.NewFile(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("the program in the image: %w", err)
	}
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			return &Fault{"the program's " + p.Type.String(), "there", ""}
		}
	}
	return nil
}
