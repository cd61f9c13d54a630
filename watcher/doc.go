// Package watcher is the engine of the controller. It knows nothing of mail.
//
// It does one thing: it turns "something may have changed" into "this name is
// true again". Informers, a mounted directory, a TCP dialer and the clock are
// only reasons to look; each of them calls [Loop.Wake] with a [Source], the
// routes table translates that into names, and a workqueue of names is drained
// by workers that call a [Reconciler]. The queue carries the name of a thing to
// make true, never the event: events may be lost, doubled or late, and nothing
// depends on them.
//
//	Feed (one informer, its freshness clock) ─┐
//	Dir (fsnotify on a directory) ────────────┼─► Wake(Source) ─► Routes ─► queue of Target ─► Reconciler
//	Knocker (TCP dial while something is down)─┤                                  ▲                │
//	resync (jittered) ────────────────────────┘                                  └── Result ◄──────┘
//
// The laws of this room: a target never runs twice at once, and a slow one
// starves no other (as many workers as targets); the queue is the only retry,
// its curve is [NewBackoff], and nothing is ever given up; a watch is no proof of
// freshness, so every [Feed] is compared with a live read by the clock.
package watcher
