// Command generate writes what is derived from the charts: the configuration's part of
// values.schema.json, docs/values.md, and manifests/kustomize. `make manifests` runs
// it; the tests tell when somebody forgot to.
package main

import (
	"flag"
	"fmt"
	"os"

	charts "github.com/openova-io/smtp-mirror/manifests/test"
)

func main() {
	root := flag.String("root", "../..", "`directory` of the repository")
	flag.Parse()
	files, err := charts.Generated(*root)
	if err == nil {
		err = charts.Write(*root, files)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}
