package push

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func TestDigestFirstAndNamesAfterwards(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	repository := strings.TrimPrefix(server.URL, "http://") + "/openova-io/smtp-mirror"
	index, err := random.Index(100, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := Digest(t.Context(), repository, index)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := name.NewRepository(repository)
	if err != nil {
		t.Fatal(err)
	}
	if tags, err := remote.List(repo); err == nil && len(tags) > 0 {
		t.Errorf("there are names before anybody could sign: %v", tags)
	}
	if err := Tag(t.Context(), ref, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	found, err := remote.Head(repo.Tag("1.2.3"))
	if err != nil || !strings.HasSuffix(ref, found.Digest.String()) {
		t.Errorf("1.2.3 is %v, %v, and not %s", found, err, ref)
	}
	if err := Tag(t.Context(), repository+":1.2.3", "latest"); err == nil {
		t.Error("a tag was tagged, which may move")
	}
}
