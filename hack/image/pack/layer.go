package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// File is one in the image. Its name has no slash at the beginning.
type File struct {
	Name string
	Mode int64
	Data []byte
}

// Layer packs files, with the directories that they need.
func Layer(files ...File) (v1.Layer, error) {
	var b bytes.Buffer
	if err := write(tar.NewWriter(&b), files); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }
	// gzip, as everything that runs containers reads it; its best level costs a
	// build some seconds and every pull nothing.
	return tarball.LayerFromOpener(open, tarball.WithCompressionLevel(gzip.BestCompression),
		tarball.WithCompressedCaching, tarball.WithMediaType(types.OCILayer))
}

func write(w *tar.Writer, files []File) error {
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	made := map[string]bool{".": true}
	for _, f := range files {
		if dir := path.Dir(f.Name); !made[dir] {
			made[dir] = true
			if err := w.WriteHeader(header(tar.TypeDir, dir+"/", 0o755, 0)); err != nil {
				return err
			}
		}
		if err := w.WriteHeader(header(tar.TypeReg, f.Name, f.Mode, int64(len(f.Data)))); err != nil {
			return err
		}
		if _, err := w.Write(f.Data); err != nil {
			return err
		}
	}
	return w.Close()
}

// header fixes what tar would take from the machine: times, owners, its dialect.
func header(kind byte, name string, mode, size int64) *tar.Header {
	return &tar.Header{Typeflag: kind, Name: name, Mode: mode, Size: size, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
}
