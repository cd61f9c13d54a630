package main

import (
	"slices"
	"time"
)

// longest is the longest time between two neighbours, in milliseconds of the epoch, and the
// last of all.
func longest(times []int64) (gap time.Duration, last time.Time) {
	if len(times) == 0 {
		return 0, time.Time{}
	}
	times = slices.Sorted(slices.Values(times))
	most := int64(0)
	for i := 1; i < len(times); i++ {
		most = max(most, times[i]-times[i-1])
	}
	return time.Duration(most) * time.Millisecond, time.UnixMilli(times[len(times)-1])
}
