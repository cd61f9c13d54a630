package inspect

import (
	"errors"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/openova-io/smtp-mirror/hack/image/pack"
)

func image(t *testing.T, files ...pack.File) v1.Image {
	t.Helper()
	layer, err := pack.Layer(files...)
	if err != nil {
		t.Fatal(err)
	}
	i, err := pack.Image("linux", "amd64", pack.Labels("1.2.3", "0123", "MIT"), layer)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestCheckFindsFaults(t *testing.T) {
	root := image(t, pack.File{Name: "a", Mode: 0o444})
	file, err := root.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config := file.Config
	config.User = "0:0"
	asRoot, err := mutate.Config(root, config)
	if err != nil {
		t.Fatal(err)
	}
	for what, bad := range map[string]v1.Image{
		"user":              asRoot,
		"the list of files": root,
		"writable":          image(t, pack.File{Name: "writable", Mode: 0o666}),
	} {
		var fault *Fault
		if err := Check(bad); !errors.As(err, &fault) || fault.What != what {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := Check(image(t, pack.File{Name: "smtp-mirror", Mode: 0o555, Data: []byte("#!/bin/sh")})); err == nil {
		t.Error("a program that needs a shell is fine")
	}
}

func TestOpenAndMeasure(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "image")
	one := image(t, pack.File{Name: "a", Mode: 0o444, Data: make([]byte, 5000)})
	index, err := pack.Index(pack.Labels("1.2.3", "", "MIT"), one)
	if err != nil {
		t.Fatal(err)
	}
	if err := pack.Write(dir, "1.2.3", index); err != nil {
		t.Fatal(err)
	}
	back, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	images, err := Images(back)
	if err != nil || images["linux/amd64"] == nil {
		t.Fatal(images, err)
	}
	size, err := SizeOf(images["linux/amd64"])
	if err != nil || size.Unpacked != 5000 || size.Compressed < 300 || size.Compressed > 5000 {
		t.Errorf("%+v, %v", size, err)
	}
}
