package license

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	mit    = "Permission is hereby granted, free of charge, to any person\nobtaining a copy of this"
	bsd2   = "Redistribution and use in source and binary\nforms, with or without"
	bsd3   = bsd2 + " ... may be used to endorse or promote products derived from this"
	apache = "   TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION"
	isc    = "// Permission to use, copy, modify, and/or distribute this software for any\n// purpose with or without fee is hereby granted"
)

func TestDetect(t *testing.T) {
	for text, want := range map[string]string{
		mit: "MIT", bsd2: "BSD-2-Clause", bsd3: "BSD-3-Clause", apache: "Apache-2.0", isc: "ISC",
		apache + mit:                       "Apache-2.0 AND MIT",
		"like the MIT license, in our way": NoAssertion,
	} {
		if got := Expression(Detect(text)); got != want {
			t.Errorf("%q is %s, not %s", text, got, want)
		}
	}
}

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestCollect(t *testing.T) {
	root := tree(t, map[string]string{
		"a/LICENSE": apache, "a/NOTICE.txt": "of a", "a/license.go": "package a", "a/pkg/x.go": "",
		"a/third_party/go/LICENSE": bsd3, "a/third_party/go/x.go": "", "a/unlinked/LICENSE": mit,
		"b/COPYING": "unheard of", "b/x.go": "",
	})
	in := func(dir string) string { return filepath.Join(root, dir) }
	modules, err := Collect([]Package{
		{in("b"), "example.org/b", "v2.0.0", in("b")},
		{in("a/pkg"), "example.org/a", "v1.0.0", in("a")},
		{in("a/third_party/go"), "example.org/a", "v1.0.0", in("a")},
	})
	if err != nil || len(modules) != 2 {
		t.Fatal(modules, err)
	}
	var names []string
	for _, f := range modules[0].Files {
		names = append(names, f.Name)
	}
	if got, want := strings.Join(names, " "), "LICENSE NOTICE.txt third_party/go/LICENSE"; got != want {
		t.Errorf("the texts of a are %s, not %s", got, want)
	}
	if got := Expression(All(modules)); got != "Apache-2.0 AND BSD-3-Clause" {
		t.Error("all licences:", got)
	}
	if got := Unknown(modules); !slices.Equal(got, []string{"example.org/b"}) {
		t.Error("unknown:", got)
	}
	text := Notices("program", modules)
	for _, want := range []string{"example.org/a v1.0.0 (Apache-2.0 AND BSD-3-Clause)", "example.org/b v2.0.0: COPYING", "of a", "unheard of"} {
		if !strings.Contains(text, want) {
			t.Errorf("the notices lack %q", want)
		}
	}
}

func TestCollectDemandsALicence(t *testing.T) {
	root := tree(t, map[string]string{"NOTICE": "not a licence", "x.go": ""})
	var missing *MissingError
	if _, err := Collect([]Package{{root, "example.org/c", "v1.0.0", root}}); !errors.As(err, &missing) || missing.Module != "example.org/c" {
		t.Error(err)
	}
}
