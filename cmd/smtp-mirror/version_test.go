package main

import "testing"

func TestVersionIsWhatTheBuildWasGiven(t *testing.T) {
	before := version()
	t.Cleanup(func() { stamped = "" })
	stamped = "1.2.3"
	if version() != "1.2.3" || before == "1.2.3" || before == "" {
		t.Errorf("version is %q, and was %q", version(), before)
	}
}
