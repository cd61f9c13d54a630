package stalwarttest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// store is the data volume: everything that survives a restart. Two servers may
// share one. Its mutex also guards the state of the servers on it, so that one
// request is one transaction.
type store struct {
	mu        sync.Mutex
	tables    map[string]map[string]object // 0.16: type, id
	counters  map[string]uint64
	lastStamp uint64
	failures  map[string]int // login failures per UTC day and address or login

	principals map[int]*principal // 0.15
	lastID     int
	settings   map[string]string // 0.15: keys of the database
	tokens     map[string]string // 0.15: OAuth codes and tokens
	starts     []time.Time       // 0.15: lines of the log
	fileConfig map[string]string // 0.15: config.toml

	pushKey     string // public key of web push, made with the store
	initialised bool   // a domain exists because bootstrap or Options made one
	wiped       bool   // the next start begins on an empty volume
	saved       []byte // what lies on the volume of the options

	seeded map[string]bool // certificates of Options that were stored

	outgoing []outgoing // accepted, and not delivered yet

	jobs    sync.WaitGroup // key generation in the background
	jobsCtx context.Context
	endJobs context.CancelFunc
}

func newStore() *store {
	st := &store{}
	st.erase()
	st.fileConfig = map[string]string{}
	st.jobsCtx, st.endJobs = context.WithCancel(context.Background())
	return st
}

func (st *store) erase() {
	st.tables = map[string]map[string]object{}
	st.counters = map[string]uint64{}
	st.failures = map[string]int{}
	st.principals = map[int]*principal{}
	st.settings, st.tokens = map[string]string{}, map[string]string{}
	st.lastID, st.outgoing = 0, nil
	st.initialised, st.wiped, st.seeded = false, false, map[string]bool{}
	st.pushKey = newPushKey()
}

func (st *store) table(name string) map[string]object {
	t, ok := st.tables[name]
	if !ok {
		t = map[string]object{}
		st.tables[name] = t
	}
	return t
}

func (st *store) get(name, id string) (object, bool) {
	o, ok := st.tables[name][id]
	return o, ok
}

// ids returns the ids of a table in the order of their creation.
func (st *store) ids(name string) []string {
	out := make([]string, 0, len(st.tables[name]))
	for id := range st.tables[name] {
		out = append(out, id)
	}
	slices.SortFunc(out, func(a, b string) int {
		x, _ := decodeID(a)
		y, _ := decodeID(b)
		return cmp.Compare(x, y)
	})
	return out
}

// allocate hands out the next id of a type.
func (st *store) allocate(t *objectType, now time.Time) string {
	if t.IDs == "letters" {
		st.counters[t.Name]++
		return encodeID(st.counters[t.Name])
	}
	return st.newTimeID(now)
}

// countFailure counts a failed login for an address and for a login name, in
// fixed windows of the UTC day, and returns the higher of the two.
func (st *store) countFailure(now time.Time, keys ...string) int {
	highest := 0
	for _, key := range keys {
		if key == "" {
			continue
		}
		window := fmt.Sprintf("%s %s", now.UTC().Format(time.DateOnly), strings.ToLower(key))
		st.failures[window]++
		highest = max(highest, st.failures[window])
	}
	return highest
}
