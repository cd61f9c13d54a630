package watcher

import (
	"context"
	"log/slog"
	"time"

	"github.com/fsnotify/fsnotify"
)

// dirRecheck is the pause between two looks without an event: inotify loses
// events when its queue overflows, and a directory that did not exist at the
// start is picked up by it.
const dirRecheck = 30 * time.Second

// WatchDir calls wake whenever something happens in a directory, and every
// half minute, until ctx ends. The directory is watched, not the file: the
// kubelet swaps the symlink ..data, and an editor renames. What happened is not
// looked at: whoever is woken reads again and compares.
func WatchDir(ctx context.Context, log *slog.Logger, dir string, wake func()) {
	tick := time.NewTicker(dirRecheck)
	defer tick.Stop()
	w, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("no inotify; the directory is only read by the clock", "dir", dir, "err", err)
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				wake()
			}
		}
	}
	defer func() { _ = w.Close() }()
	armed := w.Add(dir) == nil
	wake() // what happened before the watch was armed
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.Events:
		case <-w.Errors:
		case <-tick.C:
			armed = rearm(w, dir, armed)
		}
		wake()
	}
}

// rearm adds the watch again when the directory itself was replaced or only
// appeared after the start.
func rearm(w *fsnotify.Watcher, dir string, armed bool) bool {
	if armed && len(w.WatchList()) > 0 {
		return true
	}
	return w.Add(dir) == nil
}
