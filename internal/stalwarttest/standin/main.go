// Command standin is the stand-in for Stalwart 0.16 as a program of its own. It takes what
// a container of the real one is given: the arguments, the environment, and a config.json
// that names the store.
//
//	standin --config /etc/stalwart/config.json
//
// The store is one file, which the next process goes on with. It binds whatever listeners
// the store has, so it belongs into a network namespace of its own.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

func main() {
	configFile := flag.String("config", "", "config.json, which names the store")
	version := flag.String("release", "", "the release to be; default: the newest")
	flag.Parse()
	if err := serve(*configFile, *version); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}

// serve runs until SIGTERM.
func serve(configFile, version string) error {
	o := options(version)
	path, err := store(configFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		o.Mode = "bootstrap"
	case err != nil:
		return err
	default:
		o.Volume = path
	}
	if o.Mode != "" {
		o.HTTPAddr = "[::]:" + port()
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	server, err := stalwarttest.Start(o)
	if err != nil {
		return err
	}
	fmt.Println("the stand-in for Stalwart is up; mode:", o.Mode)
	<-stop
	return server.Close()
}

func options(version string) stalwarttest.Options {
	o := stalwarttest.Options{Version: version, Hostname: os.Getenv("STALWART_HOSTNAME"), Wildcards: true,
		HTTPAddr: "-", SubmissionAddr: "-", SubmissionsAddr: "-", KeepThrottle: true, KeepWait: true, KeepPyzor: true}
	o.AdminUser, o.AdminPassword, _ = strings.Cut(os.Getenv("STALWART_RECOVERY_ADMIN"), ":")
	if mode := os.Getenv("STALWART_RECOVERY_MODE"); mode == "1" || mode == "true" {
		o.Mode = "recovery"
	}
	return o
}

// port is that of the one listener outside of normal mode.
func port() string {
	if p := os.Getenv("STALWART_RECOVERY_MODE_PORT"); p != "" {
		return p
	}
	return "8080"
}

// store is the file that config.json names; its directory must be there, as the volume is.
func store(configFile string) (string, error) {
	text, err := os.ReadFile(configFile) //nolint:gosec // the operator's choice
	if err != nil {
		return "", err
	}
	var config struct{ Path string }
	if err := json.Unmarshal(text, &config); err != nil {
		return "", fmt.Errorf("reading %s: %w", configFile, err)
	}
	if dir := filepath.Dir(config.Path); !isDirectory(dir) {
		return "", errors.New("the directory of the store is not there: " + dir)
	}
	return config.Path, nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
