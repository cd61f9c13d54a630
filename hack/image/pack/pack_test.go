package pack

import (
	"archive/tar"
	"io"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func index(t *testing.T) v1.ImageIndex {
	t.Helper()
	labels := Labels("1.2.3", "0123", "MIT")
	var images []v1.Image
	for _, arch := range []string{"amd64", "arm64"} {
		layer, err := Layer(File{"licenses/b.txt", 0o444, []byte("b")}, File{"licenses/a.txt", 0o444, []byte("a")}, File{"smtp-mirror", 0o555, []byte(arch)})
		if err != nil {
			t.Fatal(err)
		}
		image, err := Image("linux", arch, labels, layer)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, image)
	}
	all, err := Index(labels, images...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheSameFilesMakeTheSameImage(t *testing.T) {
	first, err := index(t).Digest()
	if err != nil {
		t.Fatal(err)
	}
	second, err := index(t).Digest()
	if err != nil || first != second {
		t.Errorf("%s, then %s (%v)", first, second, err)
	}
}

func TestLayerTakesNothingFromTheMachine(t *testing.T) {
	layer, err := Layer(File{"licenses/b", 0o444, []byte("b")}, File{"licenses/a", 0o444, []byte("a")}, File{"smtp-mirror", 0o555, nil})
	if err != nil {
		t.Fatal(err)
	}
	content, err := layer.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for r := tar.NewReader(content); ; {
		h, err := r.Next()
		if err == io.EOF { //nolint:errorlint // a reader gives it as it is
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.ModTime.Unix() != 0 || h.Mode&0o222 != 0 && h.Typeflag != tar.TypeDir {
			t.Errorf("%+v", h)
		}
	}
	if got := strings.Join(names, " "); got != "licenses/ licenses/a licenses/b smtp-mirror" {
		t.Error(got)
	}
}

func TestWriteReplacesWhatWasThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "image")
	for range 2 {
		if err := Write(dir, "1.2.3", index(t)); err != nil {
			t.Fatal(err)
		}
	}
	back, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(back); err != nil {
		t.Error(err)
	}
	manifest, err := back.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "1.2.3" {
		t.Errorf("%+v, %v", manifest, err)
	}
}
