//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// secretWords mark the keys of a Secret, and the members of a JSON document in one, whose
// values nobody may say.
func secretWords() []string { return []string{"pass", "secret", "private", "key", "token"} }

// collect remembers what is secret in the cluster now. Helm's own Secrets hold what is in
// others.
func (g *stage) collect() {
	const soon = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	all, err := g.client.CoreV1().Secrets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return // between two acts; what was there is known
	}
	for _, s := range all.Items {
		if strings.HasPrefix(string(s.Type), "helm.sh/") {
			continue
		}
		for key, value := range s.Data {
			whose := s.Namespace + "/" + s.Name + " " + key
			g.remember(whose, key, string(value))
			var document any
			if json.Unmarshal(value, &document) == nil {
				g.walk(whose, "", document)
			}
		}
	}
}

// walk looks into a JSON document.
func (g *stage) walk(whose, name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			g.walk(whose, key, value)
		}
	case []any:
		for _, value := range v {
			g.walk(whose, name, value)
		}
	case string:
		g.remember(whose, name, v)
	}
}

// remember keeps a value that is secret by its name. Short ones are words; of a key in PEM a
// line is enough.
func (g *stage) remember(whose, name, value string) {
	const shortest = 12
	for _, word := range secretWords() {
		if !strings.Contains(strings.ToLower(name), word) || strings.HasPrefix(name, "public") {
			continue
		}
		if strings.Contains(value, "PRIVATE KEY") {
			value = strings.Split(value, "\n")[1]
		}
		if len(value) >= shortest {
			g.secrets[value] = whose
		}
		return
	}
}

// judge looks for Secrets in whatever was said, as they are and in base64.
func (g *stage) judge() error {
	g.collect()
	files, err := filepath.Glob(filepath.Join(g.dir, "logs", "*.log"))
	if err != nil {
		return err
	}
	if len(files) == 0 || len(g.secrets) == 0 {
		return errors.New("there is nothing to look for Secrets in")
	}
	for _, path := range files {
		text, err := os.ReadFile(path) //nolint:gosec // our own
		if err != nil {
			return err
		}
		for value, whose := range g.secrets {
			if bytes.Contains(text, []byte(value)) || bytes.Contains(text, []byte(base64.StdEncoding.EncodeToString([]byte(value)))) {
				return fmt.Errorf("%s has said %s", filepath.Base(path), whose)
			}
		}
	}
	g.say("no container has said one of %d passwords and keys", len(g.secrets))
	return nil
}
