package rollout

import (
	"math"
	"sync"
)

// Board knows the lowest generation that each consumer may run on. Nothing is known
// of a consumer that has not been looked at: it may run on any. It is safe for
// concurrent use.
type Board struct {
	mu   sync.Mutex
	runs map[string]map[string]int64 // submission -> consumer -> generation
}

// Expect says that a submission has a consumer.
func (b *Board) Expect(submission, consumer string) { b.set(submission, consumer, 0) }

// Forget says that every consumer of a submission has to be looked at again.
func (b *Board) Forget(submission string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for consumer := range b.runs[submission] {
		b.runs[submission][consumer] = 0
	}
}

func (b *Board) set(submission, consumer string, generation int64) (news bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.runs == nil {
		b.runs = map[string]map[string]int64{}
	}
	if b.runs[submission] == nil {
		b.runs[submission] = map[string]int64{}
	}
	old, known := b.runs[submission][consumer]
	b.runs[submission][consumer] = generation
	return !known || old != generation
}

// Lowest is the lowest generation that any consumer of a submission may run on;
// the highest number there is where it has none.
func (b *Board) Lowest(submission string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	lowest := int64(math.MaxInt64)
	for _, generation := range b.runs[submission] {
		lowest = min(lowest, generation)
	}
	return lowest
}
