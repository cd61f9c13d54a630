package inspect

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// Fault is something in an image that should be otherwise.
type Fault struct{ What, Got, Want string }

func (f *Fault) Error() string {
	return fmt.Sprintf("the image: %s is %q, not %q", f.What, f.Got, f.Want)
}

// Open gives the image that a layout holds, after every digest and size in it has
// been computed again.
func Open(dir string) (v1.ImageIndex, error) {
	outer, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, err
	}
	manifest, err := outer.IndexManifest()
	if err != nil {
		return nil, err
	}
	if n := len(manifest.Manifests); n != 1 {
		return nil, &Fault{"the number of images in the layout", fmt.Sprint(n), "1"}
	}
	index, err := outer.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		return nil, err
	}
	return index, validate.Index(index)
}

// Images are the images of an index, by platform.
func Images(index v1.ImageIndex) (map[string]v1.Image, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	all := map[string]v1.Image{}
	for _, d := range manifest.Manifests {
		image, err := index.Image(d.Digest)
		if err != nil {
			return nil, err
		}
		all[d.Platform.OS+"/"+d.Platform.Architecture] = image
	}
	return all, nil
}

// Size is what a pull of an image transfers, and what it takes on a disk.
type Size struct{ Compressed, Unpacked int64 }

// SizeOf measures an image.
func SizeOf(image v1.Image) (Size, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return Size{}, err
	}
	own, err := image.Size()
	s := Size{Compressed: own + manifest.Config.Size}
	for _, l := range manifest.Layers {
		s.Compressed += l.Size
	}
	if err != nil {
		return Size{}, err
	}
	return s, walk(image, func(h *tar.Header, _ io.Reader) error {
		s.Unpacked += h.Size
		return nil
	})
}

// walk reads every entry of every layer, in the order of unpacking.
func walk(image v1.Image, each func(*tar.Header, io.Reader) error) error {
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, l := range layers {
		if err := entries(l, each); err != nil {
			return err
		}
	}
	return nil
}

func entries(l v1.Layer, each func(*tar.Header, io.Reader) error) error {
	content, err := l.Uncompressed()
	if err != nil {
		return err
	}
	defer content.Close() //nolint:errcheck // read only
	for r := tar.NewReader(content); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(h, r); err != nil {
			return err
		}
	}
}
