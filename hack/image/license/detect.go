package license

import (
	"slices"
	"strings"
)

// phrases are sentences by which a licence is known. Only whole sentences of
// the licence itself are here: a name alone is also in texts that only speak of it.
var phrases = []struct{ id, sentence string }{
	{"Apache-2.0", "terms and conditions for use, reproduction, and distribution"},
	{"Apache-2.0", "licensed under the apache license, version 2.0"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted"},
	{"MPL-2.0", "this source code form is subject to the terms of the mozilla public license, v. 2.0"},
	{"AGPL-3.0-only", "gnu affero general public license version 3"},
	{"LGPL-3.0-only", "gnu lesser general public license version 3"},
	{"GPL-3.0-only", "gnu general public license version 3"},
	{"GPL-2.0-only", "gnu general public license version 2"},
	{"CC0-1.0", "creative commons legal code cc0 1.0 universal"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
}

// Detect names the licences that are in a text, sorted; none where it knows none.
// One file can hold more than one: what was taken from elsewhere brings its own.
func Detect(text string) []string {
	plain := strings.Join(strings.Fields(comments.Replace(strings.ToLower(text))), " ")
	var ids []string
	for _, p := range phrases {
		if strings.Contains(plain, p.sentence) {
			ids = append(ids, p.id)
		}
	}
	if id := bsd(plain); id != "" {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// comments are marks that a licence carries where it was copied out of a source
// file; some texts also set their lists with stars.
var comments = strings.NewReplacer("*", " ", "#", " ", "//", " ")

// bsd tells the clauses apart: they all begin alike.
func bsd(plain string) string {
	switch {
	case !strings.Contains(plain, "redistribution and use in source and binary forms"):
		return ""
	case strings.Contains(plain, "all advertising materials mentioning features"):
		return "BSD-4-Clause"
	case strings.Contains(plain, "to endorse or promote products derived from"):
		return "BSD-3-Clause"
	default:
		return "BSD-2-Clause"
	}
}
