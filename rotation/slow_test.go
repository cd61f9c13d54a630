//go:build !race

package rotation

// slow says that the race detector watches.
const slow = false
