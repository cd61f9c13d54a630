package pack

import (
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	// User is who the program runs as: no name, so that no /etc/passwd is needed,
	// and a number, so that Kubernetes can tell that it is not root.
	User = "65532:65532"
	// Entrypoint is the program.
	Entrypoint = "/smtp-mirror"
	// Source is where the sources are; registries link the image with them.
	Source = "https://github.com/openova-io/smtp-mirror"
)

// Labels are what people and registries read, as labels and as annotations.
func Labels(version, revision, licenses string) map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":       "smtp-mirror",
		"org.opencontainers.image.description": "Keeps the path of a platform's own mail true: proves a credential by a login at Stalwart, then mirrors it",
		"org.opencontainers.image.source":      Source,
		"org.opencontainers.image.url":         Source,
		"org.opencontainers.image.version":     version,
		"org.opencontainers.image.licenses":    licenses,
	}
	if revision != "" {
		labels["org.opencontainers.image.revision"] = revision
	}
	return labels
}

// Image makes the image of one platform.
func Image(os, arch string, labels map[string]string, layers ...v1.Layer) (v1.Image, error) {
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.AppendLayers(base, layers...)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	// History is optional, and would say nothing that this file does not.
	file.OS, file.Architecture, file.Created, file.History = os, arch, v1.Time{Time: time.Unix(0, 0).UTC()}, nil
	file.Config = v1.Config{User: User, Entrypoint: []string{Entrypoint}, WorkingDir: "/", Labels: labels, ExposedPorts: map[string]struct{}{"9090/tcp": {}}}
	image, err = mutate.ConfigFile(image, file)
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(image, labels).(v1.Image), nil
}

// Index joins the images of all platforms, in the order in which they are given.
func Index(labels map[string]string, images ...v1.Image) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, image := range images {
		file, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		platform := v1.Platform{OS: file.OS, Architecture: file.Architecture}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return mutate.Annotations(index, labels).(v1.ImageIndex), nil
}

// Write lays an index into a directory, which is emptied before: a layout
// that is added to would keep the blobs of older builds.
func Write(dir, version string, index v1.ImageIndex) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": version}))
}
