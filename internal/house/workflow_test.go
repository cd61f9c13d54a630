package house_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"sigs.k8s.io/yaml"
)

// workflow is what is looked at in a workflow of CI.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Steps       []struct{ Uses, Run string }
	}
}

// TestWorkflowsTrustLittle demands that a workflow grants nothing as a whole, that
// actions are pinned by their bytes, with the version beside them for people, and that
// no text from outside is pasted into a shell.
func TestWorkflowsTrustLittle(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	commented := regexp.MustCompile(`(?m)uses: \S+ # v\d+\.\d+\.\d+$`)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(text, &w); err != nil {
			t.Fatal(name, err)
		}
		if w.Permissions == nil || len(w.Permissions) > 0 {
			t.Errorf("%s grants %v to all its jobs", name, w.Permissions)
		}
		uses := 0
		for job, j := range w.Jobs {
			if j.Permissions == nil {
				t.Errorf("%s: the job %s does not say what it needs", name, job)
			}
			for _, s := range j.Steps {
				if s.Uses != "" {
					uses++
				}
				if s.Uses != "" && !pinned.MatchString(s.Uses) {
					t.Errorf("%s: %s is not pinned by a commit", name, s.Uses)
				}
				if regexp.MustCompile(`\$\{\{`).MatchString(s.Run) {
					t.Errorf("%s: %q pastes an expression into a shell", name, s.Run)
				}
			}
		}
		if n := len(commented.FindAll(text, -1)); n != uses {
			t.Errorf("%s: %d of %d actions have their version beside them", name, n, uses)
		}
	}
}
