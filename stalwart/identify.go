package stalwart

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"path"
	"strings"
)

// Info is what can be told of a server from outside.
type Info struct {
	Generation Generation `json:"generation"`
	Version    string     `json:"version"` // "" where it cannot be told; several releases may share one schema
	Mode       Mode       `json:"mode"`
}

// schemaHashes lists "v0.16.18 <hash>": 0.16 tells its version nowhere, but the
// schema of its objects has a hash that names the release.
//
//go:embed schema-hashes.txt
var schemaHashes string //nolint:gochecknoglobals // embedded, never written

// Identify tells generation, version and mode, for people; nothing is decided by
// the version. What can be told is told even with an error.
func (c *Conn) Identify(ctx context.Context) (Info, error) {
	d, err := c.Detect(ctx)
	var unusual *ModeError
	if errors.As(err, &unusual) {
		return Info{Generation: Gen016, Mode: unusual.Mode}, nil
	}
	if err != nil {
		return Info{}, err
	}
	info := Info{Generation: d.Generation(), Mode: Normal}
	if info.Generation == Gen016 {
		info.Version, err = c.schemaVersion(ctx)
		return info, err
	}
	info.Version, err = c.oauthVersion(ctx)
	return info, err
}

// schemaVersion follows no redirect: its target is the hash.
func (c *Conn) schemaVersion(ctx context.Context) (string, error) {
	got, err := c.call(ctx, http.MethodGet, "/api/schema", nil)
	if got == nil {
		return "", err
	}
	return versionOf(path.Base(got.location)), nil
}

// versionOf names the release or releases with a schema hash.
func versionOf(hash string) string {
	var names []string
	for line := range strings.Lines(schemaHashes) {
		if f := strings.Fields(line); len(f) == 2 && f[1] == hash {
			names = append(names, strings.TrimPrefix(f[0], "v"))
		}
	}
	return strings.Join(names, " or ")
}

// oauthVersion asks the one endpoint of 0.15 that tells a version. It leaves a
// one-time code behind for ten minutes, so it is asked once per start of Stalwart.
func (c *Conn) oauthVersion(ctx context.Context) (string, error) {
	var answer struct{ Version string }
	e, err := (&rest{c}).ask(ctx, http.MethodPost, "/api/oauth", obj{"type": "code", "client_id": "smtp-mirror", "redirect_uri": nil}, &answer)
	if err != nil {
		return "", err
	}
	return answer.Version, e.refusal("asking for the version")
}
