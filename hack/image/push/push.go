package push

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Digest uploads an image under its digest alone, and gives that reference.
func Digest(ctx context.Context, repository string, index v1.ImageIndex) (string, error) {
	digest, err := index.Digest()
	if err != nil {
		return "", err
	}
	ref, err := name.NewDigest(repository + "@" + digest.String())
	if err != nil {
		return "", fmt.Errorf("%s is no repository: %w", repository, err)
	}
	return ref.String(), remote.WriteIndex(ref, index, options(ctx)...)
}

// Tag gives a name to what is in the registry under its digest.
func Tag(ctx context.Context, reference, tag string) error {
	ref, err := name.NewDigest(reference)
	if err != nil {
		return fmt.Errorf("%s is no reference by digest: %w", reference, err)
	}
	found, err := remote.Get(ref, options(ctx)...)
	if err != nil {
		return err
	}
	return remote.Tag(ref.Context().Tag(tag), found, options(ctx)...)
}

// options log in with what `docker login` has left.
func options(ctx context.Context) []remote.Option {
	return []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
}
